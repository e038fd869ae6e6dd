//! Our signed format: `payload.stamp.signature`.

use super::payload;
use super::sign::{Digest, KeyedMac, Signer};
use super::stamp::{self, Stamp};
use super::{Opened, Segments, base64};
use crate::error::Rejected;
use crate::key::Purpose;
use crate::lifetime::Lifetime;
use crate::map::Map;
use crate::ring::KeyRing;

/// The longest cookie that is looked at: what a browser keeps at most (RFC 6265bis, section 5.7).
pub(crate) const LONGEST: usize = 4096;
/// The deepest nesting of a payload.
pub(super) const DEPTH: usize = 128;
/// The largest payload after inflating.
const LARGEST: usize = 256 << 10;

/// The keys of the format, derived for one purpose, cookie name and audience.
pub(crate) fn signer(ring: &KeyRing, purpose: Purpose, name: &str, audience: &str) -> Signer {
    let digest = Digest::Sha256;
    Signer::new(digest, ring, |key| KeyedMac::new(digest, &key.derive(purpose, name, audience)[..]))
}

/// Reads a cookie: syntax, signature, times, content, in this order, and nothing of a later step before an earlier one
/// has passed.
pub(crate) fn open(
    signer: &Signer,
    cookie: &[u8],
    lifetime: &Lifetime,
    now: u64,
) -> Result<Opened, Rejected> {
    let Segments { payload, middle: stamp, signature } = Segments::split(cookie, LONGEST)?;
    if signature.len() != signer.digest.digits() || stamp.len() != stamp::DIGITS {
        return Err(Rejected::Malformed);
    }
    let by = signer.verify(cookie, now)?;
    let stamp = base64::decode_into(stamp, &mut [0; stamp::BYTES])
        .and_then(Stamp::decode)
        .ok_or(Rejected::Unreadable)?;
    lifetime.check(&stamp, now)?;
    let json = payload::decode(payload, LARGEST).ok_or(Rejected::Unreadable)?;
    let map = Map::from_ours(json.into(), DEPTH).map_err(|_| Rejected::Unreadable)?;
    Ok(Opened { map, stamp, by })
}

/// Appends the cookie's value. Compressed only if it would not fit into `room` otherwise.
pub(crate) fn write(signer: &Signer, out: &mut String, map: &Map, stamp: &Stamp, room: usize) {
    let mut json = String::with_capacity(map.expected_size());
    map.write_ours(&mut json);
    let rest = 2 + stamp::DIGITS + signer.digest.digits();
    let start = out.len();
    if (json.len() * 4).div_ceil(3) + rest <= room || json.len() > LARGEST {
        payload::encode_plain(out, &json);
    } else {
        payload::encode_deflated(out, &payload::deflate(&json));
    }
    out.push('.');
    base64::encode_to(out, &stamp.encode());
    signer.sign(out, start);
}
