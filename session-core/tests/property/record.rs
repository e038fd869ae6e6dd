//! The body of a stored record: a session opens from what the naive implementation reads, with the same content, and what
//! is written back can be read.

use session_core::{Answer, Loaded, Question, Step};
use sha2::{Digest, Sha256};

use super::id::{STORED, body, record};
use super::naive::json::Json;
use super::naive::{self, ID, NAME, Stamp, encode, signed};
use super::open_signed::{assert_content, assert_stamp};
use super::{NOW, assert_refused, request};

const ID_BYTES: [u8; 48] = [7; 48];

/// A body as the fuzzer has it; but 32 bytes `v` where a hash stands are the hash of the request's verifier.
pub fn bytes(data: &[u8]) -> Vec<u8> {
    let mut bytes = data.to_vec();
    let hash: [u8; 32] = Sha256::digest(&ID_BYTES[16..]).into();
    for at in [22, 54, 62] {
        if let Some(place) = bytes.get_mut(at..at + 32).filter(|place| **place == [b'v'; 32]) {
            place.copy_from_slice(&hash);
        }
    }
    bytes
}

/// A body for [`bytes`], with content.
pub fn good(json: &[u8]) -> Vec<u8> {
    body(&[b'v'; 32], json)
}

struct Body<'a> {
    permanent: bool,
    verifier: &'a [u8],
    authenticated: Option<u64>,
    epoch: u16,
    earlier: Option<(&'a [u8], Option<u64>)>,
    json: &'a str,
}

/// By the table at the top of `stored/body.rs`.
fn read(bytes: &[u8]) -> Option<Body<'_>> {
    let mut rest = bytes;
    let mut take = |count: usize| {
        let (taken, left) = rest.split_at_checked(count)?;
        rest = left;
        Some(taken)
    };
    let number = |bytes: &[u8]| u64::from_be_bytes(bytes.try_into().unwrap());
    let [1, flags @ 0..16] = *take(2)? else { return None };
    let epoch = take(4)?;
    let epoch = u16::from_be_bytes([epoch[2], epoch[3]]);
    take(8 + 8)?;
    let verifier = take(32)?;
    let authenticated = if flags & 2 != 0 { Some(number(take(8)?)) } else { None };
    let earlier = if flags & 4 != 0 { Some(take(32)?) } else { None };
    let end = if flags & 8 != 0 { Some(number(take(8)?)) } else { None };
    (end.is_none() || earlier.is_some()).then_some(())?;
    let [count @ 1..=8] = *take(1)? else { return None };
    take(8 * usize::from(count))?;
    let json = std::str::from_utf8(rest).ok()?;
    let earlier = earlier.map(|hash| (hash, end));
    Some(Body { permanent: flags & 1 != 0, verifier, authenticated, epoch, earlier, json })
}

pub fn check(data: &[u8]) {
    let bytes = bytes(data);
    let stamp = naive::stamp_now();
    let value = signed(&ID, &[&encode(&ID_BYTES)[..], b".", &encode(&stamp)].concat());
    let exchange = STORED.exchange(&request(NAME, &value).unwrap());
    let Step::Ask(ask) = exchange.open() else { panic!("not asked for") };
    let created = NOW - 10;
    let answer = Answer::Loaded(Loaded::Live(record(created, &bytes[..])));
    let session = ask.answer(answer).done().unwrap().unwrap();

    let hash = Sha256::digest(&ID_BYTES[16..]);
    let opens = |body: &Body<'_>| {
        let earlier = body.earlier.filter(|(verifier, _)| *verifier == &hash[..]);
        body.verifier == &hash[..] || earlier.is_some_and(|(_, end)| end.is_none_or(|end| NOW < end))
    };
    let found = read(&bytes).filter(opens);
    let content = found.as_ref().and_then(|body| naive::content(Json::read(body.json, 128)?));
    let (Some(found), Some((map, flashes))) = (found, content) else { return assert_refused(&session) };
    assert_eq!(session.rejected(), None);
    assert_content(&session, &map, &flashes);
    let Body { permanent, authenticated, epoch, .. } = found;
    assert_stamp(&session, &Stamp { permanent, issued: NOW, created, authenticated, epoch });

    session.insert("a", 1).unwrap();
    let Step::Ask(ask) = exchange.close() else { panic!("not written") };
    let Question::Update { record, .. } = ask.question() else { panic!("{:?}", ask.question()) };
    let written = read(&record.body).unwrap();
    assert_eq!((written.permanent, written.authenticated), (permanent, authenticated));
    assert_eq!(written.json, session.payload());
}
