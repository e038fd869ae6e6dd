//! The floor: the core's work written by hand, with the same crates, none of our types and no
//! allocation.
//!
//! It finds the cookie, verifies it with a keyed state, decodes it, checks the timestamp against
//! the clock, scans for one value and parses it. Then it adds one to the value, makes a new
//! timestamp, signs, and writes the text of Set-Cookie. It leaves out the tasks of a library: it
//! knows one format, one key and one type, validates no JSON, and stores nothing for later.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::{general_purpose::NO_PAD, simd::Simd};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use http::header::COOKIE;
use sha2::Sha256;
use sha2::block_api::compress256;
use subtle::ConstantTimeEq;

const NAME: &[u8] = b"__Host-session=";
const SIGNATURE: usize = 43;
const STAMP: usize = 24;
const IDLE: u64 = 31 * 24 * 60 * 60;
const ATTRIBUTES: &[u8] = b"; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=2678400";

/// HMAC-SHA256 with a state that is keyed already.
pub trait Keyed {
    fn new(key: &[u8; 32]) -> Self;
    fn code(&self, text: &[u8]) -> [u8; 32];
}

impl Keyed for Hmac<Sha256> {
    fn new(key: &[u8; 32]) -> Self {
        Self::new_from_slice(key).unwrap()
    }

    fn code(&self, text: &[u8]) -> [u8; 32] {
        let mut mac = self.clone();
        mac.update(text);
        mac.finalize().into_bytes().into()
    }
}

/// HMAC-SHA256 with the block function alone: two states, the padding by hand (RFC 2104; FIPS
/// 180-4, 5.1.1).
pub struct Bare {
    inner: [u32; 8],
    outer: [u32; 8],
}

impl Keyed for Bare {
    fn new(key: &[u8; 32]) -> Self {
        const START: [u32; 8] = [
            0x6a09_e667,
            0xbb67_ae85,
            0x3c6e_f372,
            0xa54f_f53a,
            0x510e_527f,
            0x9b05_688c,
            0x1f83_d9ab,
            0x5be0_cd19,
        ];
        let keyed = |pad: u8| {
            let (mut block, mut state) = ([pad; 64], START);
            block
                .iter_mut()
                .zip(key)
                .for_each(|(byte, key)| *byte ^= key);
            compress256(&mut state, &[block]);
            state
        };
        Self {
            inner: keyed(0x36),
            outer: keyed(0x5c),
        }
    }

    fn code(&self, text: &[u8]) -> [u8; 32] {
        finish(self.outer, &finish(self.inner, text))
    }
}

/// Returns the rest of a hash whose first block is in the state.
fn finish(mut state: [u32; 8], text: &[u8]) -> [u8; 32] {
    let (blocks, rest) = text.as_chunks::<64>();
    compress256(&mut state, blocks);
    let mut last = [[0; 64]; 2];
    let flat = last.as_flattened_mut();
    flat[..rest.len()].copy_from_slice(rest);
    flat[rest.len()] = 0x80;
    let used = if rest.len() < 56 { 1 } else { 2 };
    flat[used * 64 - 8..used * 64].copy_from_slice(&((64 + text.len() as u64) * 8).to_be_bytes());
    compress256(&mut state, &last[..used]);
    let mut code = [0; 32];
    code.as_chunks_mut::<4>()
        .0
        .iter_mut()
        .zip(state)
        .for_each(|(bytes, word)| *bytes = word.to_be_bytes());
    code
}

/// Values that are computed once, and the buffers.
pub struct Floor<K> {
    key: K,
    base64: Simd,
    json: Vec<u8>,
    written: Vec<u8>,
    /// The text of Set-Cookie.
    pub out: Vec<u8>,
}

impl<K: Keyed> Floor<K> {
    /// Takes the key that our core derives from this secret.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        let name = &NAME[..NAME.len() - 1];
        let mut derived = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        derived.update(b"rust-session\x00\x01\x01");
        derived.update(&(name.len() as u32).to_be_bytes());
        derived.update(name);
        derived.update(&[0; 4]);
        let key = &derived.finalize().into_bytes().into();
        let buffer = || vec![0; 4096];
        Self {
            key: K::new(key),
            base64: Simd::url_safe(NO_PAD),
            json: buffer(),
            written: buffer(),
            out: buffer(),
        }
    }

    /// Returns a request's value, and its position in the JSON.
    fn open(
        &mut self,
        request: &HeaderMap,
        key: &[u8],
        now: u64,
    ) -> Option<(i64, usize, usize, usize)> {
        let cookie = find(request.get(COOKIE)?.as_bytes())?;
        let (text, signature) = cookie.split_at_checked(cookie.len().checked_sub(SIGNATURE)?)?;
        let (text, mut code) = (text.strip_suffix(b".")?, [0; 33]);
        self.base64.decode_slice(signature, &mut code).ok()?;
        if !bool::from(self.key.code(text).ct_eq(&code[..32])) {
            return None;
        }
        let (payload, stamp) = text.split_at_checked(text.len().checked_sub(STAMP)?)?;
        let (payload, mut stamp_bytes) = (payload.strip_suffix(b".")?, [0; 18]);
        self.base64.decode_slice(stamp, &mut stamp_bytes).ok()?;
        let issued = stamp_bytes[1..6]
            .iter()
            .fold(0, |n, byte| n << 8 | u64::from(*byte));
        if issued + IDLE <= now {
            return None;
        }
        let length = self.base64.decode_slice(payload, &mut self.json).ok()?;
        let json = &self.json[..length];
        let (start, end) = value(json, key)?;
        let number = std::str::from_utf8(&json[start..end]).ok()?.parse().ok()?;
        Some((number, start, end, length))
    }

    /// Opens and reads a session.
    pub fn read(&mut self, request: &HeaderMap, key: &str) -> Option<i64> {
        Some(self.open(request, key.as_bytes(), now())?.0)
    }

    /// Opens a session, adds one, and writes the text of Set-Cookie.
    pub fn write(&mut self, request: &HeaderMap, key: &str) -> Option<i64> {
        let now = now();
        let (number, start, end, length) = self.open(request, key.as_bytes(), now)?;
        let (mut digits, mut at, mut rest) =
            ([0_u8; 20], 20, number.checked_add(1)?.unsigned_abs());
        while at == 20 || rest > 0 {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.written.clear();
        self.written.extend_from_slice(&self.json[..start]);
        self.written.extend_from_slice(&digits[at..]);
        self.written.extend_from_slice(&self.json[end..length]);

        self.out.clear();
        self.out.extend_from_slice(NAME);
        encode(&self.base64, &mut self.out, &self.written);
        self.out.push(b'.');
        let mut stamp = [0; 18];
        stamp[1..6].copy_from_slice(&now.to_be_bytes()[3..]);
        encode(&self.base64, &mut self.out, &stamp);
        let code = self.key.code(&self.out[NAME.len()..]);
        self.out.push(b'.');
        encode(&self.base64, &mut self.out, &code);
        self.out.extend_from_slice(ATTRIBUTES);
        Some(number + 1)
    }
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

fn encode(base64: &Simd, out: &mut Vec<u8>, bytes: &[u8]) {
    let start = out.len();
    out.resize(start + (bytes.len() * 4).div_ceil(3), 0);
    base64.encode_slice(bytes, &mut out[start..]).unwrap();
}

/// Returns the value of our cookie.
fn find(header: &[u8]) -> Option<&[u8]> {
    let mut rest = header;
    loop {
        let end = memchr::memchr(b';', rest).unwrap_or(rest.len());
        let pair = rest[..end].trim_ascii_start();
        if let Some(value) = pair.strip_prefix(NAME) {
            return Some(value);
        }
        rest = rest.get(end + 1..)?;
    }
}

/// Returns the position of a top-level key's value.
fn value(json: &[u8], key: &[u8]) -> Option<(usize, usize)> {
    let mut at = 1;
    loop {
        let (from, to) = (at + 1, string(json, at)?);
        let start = to + 1;
        let end = skip(json, start)?;
        if &json[from..to - 1] == key {
            return Some((start, end));
        }
        if *json.get(end)? != b',' {
            return None;
        }
        at = end + 1;
    }
}

/// Returns the position after the string that begins here.
fn string(json: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', json.get(at..)?)?;
        if json[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Returns the position after the value that begins here.
fn skip(json: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut depth) = (start, 0);
    loop {
        match json.get(at)? {
            b'"' => at = string(json, at)? - 1,
            b'{' | b'[' => depth += 1,
            b',' | b'}' | b']' if depth == 0 => return Some(at),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{request, signed};
    use crate::payload::{KEY, SECRET, SIZES};

    /// The core reads the floor's cookies, and the floor reads the core's.
    #[test]
    fn speaks_our_format() {
        fn check<K: Keyed>() {
            let sessions = signed();
            let mut floor = Floor::<K>::new(SECRET);
            for size in SIZES {
                let request = request(&sessions, size);
                assert_eq!(floor.read(&request, KEY), Some(41));
                assert_eq!(floor.write(&request, KEY), Some(42));
                let cookie = floor.out.split(|byte| *byte == b';').next().unwrap();
                let answer = HeaderMap::from_iter([(COOKIE, cookie.try_into().unwrap())]);
                let session = sessions.open(&answer);
                assert_eq!(session.get::<i64>(KEY), Ok(Some(42)));
                assert_eq!(session.len(), sessions.open(&request).len());
            }
        }
        check::<Hmac<Sha256>>();
        check::<Bare>();
    }
}
