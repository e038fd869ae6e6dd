//! Any sequence of operations, closed and reopened, equals a plain model, in all formats.

use serde_json::Value;

use super::{ENCRYPTED, FLASK, Input, OURS};
use crate::common::model::Operation;
use crate::common::model::run::run;

/// The first byte chooses the format; then come requests, each with its number of operations.
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    let sessions = [&OURS, &FLASK, &ENCRYPTED][usize::from(input.byte() % 3)];
    let mut requests = Vec::new();
    while !input.0.is_empty() && requests.len() < 4 {
        let count = input.byte() % 8;
        requests.push((0..count).map(|_| operation(&mut input)).collect());
    }
    run(sessions, &requests);
}

fn operation(input: &mut Input<'_>) -> Operation {
    match input.byte() % 18 {
        0 | 15 => Operation::Insert(key(input), value(input, 3)),
        1 => Operation::Remove(key(input)),
        2 => Operation::Take(key(input)),
        3 => Operation::GetOrInsert(key(input), value(input, 3)),
        4 => Operation::Increment(key(input), number(input)),
        5 => Operation::Push(key(input), value(input, 3)),
        6 => Operation::Update(key(input), number(input)),
        7 => Operation::Clear,
        8 => Operation::Flash(text(input), text(input)),
        9 => Operation::TakeFlashes,
        10 => Operation::TakeFlashesOf(text(input)),
        11 => Operation::SetPermanent(input.byte() < 128),
        12 => Operation::SetUser(text(input)),
        16 => Operation::ClearUser,
        17 => Operation::KeepOnly(vec![key(input), key(input)]),
        13 => Operation::Renew,
        _ => Operation::Read(key(input)),
    }
}

fn text(input: &mut Input<'_>) -> String {
    let length = usize::from(input.byte() % 16);
    String::from_utf8_lossy(input.slice(length)).into_owned()
}

/// Without Flask's own keys, which the model manages.
fn key(input: &mut Input<'_>) -> String {
    const KEYS: [&str; 8] = ["a", "b", "é", " t", " di", "_x", "\u{ffff}", "😀"];
    match KEYS.get(usize::from(input.byte() % 10)) {
        Some(key) => (*key).to_owned(),
        None => text(input)
            .replace("_flashes", "")
            .replace("_permanent", ""),
    }
}

fn number(input: &mut Input<'_>) -> i64 {
    match input.byte() % 4 {
        0 => i64::from_be_bytes(input.bytes()),
        1 => i64::MAX,
        2 => i64::MIN,
        _ => i64::from(input.byte()) - 128,
    }
}

fn value(input: &mut Input<'_>, depth: u8) -> Value {
    let inner = if depth > 0 { 8 } else { 6 };
    match input.byte() % inner {
        0 => Value::Null,
        1 => (input.byte() < 128).into(),
        2 => number(input).into(),
        // A float that is not a number becomes null. Whole ones can be incremented.
        3 if input.byte() < 128 => f64::from(i16::from_be_bytes(input.bytes())).into(),
        3 => f64::from_be_bytes(input.bytes()).into(),
        4 | 5 => text(input).into(),
        6 => {
            let count = input.byte() % 4;
            (0..count).map(|_| value(input, depth - 1)).collect()
        }
        _ => {
            let count = input.byte() % 4;
            let member = |_| (key(input), value(input, depth - 1));
            Value::Object((0..count).map(member).collect())
        }
    }
}
