//! The tour's command line, as a user types it.

#![allow(clippy::unwrap_used, reason = "it is all tests")]

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tour-hyper"))
        .args(arguments)
        .env_remove("SECRET_KEY")
        .output()
        .unwrap()
}

#[test]
fn help_lists_the_options() {
    let output = run(&["--help"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(
        text.contains("--store PLACE") && text.contains("--features stores"),
        "{text}"
    );
}

#[test]
fn an_address_beyond_this_machine_is_refused() {
    let output = run(&["--bind", "0.0.0.0:0"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text.contains("0.0.0.0:0") && text.contains("--insecure"),
        "{text}"
    );
}
