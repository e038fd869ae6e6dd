//! Reading the vectors, and comparing what a Flask wrote with what we do.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, unreachable_pub)]

pub mod cases;
pub mod http;
pub mod python;

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// The file of vectors.
pub fn load() -> Value {
    serde_json::from_str(include_str!("../data/flask-vectors.json")).unwrap()
}

/// The vectors' names in the table of differences: all in backticks in a row's last column.
pub fn differences() -> Vec<String> {
    let table = include_str!("../../FLASK-DIFFERENCES.md");
    let rows = table.lines().filter(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.trim_end_matches('|').rsplit(" | ").next());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned)).collect()
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
            flate2::read::ZlibDecoder::new(&decode(stream)[..]).read_to_string(&mut json).unwrap();
            json
        }
    }
}
