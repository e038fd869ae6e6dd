//! Measures everything and writes RESULTS.md and its plots.
//!
//!     cargo measure [--rounds 5] [filter]
//!     cargo measure --no-run
//!
//! A filter is a part of `group/who/column`, or one of the words `flask` and `http`. With a filter
//! the program measures the matching parts, prints their tables, and writes nothing. `--no-run`
//! renders the last run's numbers again.

mod about;
mod cookies;
mod data;
mod format;
mod goals;
mod http;
mod plots;
mod run;
mod svg;
mod tables;
mod text;

use std::fs;
use std::path::{Path, PathBuf};

use crate::data::Report;

const USAGE: &str = "cargo measure [--rounds 5] [filter], or cargo measure --no-run";

/// The options of the command line.
#[derive(Debug, PartialEq)]
struct Options {
    rounds: usize,
    run: bool,
    filter: Option<String>,
}

fn options(mut arguments: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options {
        rounds: 5,
        run: true,
        filter: None,
    };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rounds" => {
                options.rounds = arguments
                    .next()?
                    .parse()
                    .ok()
                    .filter(|rounds| *rounds > 0)?
            }
            "--no-run" => options.run = false,
            _ if argument.starts_with('-') || options.filter.is_some() => return None,
            _ => options.filter = Some(argument),
        }
    }
    Some(options).filter(|options| options.run || options.filter.is_none())
}

fn main() {
    let Some(options) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        std::process::exit(2);
    };
    let metadata = run::metadata();
    let target = PathBuf::from(
        metadata["target_directory"]
            .as_str()
            .expect("target_directory"),
    );
    let kept = target.join("report.json");
    let report = if options.run {
        let report = measure(&options, about::About::new(&metadata));
        if options.filter.is_some() {
            println!("{}", text::parts(&report, false).trim());
            return;
        }
        fs::write(&kept, serde_json::to_string_pretty(&report).unwrap()).unwrap();
        report
    } else {
        let text =
            fs::read_to_string(&kept).unwrap_or_else(|error| panic!("{}: {error}", kept.display()));
        serde_json::from_str(&text).unwrap()
    };
    write(&report, Path::new(env!("CARGO_MANIFEST_DIR")));
}

fn measure(options: &Options, about: about::About) -> Report {
    let programs = run::build();
    let started = std::time::Instant::now();
    let say = |what: &str| {
        let seconds = started.elapsed().as_secs();
        eprintln!("{:>3}:{:02}  {what}", seconds / 60, seconds % 60);
    };
    let filter = options.filter.as_deref();
    let mut rounds = Vec::new();
    for number in 1..=options.rounds {
        let say = |name: &str| say(&format!("round {number} of {}: {name}", options.rounds));
        let mut round = run::round(&programs, filter, &say);
        if filter.is_none_or(|filter| "flask: write".contains(filter)) {
            say("flask");
            round.extend(run::flask());
        }
        say("sqlx");
        round.extend(run::sqlx(filter));
        rounds.push(round);
    }
    let mut http = Vec::new();
    if filter.is_none_or(|filter| filter == "http") {
        say("over loopback HTTP");
        http = http::measure(options.rounds);
    }
    say("allocations");
    Report {
        about,
        rounds,
        allocations: run::allocations(&programs),
        cookies: cookies::lengths(),
        http,
    }
}

fn write(report: &Report, folder: &Path) {
    let plots = folder.join("plots");
    fs::create_dir_all(&plots).unwrap();
    for (name, svg) in plots::plots(report) {
        fs::write(plots.join(name), svg).unwrap();
    }
    fs::write(folder.join("RESULTS.md"), text::results(report)).unwrap();
    eprintln!("written: benches/RESULTS.md, benches/plots");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines() {
        let options = |line: &str| options(line.split_whitespace().map(str::to_owned));
        assert_eq!(
            options(""),
            Some(Options {
                rounds: 5,
                run: true,
                filter: None
            })
        );
        let filtered = Options {
            rounds: 2,
            run: true,
            filter: Some("axum".into()),
        };
        assert_eq!(options("--rounds 2 axum"), Some(filtered));
        assert_eq!(
            options("--no-run"),
            Some(Options {
                rounds: 5,
                run: false,
                filter: None
            })
        );
        for wrong in [
            "--rounds",
            "--rounds 0",
            "--rounds x",
            "--help",
            "a b",
            "--no-run axum",
        ] {
            assert_eq!(options(wrong), None, "{wrong}");
        }
    }
}
