//! The sessions of all applications: a user, a counter, a token, and items that fill them up.

use serde_json::{Map, Value};

/// Bytes of JSON in a session. 2,900 still fit into a cookie without compression.
pub const SIZES: [usize; 5] = [50, 98, 200, 1_000, 2_900];

/// The size of most tables.
pub const USUAL: usize = 98;

/// The secret of every library that takes 43 bytes of it.
pub const SECRET: &str = "u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c";

/// The key of the counter, the value that is read and written.
pub const KEY: &str = "visits";

/// Returns text that hardly compresses. A length always gives one text.
#[must_use]
pub fn noise(length: usize) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut digit = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(DIGITS[(state >> 58) as usize])
    };
    (0..length).map(|_| digit()).collect()
}

/// Returns a session whose compact JSON has this many bytes.
///
/// # Panics
/// Panics below 45 bytes, which are too few.
#[must_use]
pub fn session(size: usize) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("user_id".into(), 1234.into());
    map.insert("username".into(), "ada".into());
    map.insert(KEY.into(), 41.into());
    let mut rest = size - text(&map).len();
    // Each field has its own piece of the text, so that nothing can be compressed.
    let (noise, mut taken) = (noise(rest), 0);
    let mut noise = |length| {
        taken += length;
        noise[taken - length..taken].to_owned()
    };
    // The rest of a field: `,"csrf":""` has 10 bytes, `,"item00":""` 12. The remaining bytes are
    // enough for one more.
    if rest < 10 {
        map.insert("username".into(), format!("ada{}", noise(rest)).into());
        return map;
    }
    let csrf = if rest < 66 { rest } else { 53 };
    map.insert("csrf".into(), noise(csrf - 10).into());
    rest -= csrf;
    for number in 0.. {
        let item = if rest < 73 { rest } else { 60 };
        if item == 0 {
            break;
        }
        map.insert(format!("item{number:02}"), noise(item - 12).into());
        rest -= item;
    }
    map
}

/// Returns its text: compact, with sorted keys.
#[must_use]
pub fn text(map: &Map<String, Value>) -> String {
    Value::from(map.clone()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for size in SIZES.into_iter().chain(45..400) {
            assert_eq!(text(&session(size)).len(), size);
        }
    }
}
