//! Encrypted cookies, and the ids of stored sessions.

use session_core::RecordKey;
use session_store::MemoryStore;
use std::sync::Arc;

use crate::helpers::{COOKIE, KEY, OTHER, line, refused, run};
use crate::site::{block_on, four_sessions};

fn id() -> String {
    let store = Arc::new(MemoryStore::new());
    block_on(four_sessions(store, false)).remove(0)
}

#[test]
fn encrypted_cookies_go_round() {
    let json = r#"{"a":[1.0,NaN,123456789012345678901234567890]}"#;
    let ours = ["--encrypted", "--secret", KEY, "--now", "1700000000"];
    let cookie = line(&[&["sign"], &ours[..], &["--user", "ada", json]].concat());
    assert!(!cookie.contains('.'), "{cookie}");
    let verified = line(&[&["verify"], &ours[..], &[&cookie]].concat());
    assert_eq!(verified, format!("[{json},[],\"ada\"]"));
    // `--ours` is part of it.
    let both = ["--ours", "--encrypted", "--secret", KEY, "--now=1700000000"];
    let again = line(
        &[
            &["verify"],
            &both[..],
            &[&format!("__Host-session={cookie}")],
        ]
        .concat(),
    );
    assert_eq!(again, verified);

    let other = ["--encrypted", "--secret", OTHER, "--now", "1700000000"];
    let found = refused(&[&["verify"], &other[..], &[&cookie]].concat());
    assert!(found.contains("another secret, --name"), "{found}");
    // Still base64url.
    let cut = cookie.get(..cookie.len() / 4 * 4 - 8).unwrap();
    let found = refused(&[&["verify"], &ours[..], &[cut]].concat());
    assert!(found.contains("signature does not match"), "{found}");
    let found = refused(&[&["verify"], &ours[..], &[&cookie[..20]]].concat());
    assert!(
        found.contains("has 20 characters, and may be cut"),
        "{found}"
    );
    let late = ["--encrypted", "--secret", KEY, "--now", "1800000000"];
    let found = refused(&[&["verify"], &late[..], &[&cookie]].concat());
    assert!(found.contains("idle for too long"), "{found}");

    // Without the key, and where another format is selected, it says what to add.
    let found = refused(&["decode", &cookie]);
    assert!(found.contains("session verify --encrypted"), "{found}");
    for format in [&[][..], &["--ours"], &["--stored"]] {
        let options = [&["verify", "--secret", KEY], format, &[&cookie]].concat();
        let found = refused(&options);
        assert!(found.contains("add --encrypted"), "{found}");
    }
    let signed = line(&["sign", "--ours", "--secret", KEY, "{}"]);
    let found = refused(&["verify", "--encrypted", "--secret", KEY, &signed]);
    assert!(found.contains("looks like a signed cookie"), "{found}");
    let found = refused(&["verify", "--encrypted", "--secret", KEY, COOKIE]);
    assert!(found.contains("looks like Flask's format"), "{found}");
}

#[test]
fn ids_are_recognised() {
    let id = id();
    let decoded = run(&["decode", &id]);
    assert_eq!(decoded.code, 0, "{}", decoded.err);
    let json: serde_json::Value =
        serde_json::from_str(decoded.out.lines().next().unwrap()).unwrap();
    let key = json["record"].as_str().unwrap();
    assert!(RecordKey::from_text(key).is_some());
    assert!(decoded.out.contains("\nformat: stored id\nissued: "));
    assert!(decoded.out.contains("\nverified: no\n") && !decoded.out.contains("compressed"));

    let stored = ["verify", "--stored", "--secret", KEY];
    let verified = line(&[&stored[..], &[&id]].concat());
    assert_eq!(verified, format!("{{\"record\":\"{key}\"}}"));
    for format in [&[][..], &["--ours"], &["--encrypted"]] {
        let found = refused(&[&["verify", "--secret", KEY], format, &[&id]].concat());
        assert!(found.contains("add --stored"), "{found}");
    }
    let found = refused(&["verify", "--stored", "--secret", OTHER, &id]);
    assert!(found.contains("another secret"), "{found}");
    let found = refused(&["verify", "--stored", "--secret", KEY, "--name=id", &id]);
    assert!(found.contains("--name is \"id\""), "{found}");
    let found = refused(&["verify", "--stored", "--secret", KEY, &id[..id.len() - 5]]);
    assert!(found.contains("it may be cut"), "{found}");
    // A signed cookie whose payload is as long as an id.
    let json = format!("{{\"a\":\"{}\"}}", "x".repeat(40));
    let signed = line(&["sign", "--ours", "--secret", KEY, &json]);
    assert_eq!((json.len(), signed.len()), (48, 64 + 1 + 24 + 1 + 43));
    assert!(run(&["decode", &signed]).out.starts_with(&json));
    let found = refused(&["verify", "--stored", "--secret", KEY, &signed]);
    assert!(found.contains("looks like a signed cookie"), "{found}");
}

#[test]
fn lines_of_all_formats() {
    let id = id();
    let signed = line(&["sign", "--ours", "--secret", KEY, r#"{"a":1}"#]);
    let encrypted = line(&["sign", "--encrypted", "--secret", KEY, r#"{"a":1}"#]);
    let input = format!("{id}\n{signed}\n{encrypted}\n");
    let decoded = crate::helpers::feed(&["decode", "-"], input.as_bytes());
    let lines: Vec<_> = decoded.out.lines().collect();
    assert!(lines[0].starts_with("{\"record\":\""), "{}", lines[0]);
    assert_eq!(lines[1], r#"{"a":1}"#);
    assert!(lines[2].starts_with("error: the cookie cannot be read: its "));
}
