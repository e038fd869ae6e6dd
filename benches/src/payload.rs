//! The sessions that everybody carries: a user, a counter, a token, and items that fill them up.

use serde_json::{Map, Value};

/// Bytes of JSON in a session. 2,900 still fit into a cookie without compression.
pub const SIZES: [usize; 5] = [50, 98, 200, 1_000, 2_900];

/// The size that most tables are about.
pub const USUAL: usize = 98;

/// The secret of everybody who takes 43 bytes of it.
pub const SECRET: &str = "u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c";

/// A counter, the value that is read and written.
pub const KEY: &str = "visits";

/// Text that hardly compresses; the same for the same length.
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

/// A session whose compact JSON has so many bytes.
///
/// # Panics
/// Below 45 bytes there is no room.
#[must_use]
pub fn session(size: usize) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("user_id".into(), 1234.into());
    map.insert("username".into(), "ada".into());
    map.insert(KEY.into(), 41.into());
    let mut rest = size - text(&map).len();
    // Each field has a piece of its own, so that there is nothing to compress.
    let (noise, mut taken) = (noise(rest), 0);
    let mut noise = |length| {
        taken += length;
        noise[taken - length..taken].to_owned()
    };
    // A field around its text: `,"csrf":""` has 10 bytes, `,"item00":""` 12. Whatever remains suffices for one more.
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

/// Its text: compact, keys sorted.
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
