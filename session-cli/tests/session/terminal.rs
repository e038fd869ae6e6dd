//! The output at a terminal: Python's module `pty` gives one.

use std::path::Path;

use crate::helpers::{COOKIE, KEY, shell};
use crate::sqlite::site;

/// Returns whether there is a Python. If not, prints that the test is left out.
pub(crate) fn has_python() -> bool {
    let found = servers::find("python3", &[]).is_some();
    if !found {
        servers::left_out("python3");
    }
    found
}

/// Runs a command line at a terminal, and returns what it shows and its exit code.
fn at_a_terminal(line: &str, folder: &Path) -> (String, i32) {
    let script = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(['sh', '-c', sys.argv[1]])))";
    let line = line.replace('\'', "'\\''");
    let run = shell(
        &format!("python3 -c \"{script}\" '{line}' </dev/null"),
        folder,
    );
    (run.out.replace("\r\n", "\n"), run.code)
}

#[test]
fn a_table() {
    if !has_python() {
        return;
    }
    let (folder, ..) = site(false);
    let (out, code) = at_a_terminal(
        "session list --user ada --store sqlite:sessions.db",
        folder.path(),
    );
    assert_eq!(code, 0, "{out}");
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines.len(), 3, "{out}");
    let column = |name: &str| lines[0].find(name).unwrap();
    assert_eq!((column("KEY"), column("BEGAN (UTC)")), (0, 45));
    assert_eq!(lines[1].get(column("LABEL")..), Some("Firefox on Linux"));
    // A label is the user's own text: it must not control the terminal.
    assert_eq!(
        lines[2].get(column("LABEL")..),
        Some("a\u{fffd}[31m\u{fffd}b \"c\"")
    );
    let began = lines[1].get(column("BEGAN")..column("LAST SEEN")).unwrap();
    assert!(
        began.starts_with("20") && began.trim_end().len() == 16,
        "{began}"
    );
}

#[test]
fn facts_and_content() {
    if !has_python() {
        return;
    }
    let (folder, ..) = site(true);
    let show = "session show --user ada --store sqlite:sessions.db";
    let (out, code) = at_a_terminal(
        &format!("NO_COLOR=1 SECRET_KEY={KEY} {show}"),
        folder.path(),
    );
    assert_eq!(code, 0, "{out}");
    assert!(
        out.starts_with("{\n  \"visits\": 1\n}\n\nkey            "),
        "{out}"
    );
    assert!(
        out.contains("\nlabel          a\u{fffd}[31m\u{fffd}b \"c\"\n"),
        "{out}"
    );
    assert!(out.contains("\nencrypted      yes\n\n{\n"), "{out}");
    let (out, code) = at_a_terminal(&format!("NO_COLOR=1 {show}"), folder.path());
    assert_eq!(code, 0, "{out}");
    assert!(
        out.contains("\nnot shown      its key was not given\n"),
        "{out}"
    );
    assert!(
        out.contains("note: the content of 2 sessions is encrypted"),
        "{out}"
    );
    let (out, code) = at_a_terminal(
        "session end --user ada --store sqlite:sessions.db",
        folder.path(),
    );
    assert_eq!((out.as_str(), code), ("ended 2 sessions of ada\n", 0));
    let (out, code) = at_a_terminal(
        "session end --user ada --store sqlite:sessions.db",
        folder.path(),
    );
    assert!(
        out.starts_with("ended 0 sessions of ada\nerror: ada has no live"),
        "{out}"
    );
    assert_eq!(code, 1);
}

#[test]
fn colours() {
    if !has_python() {
        return;
    }
    let verify = format!("SECRET_KEY=dev session verify --now 1700000000 {COOKIE}");
    let folder = Path::new(".");
    let (out, code) = at_a_terminal(&format!("TERM=xterm {verify}"), folder);
    assert_eq!(
        (out.as_str(), code),
        (
            "{\n  \u{1b}[36m\"a\"\u{1b}[0m: \u{1b}[33m1\u{1b}[0m\n}\n",
            0
        )
    );
    for plain in ["NO_COLOR=1", "TERM=dumb"] {
        let (out, code) = at_a_terminal(&format!("{plain} {verify}"), folder);
        assert_eq!((out.as_str(), code), ("{\n  \"a\": 1\n}\n", 0));
    }
    let (out, code) = at_a_terminal(&format!("NO_COLOR=1 session decode {COOKIE}"), folder);
    assert_eq!(code, 0);
    assert!(
        out.ends_with("\nverified       no: anyone can write such a cookie\n"),
        "{out}"
    );
}
