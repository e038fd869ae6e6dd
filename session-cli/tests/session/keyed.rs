//! `sign`, `verify` and `keygen`.

use crate::helpers::{COOKIE, KEY, OTHER, line, refused};

#[test]
fn ours_goes_round() {
    let json =
        r#"{"a":[1.0,1e+16,NaN,123456789012345678901234567890],"t":{" t":[1,2]},"u":"é\ud800"}"#;
    let at = |now: &'static str| ["--ours", "--secret", KEY, "--now", now];
    let cookie = line(&[&["sign"], &at("1700000000")[..], &[json]].concat());
    assert_eq!(
        line(&[&["verify"], &at("1700000001")[..], &[&cookie]].concat()),
        json
    );
    // A server reads it.
    let sessions = session_core::Sessions::builder(session_core::SecretKey::new(KEY).unwrap())
        .clock(session_core::testing::ManualClock::at(1_700_000_000))
        .build()
        .unwrap();
    let pair = http::HeaderValue::try_from(format!("__Host-session={cookie}")).unwrap();
    let session = sessions.open(&http::HeaderMap::from_iter([(http::header::COOKIE, pair)]));
    assert_eq!(
        (session.payload().as_str(), session.rejected()),
        (json, None)
    );

    for (options, reason) in [
        (&["--secret", OTHER][..], "signature does not match"),
        (
            &["--secret", KEY, "--name", "__Host-other"],
            "signature does not match",
        ),
        (
            &["--secret", KEY, "--context", "shop"],
            "signature does not match",
        ),
        (
            &["--secret", KEY, "--max-age", "9", "--now", "1700000010"],
            "expired",
        ),
        (
            &["--secret", KEY, "--now", "1699999939"],
            "dated in the future",
        ),
    ] {
        let args: Vec<&str> = [&["verify", "--ours"], options, &[&cookie]].concat();
        let args = if options.contains(&"--now") {
            args
        } else {
            [&args[..], &["--now", "1700000000"]].concat()
        };
        let found = refused(&args);
        assert!(found.contains(reason), "{found}");
    }
    let named = [
        "--ours",
        "--secret",
        KEY,
        "--name",
        "__Secure-id",
        "--context",
        "shop",
    ];
    let cookie = line(&[&["sign"], &named[..], &["{}"]].concat());
    assert_eq!(
        line(&[&["verify"], &named[..], &[&format!("__Secure-id={cookie}")]].concat()),
        "{}"
    );
    let found = refused(&[
        "verify",
        "--ours",
        "--secret",
        KEY,
        &format!("__Secure-id={cookie}"),
    ]);
    assert!(found.contains("__Secure-id"), "{found}");
    assert!(refused(&["verify", "--secret", KEY, &cookie]).contains("--ours"));
    assert!(refused(&["verify", "--ours", "--secret", KEY, COOKIE]).contains("leave --ours out"));
}

#[test]
fn refusals_have_reasons() {
    let flask = |options: &[&'static str], item| -> String {
        refused(&[&["verify", "--secret", "dev"], options, &[item]].concat())
    };
    let now = ["--now", "1700000000"];
    for (options, item, reason) in [
        (
            &now[..],
            "eyJhIjoyfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk",
            "signature does not match",
        ),
        (&["--salt", "other"], COOKIE, "signature does not match"),
        (&["--digest", "sha256"], COOKIE, "add --digest sha1"),
        (&now, "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__", "cut"),
        (
            &["--now", "1700000011", "--max-age", "10"],
            COOKIE,
            "expired, signed 2023-11-14 22:13:20 UTC (1700000000)",
        ),
        (&["--now", "1702678401"], COOKIE, "2678401 seconds ago"),
        (&["--now", "1699999999"], COOKIE, "1 seconds after now"),
        (&now, "", "empty"),
        (&now, "eyJhIjoxfQ.ZVPxAA", "fewer than two dots"),
        (&now, "a=b; session=eyJhIjoxfQ", "';'"),
        (&now, "é.b.c", "'é'"),
        (&now, "a\nb", "'\\n'"),
    ] {
        let found = flask(options, item);
        assert!(found.contains(reason), "{found}");
    }
    for (item, reason) in [
        ("[1]", "JSON object"),
        ("{\"a\":}", "expected a value at offset 5"),
        ("{\"a\":1", "',' or '}' at offset 6"),
        ("{'a':1}", "a key in double quotes or '}' at offset 1"),
        ("{\"a\":\"\\x\"}", "a string at offset 6"),
        ("{\"a\":01}", "offset 6"),
        ("", "offset 0"),
    ] {
        let found = refused(&["sign", "--secret", "dev", item]);
        assert!(found.contains(reason), "{found}");
    }
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
    assert!(refused(&["sign", "--secret", "dev", &deep]).contains("120 levels"));
    let large = format!(
        "[{}]",
        (0..2000_u64)
            .map(|n| (n * n * n).to_string())
            .collect::<Vec<_>>()
            .join(",")
    );
    for format in [&[][..], &["--ours"]] {
        let object = format!("{{\"a\":{large}}}");
        let found = refused(&[&["sign", "--secret", KEY], format, &[&object]].concat());
        assert!(found.contains("the limit is 4096"), "{found}");
    }
}

#[test]
fn former_keys_verify() {
    let now = ["--now", "1700000000"];
    let keys = [
        "--secret",
        "new",
        "--fallback",
        "older",
        "--fallback",
        "dev",
    ];
    assert_eq!(
        line(&[&["verify"], &keys[..], &now, &[COOKIE]].concat()),
        r#"{"a":1}"#
    );
    assert_ne!(
        line(&[&["sign"], &keys[..], &now, &[r#"{"a":1}"#]].concat()),
        COOKIE
    );
    let cookie = line(&["sign", "--ours", "--secret", KEY, r#"{"a":1}"#]);
    let of_ada = line(&[
        "sign",
        "--ours",
        "--secret",
        KEY,
        "--user",
        "ada",
        r#"{"a":1}"#,
    ]);
    assert_eq!(
        line(&["verify", "--ours", "--secret", KEY, &of_ada]),
        r#"[{"a":1},[],"ada"]"#
    );
    let keys = ["--ours", "--secret", OTHER, "--fallback", KEY];
    assert_eq!(
        line(&[&["verify"], &keys[..], &[&cookie]].concat()),
        r#"{"a":1}"#
    );
}

#[test]
fn keys_are_new_and_accepted() {
    let (one, two) = (line(&["keygen"]), line(&["keygen"]));
    assert_ne!(one, two);
    for key in [&one, &two] {
        assert_eq!(key.len(), 43);
        let secret = format!("--secret={key}");
        let cookie = line(&["sign", "--ours", &secret, r#"{"a":1}"#]);
        assert_eq!(line(&["verify", "--ours", &secret, &cookie]), r#"{"a":1}"#);
    }
}
