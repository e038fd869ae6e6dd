//! Items from standard input, one per line.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use crate::helpers::{COOKIE, command, feed};

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
    // Bytes that are no text, and a very long line.
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
