//! Reads the vectors that were recorded with Flask, and compares them with our behaviour.

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
pub mod views;

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// Returns the recorded vectors.
pub fn load() -> Value {
    serde_json::from_str(include_str!("../data/flask-vectors.json")).unwrap()
}

/// Returns the recorded vectors of unusual input.
pub fn load_odd() -> Value {
    serde_json::from_str(include_str!("../data/flask-odd.json")).unwrap()
}

/// Returns each row of the table of differences, with the vectors and tests that its last column
/// names between backticks.
pub fn rows() -> Vec<(&'static str, Vec<String>)> {
    let table = include_str!("../../FLASK-DIFFERENCES.md");
    let mut rows = Vec::new();
    // The first two lines are the head of the table.
    for row in table.lines().filter(|line| line.starts_with('|')).skip(2) {
        let (_, last) = row.rsplit_once(" | ").unwrap_or_default();
        let names = last.split('`').skip(1).step_by(2);
        rows.push((row, names.map(str::to_owned).collect()));
    }
    rows
}

/// Returns the names of vectors and tests in the table of differences.
pub fn differences() -> Vec<String> {
    rows().into_iter().flat_map(|(_, names)| names).collect()
}

/// Returns the names of the tests in these folders of the crate.
pub fn tests_in(folders: &[&str]) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<_> = folders.iter().map(|folder| root.join(folder)).collect();
    let mut names = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let source = std::fs::read_to_string(path).unwrap();
                for test in source.split("#[test]\n").skip(1) {
                    let (_, rest) = test.split_once("fn ").unwrap();
                    names.insert(rest.split('(').next().unwrap().to_owned());
                }
            }
        }
    }
    names
}

/// Returns the JSON inside a cookie, without a look at its signature.
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
