//! The formats written a second time, from their descriptions, as plainly as possible.

pub mod bytes;
pub mod cookie;
pub mod flask;
pub mod json;
pub mod record;

use std::sync::LazyLock;

use aes_gcm_siv::aead::{Aead, KeyInit as _};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::Sha256;

use super::{ABSOLUTE, IDLE, NOW};
use crate::common::KEY;
use bytes::{decode, encode, inflate};
use json::{Json, string};

/// The name of our cookies.
pub const NAME: &str = "__Host-session";

/// K(1) for signed sessions, K(2) for encrypted ones, K(3) for ids, K(4) for records.
pub static SIGNED: LazyLock<Vec<u8>> = LazyLock::new(|| derived(1));

static ENCRYPTED: LazyLock<Aes256GcmSiv> =
    LazyLock::new(|| Aes256GcmSiv::new_from_slice(&derived(2)).unwrap());

pub static ID: LazyLock<Vec<u8>> = LazyLock::new(|| derived(3));

/// K(p) = HMAC-SHA256(secret, "rust-session" 00 01, p, len u32 cookie name, len u32 context); the
/// name in K(4) is empty.
fn derived(purpose: u8) -> Vec<u8> {
    let name = if purpose == 4 { "" } else { NAME };
    let mut context = b"rust-session\x00\x01".to_vec();
    context.push(purpose);
    for part in [name, ""] {
        context.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
        context.extend(part.as_bytes());
    }
    sha256(KEY.as_bytes(), &context)
}

fn sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key)
        .unwrap()
        .chain_update(text)
        .finalize()
        .into_bytes()
        .to_vec()
}

fn sha1(key: &[u8], text: &[u8]) -> Vec<u8> {
    Hmac::<Sha1>::new_from_slice(key)
        .unwrap()
        .chain_update(text)
        .finalize()
        .into_bytes()
        .to_vec()
}

/// The three parts between dots: payload (compressed or not), stamp and signature. A compressed
/// payload has an empty part before it.
struct Parts<'a> {
    compressed: bool,
    payload: &'a [u8],
    stamp: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(cookie: &'a [u8]) -> Option<Self> {
        let parts: Vec<&[u8]> = cookie.split(|byte| *byte == b'.').collect();
        match parts[..] {
            [payload, stamp, signature] => Some(Self {
                compressed: false,
                payload,
                stamp,
                signature,
            }),
            [b"", payload, stamp, signature] => Some(Self {
                compressed: true,
                payload,
                stamp,
                signature,
            }),
            _ => None,
        }
    }

    fn json(&self, most: usize, depth: usize) -> Option<Json> {
        let bytes = decode(self.payload)?;
        let bytes = if self.compressed {
            inflate(&bytes, most)?
        } else {
            bytes
        };
        Json::read(std::str::from_utf8(&bytes).ok()?, depth)
    }
}

/// Whether `cookie` ends in a dot and the signature of all before.
fn is_signed(cookie: &[u8], signature: &[u8], code: impl Fn(&[u8]) -> Vec<u8>) -> bool {
    decode(signature)
        .is_some_and(|found| found == code(&cookie[..cookie.len() - signature.len() - 1]))
}

/// Returns a text with its signature.
pub fn signed(key: &[u8], text: &[u8]) -> Vec<u8> {
    [text, b".", &encode(&sha256(key, text))].concat()
}

/// An accepted cookie.
#[derive(Debug)]
pub struct Opened {
    pub stamp: Stamp,
    pub content: Content,
}

/// The content of our formats.
#[derive(Debug, PartialEq)]
pub struct Content {
    /// Sorted.
    pub map: Json,
    pub flashes: Vec<Json>,
    /// The user who is logged in, in a cookie.
    pub user: Option<String>,
}

#[derive(Debug, Clone, Copy)]
pub struct Stamp {
    pub permanent: bool,
    pub issued: u64,
    pub created: u64,
    pub authenticated: Option<u64>,
    /// The user's epoch.
    pub epoch: u16,
}

/// Reads a stamp: flags u8, issued u40, issued - created u32, issued - authenticated u32 (all ones:
/// never), the application's epoch u16, the user's u16.
fn stamp(bytes: &[u8]) -> Option<Stamp> {
    let bytes: [u8; 18] = bytes.try_into().ok()?;
    let number = |range: std::ops::Range<usize>| {
        let mut wide = [0; 8];
        wide[8 - range.len()..].copy_from_slice(&bytes[range]);
        u64::from_be_bytes(wide)
    };
    let issued = number(1..6);
    let created = issued.checked_sub(number(6..10))?;
    let authenticated = match number(10..14) {
        0xffff_ffff => None,
        before => Some(issued.checked_sub(before)?),
    };
    let epoch = u16::from_be_bytes([bytes[16], bytes[17]]);
    (bytes[0] < 2).then_some(Stamp {
        permanent: bytes[0] == 1,
        issued,
        created,
        authenticated,
        epoch,
    })
}

/// Returns a stamp of [`NOW`]: not permanent, created now, never authenticated.
pub fn stamp_now() -> [u8; 18] {
    let mut bytes = [0; 18];
    bytes[1..6].copy_from_slice(&NOW.to_be_bytes()[3..]);
    bytes[10..14].fill(0xff);
    bytes
}

/// Whether a stamp is at most a minute in the future, and within the absolute lifetime.
fn is_young(stamp: &Stamp) -> bool {
    stamp.issued <= NOW + 60 && NOW.saturating_sub(stamp.created) <= ABSOLUTE
}

/// Opens a cookie of our format.
pub fn open_signed(cookie: &[u8]) -> Option<Opened> {
    let parts = Parts::of(cookie).filter(|_| cookie.len() <= 4096)?;
    is_signed(cookie, parts.signature, |text| sha256(&SIGNED, text)).then_some(())?;
    let stamp = stamp(&decode(parts.stamp)?)?;
    (is_young(&stamp) && NOW.saturating_sub(stamp.issued) <= IDLE).then_some(())?;
    Some(Opened {
        stamp,
        content: content(parts.json(256 << 10, 128)?)?,
    })
}

/// Opens an encrypted cookie: nonce, then stamp and content under AES-256-GCM-SIV. Spaces that pad
/// it are JSON's whitespace.
pub fn open_encrypted(cookie: &[u8]) -> Option<Opened> {
    let bytes = decode(cookie).filter(|_| cookie.len() <= 4096)?;
    let (nonce, encrypted) = bytes.split_first_chunk::<12>()?;
    let text = ENCRYPTED.decrypt(&Nonce::from(*nonce), encrypted).ok()?;
    let (first, json) = text.split_at_checked(18)?;
    let stamp =
        stamp(first).filter(|stamp| is_young(stamp) && NOW.saturating_sub(stamp.issued) <= IDLE)?;
    Some(Opened {
        stamp,
        content: content(Json::read(std::str::from_utf8(json).ok()?, 128)?)?,
    })
}

/// Encrypts a text.
pub fn encrypted(nonce: [u8; 12], text: &[u8]) -> Vec<u8> {
    encode(
        &[
            &nonce,
            &ENCRYPTED.encrypt(&Nonce::from(nonce), text).unwrap()[..],
        ]
        .concat(),
    )
}

/// Reads a map; or `[map, [flash, ..]]` with at least one flash; or `[map, [flash, ..], user]`,
/// whose user is a text without lone surrogates.
pub fn content(json: Json) -> Option<Content> {
    let (map, flashes, user) = match json {
        map @ Json::Object(_) => {
            return Some(Content {
                map: map.sorted(),
                flashes: Vec::new(),
                user: None,
            });
        }
        Json::List(mut parts) => {
            let user = match parts.len() {
                2 => None,
                3 => parts.pop(),
                _ => return None,
            };
            let flashes = parts.pop()?;
            (parts.pop()?, flashes, user)
        }
        _ => return None,
    };
    let (map @ Json::Object(_), Json::List(flashes)) = (map, flashes) else {
        return None;
    };
    let user = match user {
        Some(Json::Text(user)) => Some(string(&user)?),
        Some(_) => return None,
        None if flashes.is_empty() => return None,
        None => None,
    };
    flashes.iter().all(is_flash).then(|| Content {
        map: map.sorted(),
        flashes,
        user,
    })
}

/// Whether this is `[number, category, message]`: a number of 32 bits, a text without lone
/// surrogates, any value.
fn is_flash(flash: &Json) -> bool {
    match flash {
        Json::List(parts) => match &parts[..] {
            [Json::Integer(number), Json::Text(category), _] => {
                number.parse::<u32>().is_ok() && string(category).is_some()
            }
            _ => false,
        },
        _ => false,
    }
}

/// Opens the id of a stored session: its selector and verifier. The record has the idle lifetime.
pub fn open_id(cookie: &[u8]) -> Option<([u8; 16], [u8; 32], Stamp)> {
    let parts = Parts::of(cookie).filter(|parts| !parts.compressed)?;
    is_signed(cookie, parts.signature, |text| sha256(&ID, text)).then_some(())?;
    let stamp = stamp(&decode(parts.stamp)?)?;
    is_young(&stamp).then_some(())?;
    let id: [u8; 48] = decode(parts.payload)?.try_into().ok()?;
    Some((
        id[..16].try_into().unwrap(),
        id[16..].try_into().unwrap(),
        stamp,
    ))
}
