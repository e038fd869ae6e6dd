//! The example `cookie` as its users run it: arguments, standard input, exit codes.

#![cfg(feature = "os")]
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "../vectors/mod.rs"]
mod vectors;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use vectors::python::canonical;

const KEY: &str = "u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c";
const OTHER: &str = "Jm2kq8Zr4TtYw6Xc1VbNn0PpLl5Dd7Ss9Ff3GgHhQqE";
/// FLASK.md's check value: key `dev`, `{"a":1}`, at 1700000000.
const COOKIE: &str = "eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk";

/// `<target>/<profile>/examples/cookie`, beside the `deps` that this test stands in.
fn tool() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().unwrap().parent().unwrap();
    let tool = profile
        .join("examples")
        .join(format!("cookie{}", std::env::consts::EXE_SUFFIX));
    assert!(
        tool.exists(),
        "no example; build it: cargo build -p session-core --example cookie"
    );
    tool
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(tool());
    command
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn feed(args: &[&str], input: &[u8]) -> Run {
    let mut child = command(args).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A tool that reads nothing closes the pipe.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn run(args: &[&str]) -> Run {
    feed(args, b"")
}

/// The one line that a run must print.
fn line(args: &[&str]) -> String {
    let run = run(args);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{args:?}");
    let line = run.out.strip_suffix('\n').unwrap();
    assert!(!line.contains('\n'), "{line}");
    line.to_owned()
}

/// The reason of a refusal, which is all that the run says.
fn refused(args: &[&str]) -> String {
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

/// The options that a vector's case stands for; none where the tool does not offer them.
fn options(case: &Value) -> Option<Vec<String>> {
    let digest = case["digest"].as_str().unwrap();
    let offered =
        ["sha1", "sha256", "sha512"].contains(&digest) && case["key_derivation"] == "hmac";
    let secret = case["secret_key"]
        .as_str()
        .filter(|secret| offered && !secret.is_empty())?;
    // Joined with `=`, any text is a value.
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

fn with<'a>(tool: &'a str, options: &'a [String], rest: &[&'a str]) -> Vec<&'a str> {
    let options = options.iter().map(String::as_str);
    std::iter::once(tool)
        .chain(options)
        .chain(rest.iter().copied())
        .collect()
}

#[test]
fn every_uncompressed_dump_is_signed_and_verified() {
    let all = vectors::load();
    let mut counted = 0;
    for case in all["cases"].as_array().unwrap() {
        let Some(options) = options(case).filter(|_| case["kind"] == "dump") else {
            continue;
        };
        let (json, cookie) = (
            case["data_tagged_json"].as_str().unwrap(),
            case["cookie"].as_str().unwrap(),
        );
        let now = format!("--now={}", case["signed_at"].as_f64().unwrap().trunc());
        let name = &case["name"];
        assert_eq!(
            line(&with("verify", &options, &[&now, "--", cookie])),
            json,
            "{name}"
        );
        let signed = line(&with("sign", &options, &[&now, "--", json]));
        if case["compressed"] == false {
            assert_eq!(signed, cookie, "{name}");
            counted += 1;
        } else {
            assert_eq!(vectors::payload(&signed), json, "{name}");
        }
        let decoded = run(&["decode", "--", cookie]);
        assert_eq!(
            (decoded.code, decoded.out.lines().next()),
            (0, Some(json)),
            "{name}"
        );
    }
    assert!(counted >= 32, "only {counted} dumps were signed");
}

#[test]
fn every_load_agrees_or_stands_in_the_table() {
    let all = vectors::load();
    let listed: BTreeSet<String> = vectors::differences().into_iter().collect();
    let (mut counted, mut disagree) = (0, Vec::new());
    for case in all["cases"].as_array().unwrap() {
        let Some(options) = options(case).filter(|_| case["kind"] == "load") else {
            continue;
        };
        let name = case["name"].as_str().unwrap();
        if listed.contains(name) {
            continue;
        }
        let now = format!("--now={}", case["now_unix"].as_f64().unwrap().trunc());
        let run = run(&with(
            "verify",
            &options,
            &[&now, "--", case["cookie"].as_str().unwrap()],
        ));
        let agrees = match case["expected"].as_str().unwrap() {
            "ok" => {
                let loaded = case["loaded_tagged_json"].as_str().unwrap();
                run.code == 0
                    && run.err.is_empty()
                    && canonical(run.out.trim_end()) == canonical(loaded)
            }
            expected => {
                let reason = match expected {
                    "expired" => "expired",
                    "future" => "dated in the future",
                    // What Flask cannot tell from a bad signature may have the wrong form.
                    "bad-signature" => "the cookie",
                    _ => "",
                };
                run.code == 1 && run.out.is_empty() && run.err.contains(reason)
            }
        };
        if !agrees {
            disagree.push(format!("{name}: {} {:?} {:?}", run.code, run.out, run.err));
        }
        counted += 1;
    }
    assert!(disagree.is_empty(), "{disagree:#?}");
    assert!(counted >= 64, "only {counted} loads were compared");
}

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
    // As a server reads it.
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
fn decode_tells_the_formats_apart() {
    let run_flask = run(&["decode", COOKIE]);
    let expected = "{\"a\":1}\nformat: flask\nsigned: 2023-11-14 22:13:20 UTC (1700000000)\ncompressed: no\n\
                    size: 45 octets\nsignature: 27 digits, sha1\nverified: no\n";
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
        (format!("eyJhIjoxfQ.{}.x", "A".repeat(20)), "20 digits"),
        (format!("eyJhIjoxfQ.{}.x", "_".repeat(24)), "stamp"),
        ("garbage".to_owned(), "two dots"),
        (String::new(), "empty"),
    ] {
        let found = refused(&["decode", "--", &item]);
        assert!(found.contains(reason), "{found}");
    }
    // What is cut from the right is refused, or shown with a signature of no digest.
    for end in 0..COOKIE.len() {
        let run = run(&["decode", &COOKIE[..end]]);
        assert!(
            run.code == 1 || run.out.contains("the cookie may be cut"),
            "{end} {}",
            run.out
        );
    }
    // Not checked, so not lost either: the later of two equal keys is the server's business.
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
    // A cookie that begins with a dash stands behind `--`; before that it is an option, and that is said.
    let dashed = format!("-{COOKIE}");
    assert!(
        refused(&["verify", "--secret", "dev", "--", &dashed]).contains("signature does not match")
    );
    let usage = run(&["verify", "--secret", "dev", &dashed]);
    assert_eq!(usage.code, 2);
    assert!(usage.err.contains("write --"), "{}", usage.err);
}

#[test]
fn one_answer_a_line_in_order() {
    let mut lines = String::new();
    let mut objects = String::new();
    for n in 0..5000 {
        match n % 5 {
            3 => objects.push('\n'),
            4 => objects.push_str("{\"n\":\n"),
            _ => objects.push_str(&format!("{{\"n\": {n}}}\n")),
        }
    }
    let start = Instant::now();
    let options = ["--secret", "dev", "--now", "1700000000"];
    let signed = feed(
        &[&["sign"], &options[..], &["-"]].concat(),
        objects.as_bytes(),
    );
    assert_eq!(
        (signed.code, signed.err.as_str(), signed.out.lines().count()),
        (0, "", 5000)
    );
    for (n, cookie) in signed.out.lines().enumerate() {
        match n % 5 {
            0 => lines.push_str(&format!("session={cookie}\r\n")),
            1 => lines.push_str(&format!("{cookie}x\n")),
            2 => lines.push_str(&format!("{cookie}\n")),
            3 => {
                assert_eq!(cookie, "error: the line is empty");
                lines.push('\n');
            }
            _ => {
                assert!(cookie.starts_with("error: not JSON"), "{cookie}");
                lines.push_str("\u{1b}é garbage\n");
            }
        }
    }
    lines.pop();
    for (tool, options) in [("verify", &options[..]), ("decode", &[])] {
        let answers = feed(&[&[tool], options, &["-"]].concat(), lines.as_bytes());
        assert_eq!(
            (answers.code, answers.out.lines().count()),
            (0, 5000),
            "{tool}"
        );
        for (n, answer) in answers.out.lines().enumerate() {
            let verified_only = n % 5 == 1 && tool == "verify";
            match n % 5 {
                0..=2 if !verified_only => assert_eq!(answer, format!("{{\"n\":{n}}}"), "{tool}"),
                _ => assert!(answer.starts_with("error: "), "{tool} {n} {answer}"),
            }
        }
    }
    let taken = start.elapsed();
    println!("15,000 lines: {taken:?}");
    assert!(taken < Duration::from_secs(20), "{taken:?}");
    // Bytes that are no text, and a line without end.
    let odd = feed(
        &["decode", "-"],
        &[
            &b"\xff\xfe\0\n"[..],
            &vec![b'a'; 5 << 20],
            b"\n",
            COOKIE.as_bytes(),
        ]
        .concat(),
    );
    let answers: Vec<&str> = odd.out.lines().collect();
    assert_eq!((odd.code, answers.len(), answers[2]), (0, 3, r#"{"a":1}"#));
    assert!(answers[1].contains("longer than 4 MiB"), "{}", answers[1]);
    assert_eq!(feed(&["decode", "-"], b"").out, "");
}

#[test]
fn answers_come_before_the_next_line() {
    let mut child = command(&["decode", "-"]).spawn().unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    for _ in 0..3 {
        stdin.write_all(format!("{COOKIE}\n").as_bytes()).unwrap();
        let mut answer = [0; 8];
        stdout.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"{\"a\":1}\n");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_broken_pipe_ends_quietly() {
    let mut child = command(&["verify", "--secret", "dev", "--now", "1700000000", "-"])
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    let lines = format!("{COOKIE}\n").repeat(20_000);
    let writer = std::thread::spawn(move || drop(stdin.write_all(lines.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
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

#[test]
fn wrong_usage_says_what_to_do() {
    for (args, said) in [
        (&[][..], "expected a tool"),
        (&["frobnicate"], "\"frobnicate\" came"),
        (&["decode"], "expected one COOKIE"),
        (&["decode", "a", "b"], "2 came"),
        (
            &["decode", "--secret", "x", "a"],
            "unknown option \"--secret\"",
        ),
        (&["verify", "a"], "add --secret"),
        (&["verify", "--secret"], "nothing came"),
        (
            &["verify", "--secret", "--now", "1", "a"],
            "write --secret=--now",
        ),
        (&["verify", "--secret=", "a"], "--secret is empty"),
        (
            &["verify", "--secret", "x", "--fallback", "", "a"],
            "--fallback is empty",
        ),
        (
            &["verify", "--secret", "x", "--secret", "y", "a"],
            "--secret came twice",
        ),
        (
            &["verify", "--secret", "x", "--frob=1", "a"],
            "unknown option \"--frob\"",
        ),
        (
            &["verify", "--secret", "x", "--max-age", "1h", "a"],
            "\"1h\" came",
        ),
        (
            &["verify", "--secret", "x", "--max-age=-1", "a"],
            "whole number",
        ),
        (
            &["verify", "--secret", "x", "--now", "+5", "a"],
            "whole number",
        ),
        (
            &[
                "verify",
                "--secret",
                "x",
                "--now",
                "18446744073709551615",
                "a",
            ],
            "0 to 253402300799",
        ),
        (
            &["verify", "--secret", "x", "--digest", "md5", "a"],
            "sha1, sha256 or sha512; \"md5\" came",
        ),
        (
            &["verify", "--secret", "x", "--name", "n", "a"],
            "--ours only",
        ),
        (&["verify", "--secret", "x", "--context", "n", "a"], "salt"),
        (
            &["sign", "--secret", "x", "--user", "ada", "{}"],
            "--user works with --ours only",
        ),
        (
            &["verify", "--ours=1", "--secret", KEY, "a"],
            "takes no value",
        ),
        (&["verify", "--ours", "--secret", "weak", "a"], "keygen"),
        (
            &[
                "verify",
                "--ours",
                "--secret",
                KEY,
                "--fallback",
                "weak",
                "a",
            ],
            "--fallback: ",
        ),
        (
            &[
                "verify", "--ours", "--secret", KEY, "--digest", "sha256", "a",
            ],
            "always HMAC-SHA256",
        ),
        (
            &["verify", "--ours", "--secret", KEY, "--salt", "s", "a"],
            "always HMAC-SHA256",
        ),
        (
            &["verify", "--ours", "--secret", KEY, "--name", "a=b", "a"],
            "--name: ",
        ),
        (
            &["verify", "--ours", "--secret", KEY, "--name", "a;b", "a"],
            "no cookie name",
        ),
        (&["sign", "--secret", "x"], "expected one JSON object"),
        (&["keygen", "x"], "takes no item"),
    ] {
        let run = run(args);
        assert_eq!(
            (run.code, run.out.as_str()),
            (2, ""),
            "{args:?} {}",
            run.err
        );
        assert!(
            run.err.starts_with("error: ") && run.err.contains(said),
            "{args:?} {}",
            run.err
        );
    }
    let many: Vec<String> = (0..9).map(|n| format!("--fallback=key{n}")).collect();
    assert_eq!(run(&with("verify", &many, &["--secret", "x", "a"])).code, 2);
}

#[test]
fn help_is_help() {
    let example = |tool: &str, help: &str| {
        let example = help
            .lines()
            .find_map(|line| line.strip_prefix("Example: cookie "));
        let Some(example) = example else {
            return assert_eq!(tool, "keygen", "{help}");
        };
        let args: Vec<&str> = example
            .split(' ')
            .map(|arg| arg.trim_matches('\''))
            .collect();
        assert_eq!(run(&args).code, 0, "{example}");
    };
    for tool in ["decode", "verify", "sign", "keygen"] {
        let help = line_free(&[tool, "--help"]);
        assert_eq!(help, line_free(&[tool, "-h"]));
        assert!(
            help.contains(&format!("cookie {tool}")) && help.contains("Example: "),
            "{help}"
        );
        assert!(line_free(&["--help"]).contains(tool));
        example(tool, &help);
    }
}

fn line_free(args: &[&str]) -> String {
    let run = run(args);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{args:?}");
    run.out
}
