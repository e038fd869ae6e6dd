//! The body of a stored record, plain or encrypted: a session opens from each body that the naive
//! implementation reads, with the same content, and the body that is written back can be read.

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

/// Returns the body of this input: 32 bytes `v` in the place of a hash become the hash of the
/// request's verifier.
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

/// Returns a body for [`bytes`] with this content.
pub fn good(json: &[u8]) -> Vec<u8> {
    body(&[b'v'; 32], json)
}

struct Body<'a> {
    permanent: bool,
    verifier: &'a [u8],
    authenticated: Option<u64>,
    epoch: u16,
    previous: Option<(&'a [u8], Option<u64>)>,
    json: &'a str,
}

/// Reads a body, by the table at the top of `record/body.rs`.
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
    let previous = if flags & 4 != 0 {
        Some(take(32)?)
    } else {
        None
    };
    let end = if flags & 8 != 0 {
        Some(number(take(8)?))
    } else {
        None
    };
    (end.is_none() || previous.is_some()).then_some(())?;
    let [count @ 1..=8] = *take(1)? else {
        return None;
    };
    take(8 * usize::from(count))?;
    let json = std::str::from_utf8(rest).ok()?;
    let previous = previous.map(|hash| (hash, end));
    Some(Body {
        permanent: flags & 1 != 0,
        verifier,
        authenticated,
        epoch,
        previous,
        json,
    })
}

/// Checks a body that is stored in plain.
pub fn check(data: &[u8]) {
    let bytes = bytes(data);
    assert_opens(&STORED, &bytes, |stored| Some(stored.to_vec()));
}

/// Checks a body that is stored encrypted. The first byte chooses how the rest is used: as the
/// stored bytes; or, encrypted, as a body for this place or for another one; or as a place, a
/// change there, and a body. Its highest bit makes the record an expired one.
pub fn check_encrypted(data: &[u8]) {
    let mut input = Input(data);
    let first = input.byte();
    let (kind, expires) = (first % 4, if first >= 0x80 { NOW } else { NOW + 1 });
    let encrypted = |created, input: Input<'_>| {
        let text = [&expires.to_be_bytes()[..], &bytes(input.0)].concat();
        encrypt_record([7; 12], &text, &key(), created)
    };
    let stored = match kind {
        0 => bytes(input.0),
        1 => encrypted(CREATED, input),
        2 => encrypted(CREATED + 1, input),
        _ => {
            let [high, low, change] = input.bytes();
            let mut stored = encrypted(CREATED, input);
            let at = usize::from(u16::from_be_bytes([high, low])) % stored.len();
            stored[at] ^= change;
            stored
        }
    };
    assert_opens(&ENCRYPTED_RECORDS, &stored, |stored| {
        open_record(stored, &key(), CREATED)
    });
}

fn key() -> [u8; 32] {
    Sha256::digest(&ID_BYTES[..16]).into()
}

/// Asserts that a session opens from `stored` exactly if `decrypted` gives a body that opens.
fn assert_opens(
    sessions: &StoredSessions,
    stored: &[u8],
    decrypted: impl Fn(&[u8]) -> Option<Vec<u8>>,
) {
    let value = signed(
        &ID,
        &[&encode(&ID_BYTES)[..], b".", &encode(&naive::stamp_now())].concat(),
    );
    let exchange = sessions.exchange(&request(NAME, &value).unwrap());
    let Step::Pending(ask) = exchange.open() else {
        panic!("the store must be asked")
    };
    let answer = StoreReply::Loaded(Loaded::Live(record(CREATED, stored)));
    let session = ask.reply(answer).done().unwrap().unwrap();

    let hash = Sha256::digest(&ID_BYTES[16..]);
    let opens = |body: &Body<'_>| {
        let previous = body.previous.filter(|(verifier, _)| *verifier == &hash[..]);
        body.verifier == &hash[..]
            || previous.is_some_and(|(_, end)| end.is_none_or(|end| NOW < end))
    };
    let plain = decrypted(stored);
    let found = plain.as_ref().and_then(|plain| read(plain)).filter(opens);
    // The user of a stored session is in the record's user alone.
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
    let StoreRequest::Update { record, .. } = ask.request() else {
        panic!("{:?}", ask.request())
    };
    let written = decrypted(&record.body).unwrap();
    let written = read(&written).unwrap();
    assert_eq!(
        (written.permanent, written.authenticated),
        (permanent, authenticated)
    );
    assert_eq!(written.json.trim_end_matches(' '), session.payload());
}
