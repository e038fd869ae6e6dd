//! `list`, `show` and `end`, on a file.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use servers::Folder;
use session_store_sqlite::SqliteStore;

use crate::helpers::{KEY, OTHER, Run, command, finish, run, shell};
use crate::site::{block_on, four_sessions};
use crate::terminal::has_python;

/// A folder with `sessions.db`, and the cookies of its sessions.
pub(crate) fn site(encrypted: bool) -> (Folder, String, Vec<String>) {
    let folder = Folder::new("session-cli");
    let path = folder.path().join("sessions.db");
    let store = SqliteStore::open(&path).unwrap();
    let cookies = block_on(four_sessions(Arc::new(store), encrypted));
    let url = format!("sqlite:{}", path.display());
    (folder, url, cookies)
}

/// Runs the tool, and returns the objects that it must print, one a line.
pub(crate) fn objects(args: &[&str]) -> Vec<Value> {
    let run = run(args);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{args:?}");
    parse(&run.out)
}

pub(crate) fn parse(out: &str) -> Vec<Value> {
    let lines = out.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Runs the tool, which must find nothing or fail, and returns the reason.
fn missing(args: &[&str]) -> String {
    let run = run(args);
    assert_eq!(
        (run.code, run.out.as_str()),
        (1, ""),
        "{args:?} {}",
        run.err
    );
    assert!(run.err.starts_with("error: "), "{}", run.err);
    run.err
}

#[test]
fn listed_shown_and_ended() {
    let (_folder, url, cookies) = site(false);
    let list = ["list", "--store", &url, "--user"];
    let listed = objects(&[&list[..], &["ada"]].concat());
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["label"], "Firefox on Linux");
    assert_eq!(listed[1]["label"], "a\u{1b}[31m\u{202e}b \"c\"");
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    for session in &listed {
        let created = session["created"].as_u64().unwrap();
        assert!(now.abs_diff(created) < 60, "{session}");
        assert!(session["expires"].as_u64().unwrap() > now, "{session}");
    }
    assert_eq!(
        objects(&[&list[..], &["bob"]].concat())[0]["label"],
        Value::Null
    );
    let newest = run(&[&list[..], &["ada", "--limit", "1"]].concat());
    assert_eq!(parse(&newest.out), listed[1..]);
    assert!(newest.err.contains("raise --limit"), "{}", newest.err);

    // By the user, by the key, and by the cookie.
    let show = ["show", "--store", &url];
    let shown = objects(&[&show[..], &["--user", "ada"]].concat());
    assert_eq!(shown.len(), 2);
    assert_eq!(shown[0]["content"], serde_json::json!({"visits": 1}));
    assert_eq!(shown[1]["content"], serde_json::json!({"visits": 2}));
    for (name, value) in listed[0].as_object().unwrap() {
        assert_eq!(shown[0][name], *value, "{name}");
    }
    let key = listed[0]["key"].as_str().unwrap();
    assert_eq!(objects(&[&show[..], &[key]].concat()), shown[..1]);
    assert_eq!(objects(&[&show[..], &[&cookies[0]]].concat()), shown[..1]);
    let anonymous = objects(&[&show[..], &[&cookies[3]]].concat());
    assert_eq!(anonymous[0]["user"], Value::Null);
    assert_eq!(anonymous[0]["content"], serde_json::json!({"visits": 4}));
    assert_eq!(anonymous[0]["encrypted"], false);

    // Another user's session is not ended.
    let end = ["end", "--store", &url];
    let found = missing_after(&[&end[..], &["--user", "bob", key]].concat());
    assert!(found.contains("no session of bob has this key"), "{found}");
    let ended = objects(&[&end[..], &["--user", "ada", key]].concat());
    assert_eq!(ended[0]["ended"], 1);
    let found = missing(&[&show[..], &[key]].concat());
    assert!(found.contains("ended less than a minute ago"), "{found}");
    let found = missing_after(&[&end[..], &[key]].concat());
    assert!(found.contains("it has ended already"), "{found}");
    let ended = objects(&[&end[..], &[cookies[3].as_str()]].concat());
    assert_eq!(ended[0]["ended"], 1);

    let ended = objects(&[&end[..], &["--user", "ada"]].concat());
    assert_eq!(ended[0]["ended"], 1);
    let found = missing(&[&list[..], &["ada"]].concat());
    assert!(found.contains("ada has no live session"), "{found}");
    let found = missing(&[&show[..], &["--user", "ada"]].concat());
    assert!(found.contains("ada has no live session"), "{found}");
    let found = missing_after(&[&end[..], &["--user", "ada"]].concat());
    assert!(found.contains("ada has no live session"), "{found}");
    assert_eq!(objects(&[&list[..], &["bob"]].concat()).len(), 1);
    let found = missing(&[&show[..], &[&"A".repeat(43)]].concat());
    assert!(found.contains("has no session with this key"), "{found}");
}

/// Runs `end`, which must find nothing, and returns the reason.
fn missing_after(args: &[&str]) -> String {
    let run = run(args);
    assert_eq!(
        (run.code, run.out.as_str()),
        (1, "{\"ended\":0}\n"),
        "{args:?} {}",
        run.err
    );
    run.err
}

#[test]
fn a_user_can_have_many_sessions() {
    let (_folder, url, _) = site(false);
    let store = SqliteStore::open(url.strip_prefix("sqlite:").unwrap()).unwrap();
    let store = Arc::new(store);
    block_on(async {
        for _ in 0..100 {
            four_sessions(store.clone(), false).await;
        }
    });
    // The application has the file open meanwhile.
    let run = run(&["end", "--user", "ada", "--store", &url]);
    assert_eq!(
        (run.code, run.out.as_str()),
        (0, "{\"ended\":202}\n"),
        "{}",
        run.err
    );
}

fn show(url: &str, key: &[(&str, &str)], args: &[&str]) -> Run {
    let mut command = command(&[&["show", "--user", "ada", "--store", url], args].concat());
    command.envs(key.iter().copied());
    finish(command.output().unwrap())
}

#[test]
fn encrypted_sessions_need_their_key() {
    let (_folder, url, _) = site(true);
    // A list needs no key, and neither does an end.
    assert_eq!(
        objects(&["list", "--user", "ada", "--store", &url]).len(),
        2
    );

    let without = show(&url, &[], &[]);
    assert_eq!(without.code, 0, "{}", without.err);
    for session in parse(&without.out) {
        assert_eq!(
            (&session["encrypted"], &session["user"]),
            (&true.into(), &"ada".into())
        );
        assert_eq!(
            (&session["content"], &session["problem"]),
            (&Value::Null, &"its key was not given".into())
        );
    }
    assert!(
        without
            .err
            .contains("the content of 2 sessions is encrypted; give the secret key")
    );

    let with = show(&url, &[("SECRET_KEY", KEY)], &[]);
    assert_eq!((with.code, with.err.as_str()), (0, ""));
    let shown = parse(&with.out);
    assert_eq!(shown[1]["content"], serde_json::json!({"visits": 2}));
    assert_eq!(shown[1]["encrypted"], true);

    for (key, options) in [(OTHER, &[][..]), (KEY, &["--context", "shop"])] {
        let wrong = show(&url, &[("SECRET_KEY", key)], options);
        assert_eq!(wrong.code, 1);
        assert!(
            wrong
                .err
                .contains("the content of 2 sessions cannot be read"),
            "{}",
            wrong.err
        );
        let shown = parse(&wrong.out);
        assert_eq!(shown[0]["content"], Value::Null);
        let problem = shown[0]["problem"].as_str().unwrap();
        assert!(problem.contains("encrypted with another key or --context"));
        assert!(!wrong.out.contains("visits"));
    }
    let weak = show(&url, &[("SECRET_KEY", "dev")], &[]);
    assert_eq!((weak.code, weak.out.as_str()), (2, ""));
}

#[test]
fn a_plain_store_needs_no_key() {
    let (_folder, url, _) = site(false);
    // A Flask application's key, which would be too weak.
    let shown = show(&url, &[("SECRET_KEY", "dev")], &[]);
    assert_eq!((shown.code, shown.err.as_str()), (0, ""));
}

#[test]
fn a_look_creates_nothing() {
    let folder = Folder::new("session-cli");
    let path = |name: &str| folder.path().join(name);
    fs::write(path("empty"), "").unwrap();
    fs::write(path("text"), "not a database, but longer than its head").unwrap();
    for (name, said) in [
        ("missing.db", "there is no store at"),
        ("no/such/folder.db", "there is no store at"),
        ("empty", "is not an SQLite database"),
        ("text", "is not an SQLite database"),
        (".", "is not a file"),
    ] {
        let url = format!("sqlite:{}", path(name).display());
        for args in [
            &["list", "--user", "ada"][..],
            &["show", "--user", "ada"],
            &["end", "--user", "ada"],
        ] {
            let found = missing(&[args, &["--store", &url]].concat());
            assert!(
                found.contains(said) && found.contains("give the path"),
                "{found}"
            );
        }
    }
    assert_eq!(names(folder.path()), ["empty", "text"]);
    assert_eq!(fs::read(path("empty")).unwrap(), b"");
}

#[test]
fn another_database_is_left_alone() {
    if !has_python() {
        return;
    }
    let folder = Folder::new("session-cli");
    let other = folder.path().join("other.db");
    let sql = "CREATE TABLE t (a); INSERT INTO t VALUES (1);";
    let made = shell(
        &format!(
            "python3 -c 'import sqlite3; sqlite3.connect(\"other.db\").executescript(\"{sql}\")'"
        ),
        folder.path(),
    );
    assert_eq!((made.code, made.err.as_str()), (0, ""));
    let before = fs::read(&other).unwrap();
    let url = format!("sqlite:{}", other.display());
    let found = missing(&["list", "--user", "ada", "--store", &url]);
    assert!(
        found.contains("the database of another application"),
        "{found}"
    );
    assert_eq!(fs::read(&other).unwrap(), before);
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> = entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn the_examples_of_help() {
    let (folder, ..) = site(false);
    for command in ["list", "show", "end"] {
        let help = run(&[command, "--help"]).out;
        let example = help.lines().find_map(|line| line.strip_prefix("Example: "));
        let run = shell(example.unwrap(), folder.path());
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{command}");
    }
}

#[test]
fn the_url_from_the_environment() {
    let (_folder, url, _) = site(false);
    for (variable, prefix) in [
        ("STORE_URL", &[][..]),
        ("SHOP_STORE_URL", &["--prefix", "SHOP"]),
    ] {
        let mut command = command(&[&["list", "--user", "ada"], prefix].concat());
        let run = finish(command.env(variable, &url).output().unwrap());
        assert_eq!((run.code, run.err.as_str()), (0, ""));
        assert_eq!(parse(&run.out).len(), 2);
    }
}

#[test]
fn a_broken_pipe_ends_quietly() {
    let (folder, ..) = site(false);
    let store = "--store sqlite:sessions.db";
    for command in ["list", "show", "end"] {
        let line = format!(
            "sleep 0.5 | session {command} --user ada {store} | true; echo ${{PIPESTATUS[1]}}"
        );
        let run = shell(&format!("exec bash -c '{line}'"), folder.path());
        assert_eq!(
            (run.err.as_str(), run.out.as_str()),
            ("", "0\n"),
            "{command}"
        );
    }
}
