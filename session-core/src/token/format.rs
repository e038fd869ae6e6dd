//! The formats of a cookie, and which one reads a cookie.
//!
//! The configuration decides which formats are accepted. If two are, the dots of the cookie select one of them, and no other is
//! tried afterwards. A cookie names no algorithm and no key.
//!
//! | configured | also accepted, until a time | a cookie with dots | a cookie without dots |
//! |---|---|---|---|
//! | signed | | signed | signed: rejected |
//! | signed | encrypted | signed | encrypted |
//! | encrypted | | encrypted: rejected | encrypted |
//! | encrypted | signed | signed | encrypted |
//! | Flask's | | Flask's | Flask's: rejected |

use crate::cookie::template::Target;
use crate::data::map::Map;
use crate::env::EntropyError;
use crate::error::Rejected;
use crate::token::aead::{Cipher, NONCE};
use crate::token::content::Content;
use crate::token::lifetime::Lifetime;
use crate::token::mac::{Freshness, Signer};
use crate::token::stamp::Stamp;
use crate::token::{encrypted, flask, signed};

/// A configured format, with its keys.
#[derive(Clone)]
pub(crate) enum Format {
    Signed(Signer),
    Encrypted(Box<Cipher>),
    Flask(Signer),
}

impl Format {
    /// Writes `name=value` of a cookie with this content. The value keeps to the budget if it can.
    ///
    /// # Errors
    /// An encrypted cookie needs a nonce.
    pub(crate) fn write(
        &self,
        target: Target<'_>,
        content: Content<'_>,
        nonce: Option<[u8; NONCE]>,
    ) -> Result<Vec<u8>, EntropyError> {
        match self {
            Self::Signed(signer) => Ok(signed::write(signer, target, content)),
            Self::Encrypted(cipher) => {
                let nonce = nonce.ok_or(EntropyError)?;
                Ok(encrypted::write(cipher, target, content, nonce))
            }
            Self::Flask(signer) => Ok(flask::write(signer, target, content)),
        }
    }
}

/// The format that is written, and another one that is read until a time.
#[derive(Clone)]
pub(crate) struct Formats {
    pub(crate) current: Format,
    pub(crate) also_accepted: Option<(Format, u64)>,
}

impl Formats {
    /// Opens a cookie.
    pub(crate) fn open(
        &self,
        cookie: &[u8],
        lifetime: &Lifetime,
        now: u64,
        stamp: &mut Stamp,
        map: &mut Map,
    ) -> Result<Freshness, Rejected> {
        // The dots decide before anything is computed: a signed cookie has them, an encrypted one has none. A failure of one format never leads to an attempt with the other.
        let (mut format, mut is_current) = (&self.current, true);
        if let Some((other, until)) = &self.also_accepted
            && now < *until
            && cookie.contains(&b'.') == matches!(other, Format::Signed(_))
        {
            (format, is_current) = (other, false);
        }
        let freshness = match format {
            Format::Signed(signer) => signed::open(signer, cookie, lifetime, now, stamp, map)?,
            Format::Encrypted(cipher) => {
                encrypted::open(cipher, cookie, lifetime, now, stamp, map)?
            }
            Format::Flask(signer) => flask::open(signer, cookie, lifetime, now, stamp, map)?,
        };
        Ok(if is_current {
            freshness
        } else {
            Freshness::Outdated
        })
    }
}
