//! Takes a cookie apart without a key. Nothing here verifies anything.

use std::io::Read;

use crate::facts::{Times, number};
use crate::json;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use session_core::RecordKey;
use sha2::{Digest as _, Sha256};

/// The largest payload that is inflated, in bytes.
pub(crate) const LARGEST: usize = 4 << 20;
/// Our stamp: 18 bytes, in base64url 24 characters.
const STAMP_CHARS: usize = 24;
pub(crate) const STAMP_BYTES: usize = 18;

/// The id of a stored session: 48 bytes, the first 16 of which are its selector.
const ID_CHARS: usize = 64;
const SELECTOR_BYTES: usize = 16;
/// An encrypted cookie has a nonce, a stamp, `{}` and a tag at least.
const LEAST_ENCRYPTED: usize = 12 + STAMP_BYTES + 2 + 16;

/// A pasted cookie: a value, or `name=value`, with whitespace and quotes around it.
pub(crate) struct Pasted {
    pub(crate) name: Option<String>,
    pub(crate) value: String,
}

impl Pasted {
    pub(crate) fn new(item: &[u8]) -> Self {
        let text = String::from_utf8_lossy(item);
        let bare = |text: &str| text.trim().trim_matches('"').trim().to_owned();
        let text = bare(&text);
        match text.split_once('=') {
            Some((name, value)) if is_name(name) && is_value(value) => Self {
                name: Some(name.to_owned()),
                value: bare(value),
            },
            _ => Self {
                name: None,
                value: text,
            },
        }
    }
}

/// Whether this is a token (RFC 9110). Text with two dots is more likely a cookie padded with `=`.
fn is_name(text: &str) -> bool {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(token) && text.matches('.').count() < 2
}

/// Whether this can be a value, and not the rest of a padded payload.
fn is_value(text: &str) -> bool {
    let without_payload = text.starts_with('.') && text.matches('.').count() < 3;
    !text.starts_with('=') && !without_payload
}

/// The parts of `payload.stamp.signature`, still in base64url.
pub(crate) struct Parts<'a> {
    payload: &'a str,
    stamp: &'a str,
    pub(crate) signature: &'a str,
}

impl<'a> Parts<'a> {
    pub(crate) fn of(value: &'a str) -> Result<Self, String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if value.is_empty() {
            return Err("it is empty".to_owned());
        }
        if let Some((at, c)) = value.chars().enumerate().find(|(_, c)| !allowed(*c)) {
            let hint = match c {
                ';' | ' ' | ',' => "; give one cookie, without the rest of its header",
                _ => "",
            };
            return Err(format!(
                "{c:?} at offset {at} is not in base64url's alphabet{hint}"
            ));
        }
        let mut parts = value.rsplitn(3, '.');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(signature), Some(stamp), Some(payload)) => Ok(Self {
                payload,
                stamp,
                signature,
            }),
            _ => Err(
                "expected payload.time.signature, and there are fewer than two dots; it may be cut"
                    .to_owned(),
            ),
        }
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.stamp.len() == STAMP_CHARS
    }

    /// Returns the key of the record, if this is the id of a stored session: 48 random bytes, of
    /// which the first 16 name the record. A signed payload is JSON, and those bytes are not.
    pub(crate) fn record(&self) -> Option<RecordKey> {
        let lengths = [self.payload.len(), self.stamp.len()];
        if lengths != [ID_CHARS, STAMP_CHARS] || self.json().is_ok() {
            return None;
        }
        let id = URL_SAFE_NO_PAD.decode(self.payload).ok()?;
        let selector = id.get(..SELECTOR_BYTES)?;
        Some(RecordKey::from_bytes(Sha256::digest(selector).into()))
    }

    /// Returns the content as JSON on one line: the payload, or the key of an id's record.
    pub(crate) fn content(&self) -> Result<String, String> {
        match self.record() {
            Some(key) => Ok(record_json(key)),
            None => self.json(),
        }
    }

    pub(crate) fn is_compressed(&self) -> bool {
        self.payload.starts_with('.')
    }

    /// Returns the payload as JSON on one line.
    pub(crate) fn json(&self) -> Result<String, String> {
        let bytes = match self.payload.strip_prefix('.') {
            None => decode("payload", self.payload)?,
            Some(stream) => inflate(&decode("payload", stream)?)?,
        };
        if bytes.len() > LARGEST {
            return Err(too_large());
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            format!(
                "the payload is not UTF-8 from offset {} on",
                error.utf8_error().valid_up_to()
            )
        })?;
        json::compact(&text).map_err(|reason| format!("the payload is {reason}"))
    }

    /// Returns the cookie's times.
    pub(crate) fn times(&self) -> Result<Times, String> {
        let bytes = decode("time", self.stamp)?;
        if let Ok(stamp) = <&[u8; STAMP_BYTES]>::try_from(&bytes[..]) {
            return Times::ours(stamp).ok_or_else(|| {
                "its stamp has flags or times that no version of this library writes".to_owned()
            });
        }
        if bytes.len() > 8 {
            return Err(format!(
                "its time has {} characters: Flask's has at most 11, our stamp {STAMP_CHARS}; it may be cut",
                self.stamp.len()
            ));
        }
        Ok(Times::Flask {
            signed: number(&bytes),
        })
    }
}

/// Whether a value has the form of an encrypted cookie: base64url alone. Its bytes look random.
pub(crate) fn is_encrypted(value: &str) -> bool {
    match URL_SAFE_NO_PAD.decode(value) {
        Ok(bytes) => bytes.len() >= LEAST_ENCRYPTED,
        Err(_) => false,
    }
}

/// Returns the content of an id, as JSON.
pub(crate) fn record_json(key: RecordKey) -> String {
    format!("{{\"record\":\"{}\"}}", key.to_text())
}

fn decode(part: &str, text: &str) -> Result<Vec<u8>, String> {
    match URL_SAFE_NO_PAD.decode(text) {
        Ok(bytes) => Ok(bytes),
        Err(_) => Err(format!(
            "its {part} is not base64url: no bytes have this text of {} characters; it may be cut",
            text.len()
        )),
    }
}

fn inflate(stream: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let most = u64::try_from(LARGEST).unwrap_or(u64::MAX).saturating_add(1);
    let mut decoder = flate2::read::ZlibDecoder::new(stream).take(most);
    match decoder.read_to_end(&mut out) {
        Ok(_) => Ok(out),
        Err(_) => Err(format!(
            "its payload is not a zlib stream, or it is cut: {} bytes were inflated",
            out.len()
        )),
    }
}

fn too_large() -> String {
    format!("its payload is larger than {} MiB", LARGEST >> 20)
}
