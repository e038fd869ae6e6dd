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

/// A configured format.
#[derive(Clone)]
pub(crate) enum Wire {
    Signed(Signer),
    Flask(Signer),
}

impl Wire {
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
