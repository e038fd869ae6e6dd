//! Runs the tool.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub(crate) const KEY: &str = "u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c";

pub(crate) const OTHER: &str = "Jm2kq8Zr4TtYw6Xc1VbNn0PpLl5Dd7Ss9Ff3GgHhQqE";

/// A value that Flask wrote: key `dev`, `{"a":1}`, at 1700000000.
pub(crate) const COOKIE: &str = "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk";

pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_session"));
    command
        .args(args)
        .env_remove("SECRET_KEY")
        .env_remove("STORE_URL")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn feed(args: &[&str], input: &[u8]) -> Run {
    let mut child = command(args).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A tool that reads nothing closes the pipe.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    finish(output)
}

/// Runs a command line in a folder, in which `session` is the tool.
pub(crate) fn shell(line: &str, folder: &Path) -> Run {
    let tool = Path::new(env!("CARGO_BIN_EXE_session")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new("sh");
    command
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", tool.display()))
        .env_remove("SECRET_KEY")
        .env_remove("STORE_URL");
    finish(command.output().unwrap())
}

pub(crate) fn finish(output: Output) -> Run {
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn run(args: &[&str]) -> Run {
    feed(args, b"")
}

/// Runs the tool and returns the one line that it must print.
pub(crate) fn line(args: &[&str]) -> String {
    let run = run(args);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{args:?}");
    let line = run.out.strip_suffix('\n').unwrap();
    assert!(!line.contains('\n'), "{line}");
    line.to_owned()
}

/// Runs the tool, which must refuse the item, and returns the reason.
pub(crate) fn refused(args: &[&str]) -> String {
    let run = run(args);
    assert_eq!(
        (run.code, run.out.as_str()),
        (1, ""),
        "{args:?} {}",
        run.err
    );
    assert!(
        run.err.starts_with("error: ") && run.err.lines().count() == 1,
        "{}",
        run.err
    );
    run.err
}

/// Returns the options for a vector; `None` where the tool does not offer them.
pub(crate) fn options(case: &Value) -> Option<Vec<String>> {
    let digest = case["digest"].as_str().unwrap();
    let offered =
        ["sha1", "sha256", "sha512"].contains(&digest) && case["key_derivation"] == "hmac";
    let secret = case["secret_key"]
        .as_str()
        .filter(|secret| offered && !secret.is_empty())?;
    // Joined with `=`, any text is accepted as a value.
    let mut options = vec![
        format!("--secret={secret}"),
        format!("--digest={digest}"),
        format!("--salt={}", case["salt"].as_str().unwrap()),
        format!("--max-age={}", case["max_age"].as_u64().unwrap_or(u64::MAX)),
    ];
    for fallback in case["fallbacks"].as_array().unwrap() {
        options.push(format!("--fallback={}", fallback.as_str().unwrap()));
    }
    Some(options)
}

pub(crate) fn with<'a>(tool: &'a str, options: &'a [String], rest: &[&'a str]) -> Vec<&'a str> {
    let options = options.iter().map(String::as_str);
    std::iter::once(tool)
        .chain(options)
        .chain(rest.iter().copied())
        .collect()
}
