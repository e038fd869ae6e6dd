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
        let (signed, signature) = split_last(cookie)?;
        let (payload, stamp) = split_last(signed)?;
        Ok(Self {
            signed,
            payload,
            stamp,
            signature,
        })
    }
}

/// Splits a text at its last dot.
fn split_last(text: &[u8]) -> Result<(&[u8], &[u8]), Rejected> {
    match memchr::memrchr(b'.', text) {
        Some(dot) => Ok((&text[..dot], &text[dot + 1..])),
        None => Err(Rejected::Malformed),
    }
}
