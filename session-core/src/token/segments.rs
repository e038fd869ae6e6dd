//! The segments of a signed cookie, as itsdangerous lays them out.
//!
//! ```text
//! cookie = payload "." stamp "." signature      the payload may begin with a dot of its own
//!          |---- signed ----|
//! ```

use crate::error::Rejected;

#[derive(Clone, Copy)]
pub(crate) struct Segments<'a> {
    /// The text under the signature: the payload, a dot and the stamp.
    pub(crate) signed: &'a [u8],
    pub(crate) payload: &'a [u8],
    /// The payload's base64url, without a dot in front of it.
    pub(crate) encoded: &'a [u8],
    /// In Flask's format the stamp is the time alone.
    pub(crate) stamp: &'a [u8],
    pub(crate) signature: &'a [u8],
}

impl<'a> Segments<'a> {
    /// Splits a cookie at its last two dots. A cookie that is too long, or that has fewer segments, is rejected before
    /// anything is computed. The alphabet is checked where a segment is decoded.
    pub(crate) fn split(cookie: &'a [u8], longest: usize) -> Result<Self, Rejected> {
        if cookie.len() > longest {
            return Err(Rejected::TooLong);
        }
        let last_dot = memchr::memrchr(b'.', cookie).ok_or(Rejected::Malformed)?;
        let signed = &cookie[..last_dot];
        let dot = memchr::memrchr(b'.', signed).ok_or(Rejected::Malformed)?;
        let payload = &signed[..dot];
        Ok(Self {
            signed,
            payload,
            encoded: payload.strip_prefix(b".").unwrap_or(payload),
            stamp: &signed[dot + 1..],
            signature: &cookie[last_dot + 1..],
        })
    }
}
