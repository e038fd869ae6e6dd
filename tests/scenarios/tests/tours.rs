//! Runs one suite against every tour, in every mode, and against real Flask.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "it is all tests"
)]

use scenarios::server::{Flask, Server, Tour};
use scenarios::suite::{Mode, Nature, Target, all, run};

const SECRET: &str = "the SECRET_KEY of four tours: Schlüssel, long enough";

fn hold(name: &str, server: &Server, mode: Mode, nature: Nature) {
    let target = Target {
        name: name.to_owned(),
        address: server.address,
        mode,
        nature,
    };
    let report = run(&target);
    println!("{report}");
    assert!(
        report.failed.is_empty(),
        "{} scenarios failed",
        report.failed.len()
    );
    assert!(report.passed.len() > 25 && report.passed.len() + report.left_out.len() == all().len());
}

fn in_mode(tour: &Tour, mode: Mode) {
    let options: &[&str] = match mode {
        Mode::Ours => &[],
        Mode::Flask => &["--flask"],
        Mode::Stored => &["--store", "memory"],
    };
    hold(tour.name, &tour.serve(SECRET, options), mode, tour.nature);
}

/// Encrypted sessions follow the same rules, and cannot be read.
fn encrypted(tour: &Tour) {
    hold(
        tour.name,
        &tour.serve(SECRET, &["--encrypted"]),
        Mode::Ours,
        tour.nature,
    );
    hold(
        tour.name,
        &tour.serve(SECRET, &["--encrypted", "--store", "memory"]),
        Mode::Stored,
        tour.nature,
    );
}

#[test]
fn axum_encrypted() {
    encrypted(&Tour::AXUM);
}

#[test]
fn hyper_encrypted() {
    encrypted(&Tour::HYPER);
}

#[test]
fn rocket_encrypted() {
    encrypted(&Tour::ROCKET);
}

#[test]
fn actix_encrypted() {
    encrypted(&Tour::ACTIX);
}

#[test]
fn axum() {
    in_mode(&Tour::AXUM, Mode::Ours);
}

#[test]
fn axum_flask() {
    in_mode(&Tour::AXUM, Mode::Flask);
}

#[test]
fn axum_stored() {
    in_mode(&Tour::AXUM, Mode::Stored);
}

#[test]
fn hyper() {
    in_mode(&Tour::HYPER, Mode::Ours);
}

#[test]
fn hyper_flask() {
    in_mode(&Tour::HYPER, Mode::Flask);
}

#[test]
fn hyper_stored() {
    in_mode(&Tour::HYPER, Mode::Stored);
}

#[test]
fn rocket() {
    in_mode(&Tour::ROCKET, Mode::Ours);
}

#[test]
fn rocket_flask() {
    in_mode(&Tour::ROCKET, Mode::Flask);
}

#[test]
fn rocket_stored() {
    in_mode(&Tour::ROCKET, Mode::Stored);
}

#[test]
fn actix() {
    in_mode(&Tour::ACTIX, Mode::Ours);
}

#[test]
fn actix_flask() {
    in_mode(&Tour::ACTIX, Mode::Flask);
}

#[test]
fn actix_stored() {
    in_mode(&Tour::ACTIX, Mode::Stored);
}

/// Flask itself passes the suite, except for the behaviour that its nature names.
#[test]
fn flask() {
    let Some(flask) = Flask::find(Flask::NEWEST) else {
        return;
    };
    hold("Flask", &flask.serve(SECRET), Mode::Flask, Nature::FLASK);
}
