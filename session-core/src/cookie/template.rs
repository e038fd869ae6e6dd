//! The cookie: find ours in the request, render Set-Cookie.

use std::borrow::Cow;

use http::HeaderValue;

use crate::cookie::attributes::{Attributes, SameSite};
use crate::cookie::header;
use crate::cookie::header::Dialect;
use crate::error::Error;
use crate::error::config::ConfigError;

/// When a browser forgets the cookie.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expiry {
    /// When it is closed.
    Browser,
    /// After so many seconds.
    MaxAge(u64),
    /// At that time, in unix seconds: as Flask sends it.
    Expires(u64),
}

/// The one renderer: the name in front and the attributes behind, made once.
#[derive(Debug, Clone)]
pub(crate) struct CookieTemplate {
    /// `name=`
    start: String,
    attributes: String,
    removal: HeaderValue,
}

impl CookieTemplate {
    pub(crate) fn new(attributes: &Attributes) -> Result<Self, ConfigError> {
        attributes.check()?;
        let name = attributes.full_name();
        let mut cookie = cookie::Cookie::build((&name, ""))
            .path(&attributes.path)
            .secure(attributes.secure)
            .http_only(attributes.http_only)
            .partitioned(attributes.partitioned);
        if let Some(same_site) = attributes.same_site {
            cookie = cookie.same_site(match same_site {
                SameSite::Strict => cookie::SameSite::Strict,
                SameSite::Lax => cookie::SameSite::Lax,
                SameSite::None => cookie::SameSite::None,
            });
        }
        if let Some(domain) = &attributes.domain {
            cookie = cookie.domain(domain);
        }
        // `name=; Attribute; ..`: the value goes in between.
        let rendered = cookie.build().to_string();
        let attributes = rendered[name.len() + 1..].to_owned();
        // The same attributes as when it was set, or the browser keeps it (RFC 6265bis, section 5.7).
        let removal = format!("{rendered}; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
        let mut removal = HeaderValue::try_from(removal).map_err(|_| ConfigError::Cookie {
            setting: "SESSION_COOKIE_*",
            problem: "it is no header".to_owned(),
        })?;
        removal.set_sensitive(true);
        Ok(Self {
            start: name + "=",
            attributes,
            removal,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.start[..self.start.len() - 1]
    }

    /// The values of our cookies, in order, of one Cookie header.
    pub(crate) fn find<'a>(
        &'a self,
        header: &'a HeaderValue,
        dialect: Dialect,
    ) -> impl Iterator<Item = Cow<'a, [u8]>> {
        header::values(self.name(), header, dialect)
    }

    /// What stands around the value in Set-Cookie.
    pub(crate) fn around(&self, expiry: Expiry) -> Around<'_> {
        let expiry = match expiry {
            Expiry::Browser => 0,
            Expiry::MaxAge(seconds) => MAX_AGE.len() + itoa::Buffer::new().format(seconds).len(),
            Expiry::Expires(_) => "; Expires=Thu, 01 Jan 1970 00:00:00 GMT".len(),
        };
        Around {
            before: &self.start,
            after: self.attributes.len() + expiry,
        }
    }

    /// Set-Cookie: `name=value` and the attributes.
    pub(crate) fn finish(&self, mut header: Vec<u8>, expiry: Expiry) -> Result<HeaderValue, Error> {
        header.extend_from_slice(self.attributes.as_bytes());
        match expiry {
            Expiry::Browser => {}
            Expiry::MaxAge(seconds) => {
                header.extend_from_slice(MAX_AGE.as_bytes());
                header.extend_from_slice(itoa::Buffer::new().format(seconds).as_bytes());
            }
            Expiry::Expires(at) => {
                // The last second that four digits can show.
                let at = std::time::UNIX_EPOCH
                    .checked_add(std::time::Duration::from_secs(at.min(253_402_300_799)));
                let at = crate::json::tagged::DateTime::from(at.unwrap_or(std::time::UNIX_EPOCH));
                header.extend_from_slice(format!("; Expires={at}").as_bytes());
            }
        }
        let mut header =
            HeaderValue::try_from(header).map_err(|_| Error::TooManyHeaders("Set-Cookie"))?;
        header.set_sensitive(true);
        Ok(header)
    }

    /// Deletes the cookie.
    pub(crate) fn removal(&self) -> HeaderValue {
        self.removal.clone()
    }
}

const MAX_AGE: &str = "; Max-Age=";

/// What stands around a value in Set-Cookie, so that the text gets the room that it needs, once: HTTP's header type takes it
/// as it is then, and would else allocate again.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    before: &'a str,
    after: usize,
}

/// The most that a browser keeps of name and value (RFC 6265bis, section 5.7).
pub(crate) const LARGEST: usize = 4096;

impl Around<'_> {
    /// The longest value for which name and value are kept by a browser, and the whole takes `limit` octets at most.
    pub(crate) fn room(self, limit: Option<usize>) -> usize {
        let name = self.before.len() - "=".len();
        let within_limit = limit.map_or(usize::MAX, |limit| limit.saturating_sub(self.length(0)));
        LARGEST.saturating_sub(name).min(within_limit)
    }

    /// Of the whole, with a value of this length.
    pub(crate) fn length(self, value: usize) -> usize {
        self.before.len() + value + self.after
    }

    /// Where the value starts in the text.
    pub(crate) fn value_start(self) -> usize {
        self.before.len()
    }

    /// The text with the beginning of a value, and room for `more` octets of the value and for the rest.
    pub(crate) fn start_with(self, value: &[u8], more: usize) -> Vec<u8> {
        let mut text = self.start(value.len() + more);
        text.extend_from_slice(value);
        text
    }

    /// The text up to the value, with room for the rest.
    pub(crate) fn start(self, value: usize) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.length(value));
        text.extend_from_slice(self.before.as_bytes());
        text
    }
}
