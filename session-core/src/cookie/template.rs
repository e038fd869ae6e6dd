//! The renderer of Set-Cookie, for setting and for removing.
//!
//! ```text
//! Set-Cookie: name=value; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=...
//!             name       |------- attributes, fixed -----------| |- expiry -|
//! ```

use http::HeaderValue;

use crate::cookie::header::{Dialect, Values};
use crate::error::Error;
use crate::json::tagged::DateTime;

/// When a browser deletes the cookie.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expiry {
    /// When the browser is closed.
    Browser,
    /// After this number of seconds.
    MaxAge(u64),
    /// At this second, as Flask sends it.
    Expires(DateTime),
}

const MAX_AGE: &str = "; Max-Age=";
pub(super) const EXPIRES: &str = "; Expires=";
pub(super) const EPOCH: &str = "Thu, 01 Jan 1970 00:00:00 GMT";

/// The bytes of name and value that a browser accepts (RFC 6265bis, section 5.7).
pub(crate) const LARGEST: usize = 4096;

/// The fixed texts of a cookie.
#[derive(Debug, Clone)]
pub(crate) struct CookieTemplate {
    /// The name, with its prefix.
    pub(crate) name: String,
    /// `; HttpOnly; SameSite=Lax; ..`
    pub(super) attributes: String,
    /// The Set-Cookie that deletes the cookie.
    pub(crate) removal: HeaderValue,
}

impl CookieTemplate {
    /// Returns the values of our cookies in one Cookie header, in their order.
    pub(crate) fn find<'a>(&self, header: &'a HeaderValue, dialect: Dialect) -> Values<'_, 'a> {
        Values {
            name: self.name.as_bytes(),
            rest: Some(header.as_bytes()),
            dialect,
        }
    }

    /// Returns where a value is written. A browser must accept name and value, and the whole header must keep to `limit`.
    pub(crate) fn target(&self, expiry: Expiry, limit: Option<usize>) -> Target<'_> {
        let mut budget = LARGEST.saturating_sub(self.name.len());
        if let Some(limit) = limit {
            budget = budget.min(limit.saturating_sub(self.header_len(0, expiry)));
        }
        Target {
            cookie: self,
            expiry,
            budget,
        }
    }

    /// Returns the length of Set-Cookie with a value of this length.
    pub(crate) fn header_len(&self, value: usize, expiry: Expiry) -> usize {
        let expiry = match expiry {
            Expiry::Browser => 0,
            Expiry::MaxAge(seconds) => MAX_AGE.len() + itoa::Buffer::new().format(seconds).len(),
            Expiry::Expires(_) => EXPIRES.len() + EPOCH.len(),
        };
        self.name.len() + 1 + value + self.attributes.len() + expiry
    }

    /// Completes `name=value` to Set-Cookie.
    pub(crate) fn finish(&self, mut header: Vec<u8>, expiry: Expiry) -> Result<HeaderValue, Error> {
        header.extend_from_slice(self.attributes.as_bytes());
        match expiry {
            Expiry::Browser => {}
            Expiry::MaxAge(seconds) => {
                header.extend_from_slice(MAX_AGE.as_bytes());
                header.extend_from_slice(itoa::Buffer::new().format(seconds).as_bytes());
            }
            Expiry::Expires(at) => {
                header.extend_from_slice(format!("{EXPIRES}{at}").as_bytes());
            }
        }
        let Ok(mut header) = HeaderValue::try_from(header) else {
            return Err(Error::TooManyHeaders("Set-Cookie"));
        };
        header.set_sensitive(true);
        Ok(header)
    }

    /// Returns an error if a size of this cookie is above the limit.
    pub(crate) fn check_size(&self, size: usize, limit: usize) -> Result<(), Error> {
        if size <= limit {
            return Ok(());
        }
        Err(Error::TooLarge {
            name: self.name.clone(),
            size,
            limit,
        })
    }
}

/// Where a format writes a value.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    cookie: &'a CookieTemplate,
    expiry: Expiry,
    /// The longest value that should be written.
    pub(crate) budget: usize,
}

impl Target<'_> {
    /// Returns `name=`, with capacity for exactly a value of this length, the attributes and the expiry. `http` takes such a
    /// text over as it is; for any other it allocates once more.
    pub(crate) fn begin(self, value: usize) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.cookie.header_len(value, self.expiry));
        text.extend_from_slice(self.cookie.name.as_bytes());
        text.push(b'=');
        text
    }

    /// Returns the position of the value in the text.
    pub(crate) fn value_start(self) -> usize {
        self.cookie.name.len() + 1
    }
}
