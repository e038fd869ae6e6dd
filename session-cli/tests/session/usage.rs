//! Wrong arguments, and the help texts.

use std::path::Path;

use crate::helpers::{COOKIE, KEY, run, shell, with};

#[test]
fn wrong_usage_says_what_to_do() {
    for (args, said) in [
        (&[][..], "expected a command"),
        (&["frobnicate"], "got \"frobnicate\""),
        (&["decode"], "expected one COOKIE"),
        (&["decode", "a", "b"], "got 2"),
        (
            &["decode", "--secret", "x", "a"],
            "unknown option \"--secret\"",
        ),
        (&["verify", "a"], "add --secret"),
        (&["verify", "--secret"], "got nothing"),
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
            "--secret is given twice",
        ),
        (
            &["verify", "--secret", "x", "--frob=1", "a"],
            "unknown option \"--frob\"",
        ),
        (
            &["verify", "--secret", "x", "--max-age", "1h", "a"],
            "got \"1h\"",
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
            "sha1, sha256 or sha512, got \"md5\"",
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
            "always signs with HMAC-SHA256",
        ),
        (
            &["verify", "--ours", "--secret", KEY, "--salt", "s", "a"],
            "its context separates applications",
        ),
        (
            &["verify", "--ours", "--secret", KEY, "--name", "a=b", "a"],
            "--name: ",
        ),
        (
            &["verify", "--ours", "--secret", KEY, "--name", "a;b", "a"],
            "no cookie name",
        ),
        (
            &["verify", "--encrypted", "--stored", "a"],
            "two formats; give one",
        ),
        (&["sign", "--stored", "{}"], "which is one of verify"),
        (
            &["verify", "--secret", "x", "--secret-file", "y", "a"],
            "give one of them",
        ),
        (
            &["verify", "--secret-file", "-", "-"],
            "both the key and the items",
        ),
        (
            &["verify", "--secret-file", "/no/such/file", "a"],
            "\"/no/such/file\" cannot be read",
        ),
        (&["verify", "--prefix", "SHOP", "a"], "set SHOP_SECRET_KEY"),
        (&["verify", "-x", "a"], "unknown option \"-x\""),
        (&["list"], "add --user NAME"),
        (&["list", "--user", "ada"], "set STORE_URL"),
        (
            &["list", "--user", "ada", "--prefix", "SHOP"],
            "set SHOP_STORE_URL",
        ),
        (&["list", "--user", "ada", "x"], "list takes no item"),
        (
            &["list", "--user", "ada", "--limit", "many"],
            "whole number of sessions",
        ),
        (&["list", "--user=a", "--limit", "0"], "at least 1, got 0"),
        (&["show"], "give a KEY or a COOKIE, or add --user"),
        (&["show", "--user", "ada", "x"], "give one of them"),
        (
            &["show", "--store", "sqlite:x", "garbage"],
            "expected the key of a record, 43 characters",
        ),
        (&["end"], "add --user NAME"),
        (&["end", "--store", "sqlite:x", COOKIE], "expected the key"),
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
    for tool in ["decode", "verify", "sign", "keygen"] {
        let help = line_free(&[tool, "--help"]);
        assert_eq!(help, line_free(&[tool, "-h"]));
        assert!(
            help.contains(&format!("session {tool}")) && help.contains("Example: "),
            "{help}"
        );
        assert!(line_free(&["--help"]).contains(tool));
        let example = help.lines().find_map(|line| line.strip_prefix("Example: "));
        let run = shell(example.unwrap(), Path::new("."));
        assert_eq!(
            (run.code, run.err.as_str()),
            (0, note(tool)),
            "{tool}: {}",
            run.out
        );
    }
}

fn line_free(args: &[&str]) -> String {
    let run = run(args);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{args:?}");
    run.out
}

/// The line on standard error of a command that has succeeded.
fn note(tool: &str) -> &'static str {
    match tool {
        "decode" => "note: nothing was verified; anyone can write such a cookie\n",
        _ => "",
    }
}
