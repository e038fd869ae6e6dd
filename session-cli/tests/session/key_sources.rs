//! Keys from the environment, from a file and from standard input.

use std::fs;

use servers::Folder;

use crate::helpers::{COOKIE, KEY, OTHER, Run, command, feed, finish, line};

fn with_env(variables: &[(&str, &str)], args: &[&str]) -> Run {
    let mut command = command(args);
    command.envs(variables.iter().copied());
    finish(command.output().unwrap())
}

#[test]
fn the_environment() {
    let verify = ["verify", "--now", "1700000000", COOKIE];
    let run = with_env(&[("SECRET_KEY", "dev")], &verify);
    assert_eq!(
        (run.code, run.out.as_str(), run.err.as_str()),
        (0, "{\"a\":1}\n", "")
    );
    // As the application reads it: JSON, with former keys, under a prefix.
    let variables = [
        ("SHOP_SECRET_KEY", "\"new\""),
        ("SHOP_SECRET_KEY_FALLBACKS", "[\"older\", \"dev\"]"),
        ("SECRET_KEY", "other"),
        // Other settings are the options' business.
        ("SHOP_SESSION_COOKIE_NAM", "x"),
    ];
    let prefixed = [&verify[..], &["--prefix", "SHOP"]].concat();
    assert_eq!(with_env(&variables, &prefixed).out, "{\"a\":1}\n");
    let run = with_env(&variables, &verify);
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    // An argument comes before the environment.
    let args = [&verify[..], &["--secret", "dev"]].concat();
    assert_eq!(with_env(&variables, &args).code, 0);

    for (variables, args, said) in [
        (&[][..], &verify[..], "set SECRET_KEY in the environment"),
        (
            &[("SECRET_KEY", "dev")],
            &["verify", "--ours", "x"],
            "SECRET_KEY",
        ),
        (
            &[("SECRET_KEY", "dev"), ("SECRET_KEY_FALLBACKS", "hunter2")],
            &verify,
            "SECRET_KEY_FALLBACKS: expected a JSON array",
        ),
    ] {
        let run = with_env(variables, args);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{}", run.err);
        assert!(run.err.contains(said), "{}", run.err);
        assert!(
            !run.err.contains("hunter2") && !run.err.contains("dev"),
            "{}",
            run.err
        );
    }
}

#[test]
fn a_file() {
    let folder = Folder::new("session-cli");
    let path = folder.path().join("keys");
    let file = path.to_str().unwrap();
    let cookie = line(&["sign", "--ours", "--secret", KEY, r#"{"a":1}"#]);
    for text in [
        KEY.to_owned(),
        format!("{KEY}\n"),
        format!("{OTHER}\r\n\r\n{KEY}\r\n"),
    ] {
        fs::write(&path, text).unwrap();
        let args = ["verify", "--ours", "--secret-file", file, &cookie];
        assert_eq!(line(&args), r#"{"a":1}"#);
    }
    for (text, said) in [
        ("", "is empty; write the key"),
        ("hunter2\n", "the command keygen makes a strong one"),
        (
            &format!("{KEY}\nhunter2"),
            "the command keygen makes a strong one",
        ),
        (&"x".repeat(70_000), "more than 65536 bytes"),
    ] {
        fs::write(&path, text).unwrap();
        let run = crate::helpers::run(&["sign", "--ours", "--secret-file", file, "{}"]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{}", run.err);
        assert!(
            run.err.contains(said) && !run.err.contains("hunter2"),
            "{}",
            run.err
        );
    }
}

#[test]
fn standard_input() {
    let args = ["verify", "--secret-file", "-", "--now=1700000000", COOKIE];
    let run = feed(&args, b"dev\n");
    assert_eq!((run.code, run.out.as_str()), (0, "{\"a\":1}\n"));
}
