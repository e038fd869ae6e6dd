//! The bytes of a cookie's value, one layer a file. What a value means is decided by the configuration alone: it names
//! no algorithm, no key and no format.

pub(crate) mod base64;
pub(crate) mod flask;
pub(crate) mod json;
pub(crate) mod payload;
pub(crate) mod sign;
pub(crate) mod signed;
pub(crate) mod stamp;

use crate::error::Rejected;
use crate::lifetime::Lifetime;
use crate::map::Map;
use sign::Signer;
use stamp::Stamp;

/// A cookie that was accepted.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) map: Map,
    pub(crate) stamp: Stamp,
}

/// A cookie's three parts, as itsdangerous lays them out; the payload may begin with a dot of its own.
pub(crate) struct Segments<'a> {
    pub(crate) payload: &'a [u8],
    pub(crate) middle: &'a [u8],
    pub(crate) signature: &'a [u8],
}

impl<'a> Segments<'a> {
    /// Splits from the right. What is too long, of fewer parts or of another alphabet costs no computation.
    pub(crate) fn split(cookie: &'a [u8], longest: usize) -> Result<Self, Rejected> {
        if cookie.len() > longest {
            return Err(Rejected::TooLong);
        }
        let mut segments = cookie.rsplitn(3, |byte| *byte == b'.');
        let (signature, middle, payload) = (segments.next(), segments.next(), segments.next());
        let (Some(signature), Some(middle), Some(payload)) = (signature, middle, payload) else {
            return Err(Rejected::Malformed);
        };
        let digits = |segment: &[u8]| segment.iter().all(|byte| base64::is_digit(*byte));
        if !(digits(signature) && digits(middle) && payload::is_payload(payload)) {
            return Err(Rejected::Malformed);
        }
        Ok(Self { payload, middle, signature })
    }
}

/// A configured format.
#[derive(Clone)]
pub(crate) enum Wire {
    Signed(Signer),
    Flask(Signer),
}

impl Wire {
    pub(crate) fn signer(&self) -> &Signer {
        match self {
            Self::Signed(signer) | Self::Flask(signer) => signer,
        }
    }

    pub(crate) fn is_flask(&self) -> bool {
        matches!(self, Self::Flask(_))
    }

    pub(crate) fn open(&self, cookie: &[u8], lifetime: &Lifetime, now: u64) -> Result<Opened, Rejected> {
        match self {
            Self::Signed(signer) => signed::open(signer, cookie, lifetime, now),
            Self::Flask(signer) => flask::open(signer, cookie, lifetime, now),
        }
    }

    /// Appends the value of a cookie that holds `map` and `stamp`, if possible within `room` octets.
    pub(crate) fn write(&self, out: &mut String, map: &Map, stamp: &Stamp, room: usize) {
        match self {
            Self::Signed(signer) => signed::write(signer, out, map, stamp, room),
            Self::Flask(signer) => flask::write(signer, out, map, stamp.issued),
        }
    }
}
