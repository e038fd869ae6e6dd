//! Our cookies: accepted exactly where the naive implementation accepts them, with the same
//! content, permanence and times.

use std::time::Duration;

use session_core::{Session, Sessions};

use super::naive::bytes::encode;
use super::naive::json::Json;
use super::naive::{self, Content, NAME, Opened, Stamp, signed};
use super::{Input, NOW, OURS, assert_refused, assert_usable, request};

/// The first byte chooses how the rest is used: as a whole value; or, signed with the right key, as
/// a change of a valid stamp and JSON, JSON to be compressed, or a stream; or as a whole text.
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    let kind = input.byte() % 5;
    let stamp = if kind == 0 || kind == 4 {
        [0; 18]
    } else {
        input.changed(naive::stamp_now())
    };
    let under = |payload: &[u8]| signed(&naive::SIGNED, &[payload, b".", &encode(&stamp)].concat());
    let value = match kind {
        0 => input.0.to_vec(),
        1 => under(&encode(input.0)),
        2 => under(&[b".", &encode(&naive::bytes::deflate(input.0))[..]].concat()),
        3 => under(&[b".", &encode(input.0)[..]].concat()),
        _ => signed(&naive::SIGNED, input.0),
    };
    assert_opens(&OURS, &value, naive::open_signed(&value));
}

/// Asserts that a cookie opens as the naive implementation says.
pub fn assert_opens(sessions: &Sessions, value: &[u8], opened: Option<Opened>) {
    let Some(request) = request(NAME, value) else {
        return;
    };
    let session = sessions.open(&request);
    let Some(opened) = opened else {
        return assert_refused(&session);
    };
    assert_eq!(session.rejected(), None);
    assert_content(&session, &opened.content);
    assert_eq!(session.user().as_deref(), opened.content.user.as_deref());
    assert_stamp(&session, &opened.stamp);
    assert_usable(sessions, &session);
    if let Some(later) = opened.stamp.epoch.checked_add(1) {
        assert!(!sessions.open(&request).require_epoch(later).unwrap());
    }
}

pub fn assert_content(session: &Session, content: &Content) {
    let found = naive::content(Json::read(&session.payload(), 128).unwrap());
    assert_eq!(found.as_ref(), Some(content));
    let Json::Object(members) = &content.map else {
        panic!("no map: {content:?}")
    };
    assert_eq!(session.len(), members.len());
}

pub fn assert_stamp(session: &Session, stamp: &Stamp) {
    let at = |seconds| Some(std::time::UNIX_EPOCH + Duration::from_secs(seconds));
    assert_eq!(session.is_permanent(), stamp.permanent);
    assert_eq!(
        (session.written(), session.created()),
        (at(stamp.issued), at(stamp.created))
    );
    assert!(session.require_epoch(stamp.epoch).unwrap());
    let age = stamp.authenticated.map(|then| NOW.saturating_sub(then));
    assert_eq!(session.authenticated_within(Duration::MAX), age.is_some());
    if let Some(age) = age {
        assert!(session.authenticated_within(Duration::from_secs(age)));
        assert!(age == 0 || !session.authenticated_within(Duration::from_secs(age - 1)));
    }
}
