//! Wrong arguments, and the help texts.

use crate::helpers::{KEY, run, with};

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
            .find_map(|line| line.strip_prefix("Example: session "));
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
            help.contains(&format!("session {tool}")) && help.contains("Example: "),
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
