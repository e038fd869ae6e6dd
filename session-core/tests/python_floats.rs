//! Floats are written as Python writes them, compared with the `repr` of an installed Python: the
//! shortest digits that read back as the same float, of these the nearest, and of two equally near
//! the even one. Without a `python3` the test is skipped with a message; fixed cases are tested
//! beside the writer.

#![allow(clippy::unwrap_used)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use http::HeaderMap;
use session_core::Sessions;

/// Reads the bits of doubles, one per line, and writes them as Flask would.
const PROGRAM: &str = "
import json, struct, sys
print(json.dumps([struct.unpack('>d', bytes.fromhex(line.strip()))[0] for line in sys.stdin], separators=(',', ':')))
";

/// Returns Python's text; `None` without a Python.
fn python(floats: &[f64]) -> Option<String> {
    let program = std::env::var_os("SESSION_PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = Command::new(&program);
    command
        .args(["-c", PROGRAM])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        let message = "python3 is missing: put it on the path, or its path into SESSION_PYTHON";
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{message}");
        std::io::stderr()
            .write_all(format!("LEFT OUT: {message}\n").as_bytes())
            .unwrap();
        return None;
    };
    let lines: String = floats
        .iter()
        .map(|float| format!("{:016x}\n", float.to_bits()))
        .collect();
    let mut input = child.stdin.take().unwrap();
    // Python reads all input before it writes.
    input.write_all(lines.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned(),
    )
}

/// A generator with the same numbers in each run (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

/// Returns `mantissa * 2^exponent`.
fn scaled(mantissa: u64, exponent: i32) -> f64 {
    let mantissa = (mantissa >> 11) as f64;
    mantissa * 2_f64.powi(exponent)
}

/// Returns many ties: a fraction in base 2 ends in a 5 in base 10, so a double with just one digit
/// more than necessary is in the middle between two shorter texts.
fn floats() -> Vec<f64> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut floats = vec![
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.0,
        -0.0,
        f64::MAX,
        f64::MIN_POSITIVE,
    ];
    // Powers of two, whose lower neighbours are nearer than the upper ones; and those neighbours.
    for exponent in 0..0x7ff_u64 {
        let bits = exponent << 52;
        floats.extend([bits, bits.wrapping_sub(1), bits + 1].map(f64::from_bits));
    }
    floats.extend((0..52).map(|bit| f64::from_bits(1 << bit)));
    // From 2^43 to 2^53 with eighths and smaller parts; large integers; small fractions.
    for exponent in -90..90 {
        floats.extend((0..200).map(|_| scaled(random.next(), exponent)));
        // With fewer bits.
        floats.extend(
            (0..100).map(|at| scaled(random.next() & (u64::MAX << (at % 50 + 11)), exponent)),
        );
    }
    for _ in 0..10_000 {
        floats.push(1e15 + scaled(random.next(), -4));
        floats.push(1_700_000_000.0 + scaled(random.next(), -24)); // moments
        floats.push(f64::from_bits(random.next()));
    }
    floats.extend(floats.clone().iter().map(|float| -float));
    floats
}

#[test]
fn floats_are_written_as_python_writes_them() {
    let floats = floats();
    let Some(expected) = python(&floats) else {
        return;
    };
    let sessions = Sessions::flask("dev").unwrap();
    let session = sessions.open(&HeaderMap::new());
    session.insert("f", &floats).unwrap();
    let found = session.to_json();
    let found = found
        .strip_prefix("{\"f\":[")
        .unwrap()
        .strip_suffix("]}")
        .unwrap();
    let inside = expected
        .strip_prefix('[')
        .unwrap()
        .strip_suffix(']')
        .unwrap();
    assert_eq!(found.split(',').count(), floats.len());
    let wrong: Vec<_> = found
        .split(',')
        .zip(inside.split(','))
        .filter(|(found, expected)| found != expected)
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {}, such as {:?}",
        wrong.len(),
        floats.len(),
        wrong.first()
    );

    // Flask's own text stays as it is, by `insert_json` and by `insert_tagged_json`.
    let text = format!("{{\"f\":{expected}}}");
    session.insert_json(&text).unwrap();
    assert_eq!(session.payload(), text);
    session.insert_tagged_json(&text).unwrap();
    assert_eq!(session.payload(), text);
}
