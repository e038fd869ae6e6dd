//! Flask's cookies: accepted exactly where the naive implementation accepts them, with the same
//! content, permanence and time.

use std::time::{Duration, UNIX_EPOCH};

use super::naive::bytes::encode;
use super::naive::flask::signed_flask;
use super::naive::json::Json;
use super::{FLASK, Input, NOW, assert_nothing, assert_usable, naive, request};

/// The input is used as in `open_signed`, with a timestamp in place of the stamp.
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    let kind = input.byte() % 5;
    let time = if kind == 0 || kind == 4 {
        [0; 8]
    } else {
        input.changed(NOW.to_be_bytes())
    };
    let zeros = time.iter().take_while(|byte| **byte == 0).count();
    let under = |payload: &[u8]| signed_flask(&[payload, b".", &encode(&time[zeros..])].concat());
    let value = match kind {
        0 => input.0.to_vec(),
        1 => under(&encode(input.0)),
        2 => under(&[b".", &encode(&naive::bytes::deflate(input.0))[..]].concat()),
        3 => under(&[b".", &encode(input.0)[..]].concat()),
        _ => signed_flask(input.0),
    };
    let Some(request) = request("session", &value) else {
        return;
    };
    let session = FLASK.open(&request);
    let value = naive::cookie::unquoted(&value);
    let Some((issued, map)) = naive::flask::open_flask(&value) else {
        // An empty cookie is treated as absent.
        assert_eq!(session.rejected().is_none(), value.is_empty());
        return assert_nothing(&session);
    };
    assert_eq!(session.rejected(), None);
    assert_eq!(
        session.written(),
        Some(UNIX_EPOCH + Duration::from_secs(issued))
    );
    assert_eq!(
        naive::flask::dict(Json::read(&session.payload(), 1000).unwrap()).as_ref(),
        Some(&map)
    );
    let Json::Object(members) = &map else {
        panic!("no dict: {map:?}")
    };
    assert_eq!(session.len(), members.len());
    let permanent = "_permanent".bytes().map(u32::from).collect::<Vec<_>>();
    let permanent = members.iter().find(|(key, _)| *key == permanent);
    assert_eq!(
        session.is_permanent(),
        permanent.is_some_and(|(_, value)| naive::flask::truth(value))
    );
    assert_usable(&FLASK, &session);
    let _ = FLASK.open(&request).take_flashes();
}
