//! Flask's format, and its tags.

use std::sync::LazyLock;

use super::super::{IDLE, NOW, SECRET};
use super::bytes::{decode, encode};
use super::json::{Json, Text, string};
use super::{Parts, is_signed, sha1};

static FLASK: LazyLock<Vec<u8>> = LazyLock::new(|| sha1(SECRET.as_bytes(), b"cookie-session"));

/// Returns a text with Flask's signature.
pub fn signed_flask(text: &[u8]) -> Vec<u8> {
    [text, b".", &encode(&sha1(&FLASK, text))].concat()
}

/// Opens a cookie of Flask's format: the time of its signature, and its map, sorted.
pub fn open_flask(cookie: &[u8]) -> Option<(u64, Json)> {
    let parts = Parts::of(cookie).filter(|_| cookie.len() <= 16 << 10)?;
    is_signed(cookie, parts.signature, |text| sha1(&FLASK, text)).then_some(())?;
    let bytes = decode(parts.stamp).filter(|bytes| bytes.len() <= 8)?;
    let issued = bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte));
    (issued <= NOW && NOW - issued <= IDLE).then_some(())?;
    Some((issued, dict(parts.json(4 << 20, 1000)?)?))
}

/// Returns the tag that a dict's only key is: one of Flask's six, followed by `end` (two
/// underscores under ` di`).
fn tag<'a>(members: &'a [(Text, Json)], end: &str) -> Option<(String, &'a Json)> {
    let [(key, value)] = members else { return None };
    let key = string(key)?.strip_suffix(end)?.to_owned();
    [" di", " t", " b", " m", " u", " d"]
        .contains(&&*key)
        .then_some((key, value))
}

/// Returns a session, untagged at the top: an object that is no tag except ` di`, under which is
/// one key with two more underscores. (A duplicate key can stand there only in text that Flask did
/// not write: refused.)
pub fn dict(json: Json) -> Option<Json> {
    let Json::Object(members) = json.sorted() else {
        return None;
    };
    match tag(&members, "") {
        None => Some(Json::Object(members)),
        Some((tagged, Json::Object(inner))) if tagged == " di" => {
            let [(key, value)] = &inner[..] else {
                return None;
            };
            let key = key.strip_suffix(&[u32::from('_'); 2])?;
            Some(Json::Object(vec![(key.to_vec(), value.clone())]))
        }
        Some(_) => None,
    }
}

/// Guards a session, so that [`dict`] reads it: without a guard, a single key that is a tag would
/// make the whole look like that tag.
pub fn guard(json: Json) -> Json {
    let text = |text: String| text.chars().map(u32::from).collect::<Text>();
    let tagged = match &json {
        Json::Object(members) => {
            tag(members, "").map(|(key, value)| (text(key + "__"), value.clone()))
        }
        _ => None,
    };
    tagged.map_or(json, |member| {
        Json::Object(vec![(text(" di".to_owned()), Json::Object(vec![member]))])
    })
}

/// Guards every dict inside the session, as [`guard`] does.
pub fn guard_inside(json: Json) -> Json {
    match json {
        Json::List(items) => Json::List(
            items
                .into_iter()
                .map(|item| guard(guard_inside(item)))
                .collect(),
        ),
        Json::Object(members) => {
            let inside = |(key, value)| (key, guard(guard_inside(value)));
            Json::Object(members.into_iter().map(inside).collect())
        }
        other => other,
    }
}

/// Returns Python's `bool(value)`. A tagged value has the truth of its content; UUIDs, datetimes
/// and guarded dicts are true.
pub fn truth(json: &Json) -> bool {
    match json {
        Json::Word(word) => !matches!(*word, "false" | "null"),
        Json::Integer(digits) => !matches!(&**digits, "0" | "-0"),
        Json::Float(bits) => f64::from_bits(*bits) != 0.0,
        Json::Text(text) => !text.is_empty(),
        Json::List(items) => !items.is_empty(),
        Json::Object(members) => match tag(members, "") {
            Some((tag, value)) if [" t", " b", " m"].contains(&&*tag) => truth(value),
            _ => !members.is_empty(),
        },
    }
}
