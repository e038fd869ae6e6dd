//! Reading the vectors, and comparing what a Flask wrote with what we do.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    unreachable_pub
)]

pub mod cases;
pub mod http;
pub mod odd;
pub mod python;

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// The file of vectors.
pub fn load() -> Value {
    serde_json::from_str(include_str!("../data/flask-vectors.json")).unwrap()
}

/// What is odd.
pub fn load_odd() -> Value {
    serde_json::from_str(include_str!("../data/flask-odd.json")).unwrap()
}

/// The rows of the table of differences, and what holds them: all that stands in backticks in the last column.
pub fn rows() -> Vec<(&'static str, Vec<String>)> {
    let table = include_str!("../../FLASK-DIFFERENCES.md");
    // Not its head.
    let rows = table.lines().filter(|line| line.starts_with('|')).skip(2);
    let last = |row: &'static str| {
        row.trim_end_matches('|')
            .rsplit(" | ")
            .next()
            .unwrap_or_default()
    };
    rows.map(|row| {
        (
            row,
            last(row)
                .split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect(),
        )
    })
    .collect()
}

/// The names of vectors and tests in the table of differences.
pub fn differences() -> Vec<String> {
    rows().into_iter().flat_map(|(_, names)| names).collect()
}

/// The tests of this crate, by name.
pub fn tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = ["src", "tests"]
        .map(|folder| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
        .to_vec();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(path).unwrap();
                let tests = text
                    .split("#[test]\n")
                    .skip(1)
                    .filter_map(|test| test.split_once("fn "));
                found.extend(tests.map(|(_, test)| test.split('(').next().unwrap().to_owned()));
            }
        }
    }
    found
}

/// The JSON inside a cookie, without looking at its signature.
pub fn payload(cookie: &str) -> String {
    let (signed, _) = cookie.rsplit_once('.').unwrap();
    let (payload, _) = signed.rsplit_once('.').unwrap();
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    match payload.strip_prefix('.') {
        None => String::from_utf8(decode(payload)).unwrap(),
        Some(stream) => {
            let mut json = String::new();
            flate2::read::ZlibDecoder::new(&decode(stream)[..])
                .read_to_string(&mut json)
                .unwrap();
            json
        }
    }
}
