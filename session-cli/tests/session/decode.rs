//! `decode`, and cookies as people paste them.

use std::io::Write;

use crate::helpers::{COOKIE, KEY, line, refused, run};

#[test]
fn decode_tells_the_formats_apart() {
    let run_flask = run(&["decode", COOKIE]);
    let expected = "{\"a\":1}\nformat: flask\nsigned: 2023-11-14 22:13:20 UTC (1700000000)\ncompressed: no\n\
                    size: 45 bytes\nsignature: 27 characters, sha1\nverified: no\n";
    assert_eq!((run_flask.code, run_flask.out.as_str()), (0, expected));
    assert!(run_flask.err.contains("nothing was verified"));

    let sessions = session_core::Sessions::builder(session_core::SecretKey::new(KEY).unwrap())
        .clock(session_core::testing::ManualClock::at(1_700_000_000))
        .build()
        .unwrap();
    let request = session_core::testing::request(&sessions, |session| {
        session.log_in("ada")?;
        session.set_permanent(true)?;
        session.flash("hello", "info")?;
        session.insert("a", 1)
    });
    let request = request.unwrap();
    let pair = request[http::header::COOKIE].to_str().unwrap();
    let decoded = run(&["decode", pair]);
    let mut lines = decoded.out.lines();
    let payload = lines.next().unwrap();
    assert!(
        payload.starts_with(r#"[{"a":1},[["#) && payload.ends_with(r#""info","hello"]],"ada"]"#),
        "{payload}"
    );
    let then = "2023-11-14 22:13:20 UTC (1700000000)";
    let facts: Vec<&str> = lines.take(6).collect();
    let expected = [
        "format: ours".to_owned(),
        format!("issued: {then}"),
        format!("created: {then}"),
        format!("authenticated: {then}"),
        "permanent: yes".to_owned(),
        "epoch: 0".to_owned(),
    ];
    assert_eq!(
        (decoded.code, facts),
        (0, expected.iter().map(String::as_str).collect())
    );
    assert!(decoded.out.ends_with("verified: no\n"));
    let cookie = line(&["sign", "--ours", "--secret", KEY, "{}"]);
    assert!(
        run(&["decode", &cookie])
            .out
            .contains("authenticated: never\npermanent: no\n")
    );
}

#[test]
fn decode_survives_anything() {
    let b64 = |bytes: &[u8]| {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        URL_SAFE_NO_PAD.encode(bytes)
    };
    let deflated = |text: &[u8]| {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    let cookie = |payload: &str| format!("{payload}.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk");
    let quoted = |length: usize| format!("\"{}\"", "a".repeat(length - 2)).into_bytes();
    let most = 4 << 20;
    let fits = format!(".{}", b64(&deflated(&quoted(most))));
    assert_eq!(
        run(&["decode", &cookie(&fits)])
            .out
            .lines()
            .next()
            .map(str::len),
        Some(most)
    );

    let cut = deflated(br#"{"a":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#);
    for (item, reason) in [
        (
            cookie(&format!(".{}", b64(&deflated(&quoted(most + 1))))),
            "larger than 4 MiB",
        ),
        (cookie(&format!(".{}", b64(&cut[..cut.len() / 2]))), "zlib"),
        (
            cookie(&b64(b"{\"a\":\"\xff\"}")),
            "not UTF-8 from offset 6 on",
        ),
        (cookie("eyJhI"), "base64url"),
        (cookie("eyJhIjoxfQ=="), "'='"),
        (cookie(""), "expected a value at offset 0"),
        (cookie(&b64(b"{\"a\":1}x")), "expected the end at offset 7"),
        (cookie(&b64("[".repeat(5000).as_bytes())), "nested"),
        (format!("eyJhIjoxfQ.{}.x", "A".repeat(20)), "20 characters"),
        (format!("eyJhIjoxfQ.{}.x", "_".repeat(24)), "stamp"),
        ("garbage".to_owned(), "two dots"),
        (String::new(), "empty"),
    ] {
        let found = refused(&["decode", "--", &item]);
        assert!(found.contains(reason), "{found}");
    }
    // A cookie that is cut at its end is refused, or printed with a signature of no known digest.
    for end in 0..COOKIE.len() {
        let run = run(&["decode", &COOKIE[..end]]);
        assert!(
            run.code == 1 || run.out.contains("the cookie may be cut"),
            "{end} {}",
            run.out
        );
    }
    // `decode` verifies nothing and drops nothing: which of two equal keys is used is the server's
    // decision.
    let odd = cookie(&b64(b" { \"a\" : [ 1E5 , -0 ] ,\n\"a\" : NaN } "));
    assert_eq!(
        run(&["decode", &odd]).out.lines().next(),
        Some(r#"{"a":[1E5,-0],"a":NaN}"#)
    );
}

#[test]
fn cookies_as_they_are_pasted() {
    for item in [
        format!("session={COOKIE}"),
        format!("  session={COOKIE}\n"),
        format!("\"{COOKIE}\""),
        format!("session=\"{COOKIE}\""),
        format!("\"session={COOKIE}\""),
        format!("my.session={COOKIE}"),
    ] {
        assert_eq!(
            line(&["verify", "--secret", "dev", "--now=1700000000", &item]),
            r#"{"a":1}"#,
            "{item}"
        );
        assert!(
            run(&["decode", &item]).out.starts_with("{\"a\":1}\n"),
            "{item}"
        );
    }
    // A cookie that begins with a dash is given behind `--`. Before that it is an option, and the
    // error says so.
    let dashed = format!("-{COOKIE}");
    assert!(
        refused(&["verify", "--secret", "dev", "--", &dashed]).contains("signature does not match")
    );
    let usage = run(&["verify", "--secret", "dev", &dashed]);
    assert_eq!(usage.code, 2);
    assert!(usage.err.contains("write --"), "{}", usage.err);
}
