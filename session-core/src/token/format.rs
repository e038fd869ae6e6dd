//! The bytes of a cookie's value, one layer a file. What a value means is decided by the configuration alone: it names
//! no algorithm, no key and no format.

use crate::cookie::template::Around;
use crate::data::map::Map;
use crate::env::EntropyError;
use crate::error::Rejected;
use crate::token::aead::{Cipher, NONCE};
use crate::token::lifetime::Lifetime;
use crate::token::mac::{Freshness, Signer};
use crate::token::stamp::Stamp;
use crate::token::{encrypted, flask, signed};

/// A cookie's three parts, as itsdangerous lays them out; the payload may begin with a dot of its own.
#[derive(Clone, Copy)]
pub(crate) struct Segments<'a> {
    /// The first two: what is signed.
    pub(crate) signed: &'a [u8],
    pub(crate) payload: &'a [u8],
    pub(crate) stamp_text: &'a [u8],
    pub(crate) signature: &'a [u8],
}

impl<'a> Segments<'a> {
    /// Splits from the right. What is too long or of fewer parts costs no computation; nor does what is of another alphabet,
    /// which whoever decodes a part finds out.
    pub(crate) fn split(cookie: &'a [u8], longest: usize) -> Result<Self, Rejected> {
        if cookie.len() > longest {
            return Err(Rejected::TooLong);
        }
        // Without its last dot, in front of it and behind it.
        let split = |text: &'a [u8]| {
            memchr::memrchr(b'.', text).map(|dot| (&text[..dot], &text[dot + 1..]))
        };
        let (signed, signature) = split(cookie).ok_or(Rejected::Malformed)?;
        let (payload, stamp_text) = split(signed).ok_or(Rejected::Malformed)?;
        Ok(Self {
            signed,
            payload,
            stamp_text,
            signature,
        })
    }
}

/// What a cookie is to hold.
#[derive(Clone, Copy)]
pub(crate) struct Content<'a> {
    pub(crate) map: &'a Map,
    pub(crate) stamp: &'a Stamp,
    /// The cookie that came, if nobody has changed its session.
    pub(crate) unchanged: Option<&'a [u8]>,
}

impl<'a> Content<'a> {
    /// The payload that came: it goes back as it is. An encrypted cookie has none that could.
    pub(crate) fn payload(&self, longest: usize) -> Option<&'a [u8]> {
        Some(Segments::split(self.unchanged?, longest).ok()?.payload)
    }
}

/// A configured format, with its keys.
#[derive(Clone)]
pub(crate) enum Wire {
    Signed(Signer),
    Encrypted(Box<Cipher>),
    Flask(Signer),
}

impl Wire {
    fn open(
        &self,
        cookie: &[u8],
        lifetime: &Lifetime,
        now: u64,
        stamp: &mut Stamp,
        content: &mut Map,
    ) -> Result<Freshness, Rejected> {
        match self {
            Self::Signed(signer) => signed::open(signer, cookie, lifetime, now, stamp, content),
            Self::Encrypted(cipher) => {
                encrypted::open(cipher, cookie, lifetime, now, stamp, content)
            }
            Self::Flask(signer) => flask::open(signer, cookie, lifetime, now, stamp, content),
        }
    }

    /// `name=value` of a cookie with this content, the value if possible within `room` octets.
    pub(crate) fn write(
        &self,
        around: Around<'_>,
        content: Content<'_>,
        room: usize,
        nonce: impl FnOnce() -> Result<[u8; NONCE], EntropyError>,
    ) -> Result<Vec<u8>, EntropyError> {
        Ok(match self {
            Self::Signed(signer) => signed::write(signer, around, content, room),
            Self::Encrypted(cipher) => encrypted::write(cipher, around, content, nonce()?),
            Self::Flask(signer) => flask::write(signer, around, content, room),
        })
    }
}

/// The format that is written, and the other one of ours if it is read as well, until a time.
#[derive(Clone)]
pub(crate) struct Wires {
    pub(crate) written: Wire,
    pub(crate) also: Option<(Wire, u64)>,
}

impl Wires {
    /// Of the format that holds ids, which are signed.
    pub(crate) fn signer(&self) -> &Signer {
        match &self.written {
            Wire::Signed(signer) | Wire::Flask(signer) => signer,
            Wire::Encrypted(_) => unreachable!("ids are not encrypted"),
        }
    }

    /// Which format a cookie has is seen from its dots before anything is computed, never from a failure: the other one is
    /// read while it is declared, and not at all otherwise.
    pub(crate) fn open(
        &self,
        cookie: &[u8],
        lifetime: &Lifetime,
        now: u64,
        stamp: &mut Stamp,
        content: &mut Map,
    ) -> Result<Freshness, Rejected> {
        match &self.also {
            Some((other, until))
                if now < *until && has_dots(cookie) == matches!(other, Wire::Signed(_)) =>
            {
                other.open(cookie, lifetime, now, stamp, content)?;
                Ok(Freshness::Outdated)
            }
            _ => self.written.open(cookie, lifetime, now, stamp, content),
        }
    }
}

fn has_dots(cookie: &[u8]) -> bool {
    cookie.contains(&b'.')
}
