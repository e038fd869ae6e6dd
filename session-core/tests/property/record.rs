//! The body of a stored record, as it is or encrypted: a session opens from what the naive implementation reads, with the same
//! content, and what is written back can be read.

use std::sync::LazyLock;

use session_core::{
    StoredSessions,
    protocol::{Loaded, Step, StoreReply, StoreRequest},
};
use sha2::{Digest, Sha256};

use super::id::{STORED, body, record};
use super::naive::bytes::encode;
use super::naive::json::Json;
use super::naive::record::{encrypt_record, open_record};
use super::naive::{self, ID, NAME, Stamp, signed};
use super::open_signed::{assert_content, assert_stamp};
use super::{Input, NOW, assert_refused, ours, request};

const ID_BYTES: [u8; 48] = [7; 48];
const CREATED: u64 = NOW - 10;

static ENCRYPTED_RECORDS: LazyLock<StoredSessions> =
    LazyLock::new(|| ours().padding(64).build_stored().unwrap());

/// A body as the fuzzer has it; but 32 bytes `v` where a hash stands are the hash of the request's verifier.
pub fn bytes(data: &[u8]) -> Vec<u8> {
    let mut bytes = data.to_vec();
    let hash: [u8; 32] = Sha256::digest(&ID_BYTES[16..]).into();
    for at in [22, 54, 62] {
        if let Some(place) = bytes
            .get_mut(at..at + 32)
            .filter(|place| **place == [b'v'; 32])
        {
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
    let [1, flags @ 0..16] = *take(2)? else {
        return None;
    };
    let epoch = take(4)?;
    let epoch = u16::from_be_bytes([epoch[2], epoch[3]]);
    take(8 + 8)?;
    let verifier = take(32)?;
    let authenticated = if flags & 2 != 0 {
        Some(number(take(8)?))
    } else {
        None
    };
    let earlier = if flags & 4 != 0 {
        Some(take(32)?)
    } else {
        None
    };
    let end = if flags & 8 != 0 {
        Some(number(take(8)?))
    } else {
        None
    };
    (end.is_none() || earlier.is_some()).then_some(())?;
    let [count @ 1..=8] = *take(1)? else {
        return None;
    };
    take(8 * usize::from(count))?;
    let json = std::str::from_utf8(rest).ok()?;
    let earlier = earlier.map(|hash| (hash, end));
    Some(Body {
        permanent: flags & 1 != 0,
        verifier,
        authenticated,
        epoch,
        earlier,
        json,
    })
}

/// Kept as it is.
pub fn check(data: &[u8]) {
    let bytes = bytes(data);
    assert_opens(&STORED, &bytes, |kept| Some(kept.to_vec()));
}

/// Kept encrypted. The first byte says what the rest is: what is kept, as it is; or, to be encrypted, a body for this place or for
/// another one; or a place, what is changed there, and a body. Its highest bit makes it one that has expired.
pub fn check_encrypted(data: &[u8]) {
    let mut input = Input(data);
    let first = input.byte();
    let (kind, expires) = (first % 4, if first >= 0x80 { NOW } else { NOW + 1 });
    let encrypted = |created, input: Input<'_>| {
        let text = [&expires.to_be_bytes()[..], &bytes(input.0)].concat();
        encrypt_record([7; 12], &text, &key(), created)
    };
    let kept = match kind {
        0 => bytes(input.0),
        1 => encrypted(CREATED, input),
        2 => encrypted(CREATED + 1, input),
        _ => {
            let [high, low, change] = input.bytes();
            let mut kept = encrypted(CREATED, input);
            let at = usize::from(u16::from_be_bytes([high, low])) % kept.len();
            kept[at] ^= change;
            kept
        }
    };
    assert_opens(&ENCRYPTED_RECORDS, &kept, |kept| {
        open_record(kept, &key(), CREATED)
    });
}

fn key() -> [u8; 32] {
    Sha256::digest(&ID_BYTES[..16]).into()
}

/// A session opens from `kept` if it holds a body that opens; `unkept` says which.
fn assert_opens(sessions: &StoredSessions, kept: &[u8], unkept: impl Fn(&[u8]) -> Option<Vec<u8>>) {
    let value = signed(
        &ID,
        &[&encode(&ID_BYTES)[..], b".", &encode(&naive::stamp_now())].concat(),
    );
    let exchange = sessions.exchange(&request(NAME, &value).unwrap());
    let Step::Pending(ask) = exchange.open() else {
        panic!("not asked for")
    };
    let answer = StoreReply::Loaded(Loaded::Live(record(CREATED, kept)));
    let session = ask.answer(answer).done().unwrap().unwrap();

    let hash = Sha256::digest(&ID_BYTES[16..]);
    let opens = |body: &Body<'_>| {
        let earlier = body.earlier.filter(|(verifier, _)| *verifier == &hash[..]);
        body.verifier == &hash[..]
            || earlier.is_some_and(|(_, end)| end.is_none_or(|end| NOW < end))
    };
    let plain = unkept(kept);
    let found = plain.as_ref().and_then(|plain| read(plain)).filter(opens);
    // Who is logged in stands in the record's user alone.
    let content = found
        .as_ref()
        .and_then(|body| naive::content(Json::read(body.json, 128)?));
    let content = content.filter(|content| content.user.is_none());
    let (Some(found), Some(content)) = (found, content) else {
        return assert_refused(&session);
    };
    assert_eq!(session.rejected(), None);
    assert_content(&session, &content);
    let Body {
        permanent,
        authenticated,
        epoch,
        ..
    } = found;
    assert_stamp(
        &session,
        &Stamp {
            permanent,
            issued: NOW,
            created: CREATED,
            authenticated,
            epoch,
        },
    );

    session.insert("a", 1).unwrap();
    let Step::Pending(ask) = exchange.close() else {
        panic!("not written")
    };
    let StoreRequest::Update { record, .. } = ask.question() else {
        panic!("{:?}", ask.question())
    };
    let written = unkept(&record.body).unwrap();
    let written = read(&written).unwrap();
    assert_eq!(
        (written.permanent, written.authenticated),
        (permanent, authenticated)
    );
    assert_eq!(written.json.trim_end_matches(' '), session.payload());
}
