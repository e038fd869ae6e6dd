//! The cookie: find ours in the request, render Set-Cookie.
//!
//! Reading follows RFC 6265bis, section 5.7.3, and nothing more: split at `;`, trim space and tab, compare the name byte
//! by byte. No percent, no quotes, no other whitespace (a Unicode trim would let U+2000 `__Host-x` pass for `__Host-x`).

use http::HeaderValue;

use crate::error::{ConfigError, Error};

/// The attribute SameSite (RFC 6265bis, section 5.6.7).
///
/// ```
/// use session_core::{SameSite, Sessions};
///
/// let flask = |same_site| Sessions::flask_builder("dev").same_site(same_site).build();
/// assert!(flask(SameSite::Strict).is_ok() && flask(SameSite::Lax).is_ok());
/// assert!(flask(SameSite::None).is_err()); // Flask's default is without Secure
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// Sent with requests from the same site only.
    Strict,
    /// Also when somebody follows a link from another site.
    Lax,
    /// Always. Browsers demand `Secure`.
    None,
}

/// A name's prefix, which browsers enforce (RFC 6265bis, section 4.1.3).
///
/// ```
/// use session_core::{Prefix, Sessions};
///
/// for (prefix, name) in
///     [(Prefix::None, "id"), (Prefix::Secure, "__Secure-id"), (Prefix::Host, "__Host-id")]
/// {
///     let builder = Sessions::flask_builder("dev").cookie_name("id").secure(true);
///     assert_eq!(builder.prefix(prefix).build().unwrap().cookie_name(), name);
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    /// No prefix.
    None,
    /// `__Secure-`: only with `Secure`, from a secure origin.
    Secure,
    /// `__Host-`: moreover only with `Path=/` and without a domain, so that no other host can set it.
    Host,
}

impl Prefix {
    const fn text(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Secure => "__Secure-",
            Self::Host => "__Host-",
        }
    }

    /// The prefix of a name as it is sent, and what follows.
    pub(crate) fn split(name: &str) -> (Self, &str) {
        for prefix in [Self::Secure, Self::Host] {
            if let Some(rest) = name.strip_prefix(prefix.text()) {
                return (prefix, rest);
            }
        }
        (Self::None, name)
    }
}

/// A cookie's name and attributes.
#[derive(Debug, Clone)]
pub(crate) struct Attributes {
    pub(crate) prefix: Prefix,
    pub(crate) name: String,
    pub(crate) domain: Option<String>,
    pub(crate) path: String,
    pub(crate) secure: bool,
    pub(crate) http_only: bool,
    pub(crate) same_site: Option<SameSite>,
    pub(crate) partitioned: bool,
}

/// Attributes longer than this are ignored by browsers (RFC 6265bis, section 5.6).
const LONGEST_ATTRIBUTE: usize = 1024;

impl Attributes {
    /// What browsers refuse, drop or misread cannot be built.
    fn check(&self) -> Result<(), ConfigError> {
        let refuse =
            |setting, problem: &str| Err(ConfigError::Cookie { setting, problem: problem.to_owned() });
        const NAME: &str = "SESSION_COOKIE_NAME";
        const DOMAIN: &str = "SESSION_COOKIE_DOMAIN";
        const PATH: &str = "SESSION_COOKIE_PATH";
        const SECURE: &str = "SESSION_COOKIE_SECURE";
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        let lower = self.name.to_ascii_lowercase();
        if self.name.is_empty() || !self.name.bytes().all(token) {
            return refuse(
                NAME,
                &format!("{:?} is no cookie name: use letters, digits, '-' and '_'", self.name),
            );
        }
        if self.name.len() > LONGEST_ATTRIBUTE {
            return refuse(NAME, "the name is longer than 1024 octets");
        }
        // Browsers look for prefixes without regard to case, and a prefix within a prefix means nothing.
        if lower.starts_with("__host-") || lower.starts_with("__secure-") || lower.starts_with("__http-") {
            let problem = format!(
                "{:?} begins with a cookie prefix that is nested, miscased or unknown: name it without prefix and \
                 choose Prefix::Host or Prefix::Secure (in a configuration: exactly \"__Host-\" or \"__Secure-\")",
                self.name
            );
            return refuse(NAME, &problem);
        }
        if let Some(domain) = &self.domain {
            let label = |label: &str| {
                !label.is_empty()
                    && !label.starts_with('-')
                    && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            };
            if !domain.split('.').all(label) || domain.len() > 253 {
                return refuse(
                    DOMAIN,
                    &format!(
                        "{domain:?} is no host name: write it in ASCII (IDNA), without scheme, port or spaces"
                    ),
                );
            }
            if self.prefix == Prefix::Host {
                return refuse(DOMAIN, "a __Host- cookie has no domain: remove it, or choose Prefix::Secure");
            }
        }
        let in_path = |b: u8| (0x21..0x7f).contains(&b) && b != b';' && b != b',';
        if !self.path.starts_with('/')
            || !self.path.bytes().all(in_path)
            || self.path.len() > LONGEST_ATTRIBUTE
        {
            return refuse(
                PATH,
                &format!(
                    "{:?} is no cookie path: begin with '/', percent-encode spaces, ';' and ','",
                    self.path
                ),
            );
        }
        if self.prefix == Prefix::Host && self.path != "/" {
            return refuse(
                PATH,
                "a __Host- cookie has the path \"/\": remove the path, or choose Prefix::Secure",
            );
        }
        let needs_secure = [
            (self.prefix != Prefix::None, "the prefix of its name"),
            (self.same_site == Some(SameSite::None), "SameSite=None"),
            (self.partitioned, "Partitioned"),
        ];
        for (needed, by) in needs_secure {
            if needed && !self.secure {
                return refuse(
                    SECURE,
                    &format!(
                        "browsers refuse the cookie: {by} needs Secure, which is off (as with insecure_plain_http)"
                    ),
                );
            }
        }
        Ok(())
    }
}

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
        let name = format!("{}{}", attributes.prefix.text(), attributes.name);
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
        Ok(Self { start: name + "=", attributes, removal })
    }

    pub(crate) fn name(&self) -> &str {
        &self.start[..self.start.len() - 1]
    }

    /// The values of our cookies, in order, of one Cookie header.
    pub(crate) fn find<'a>(&'a self, header: &'a HeaderValue) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = Some(header.as_bytes());
        let pairs = std::iter::from_fn(move || {
            let text = rest?;
            let end = memchr::memchr(b';', text);
            rest = end.map(|end| &text[end + 1..]);
            Some(end.map_or(text, |end| &text[..end]))
        });
        let name = self.name().as_bytes();
        // A name has no `=`, so where ours stands in front of one, that is the first. Most others differ in their first byte,
        // which costs no call.
        pairs.filter_map(move |pair| {
            let pair = trim_start(pair);
            let rest = if pair.first() == name.first() { pair.strip_prefix(name)? } else { return None };
            Some(trim(trim_start(rest).strip_prefix(b"=")?))
        })
    }

    /// What stands around the value in Set-Cookie.
    pub(crate) fn around(&self, expiry: Expiry) -> Around<'_> {
        let expiry = match expiry {
            Expiry::Browser => 0,
            Expiry::MaxAge(seconds) => MAX_AGE.len() + itoa::Buffer::new().format(seconds).len(),
            Expiry::Expires(_) => "; Expires=Thu, 01 Jan 1970 00:00:00 GMT".len(),
        };
        Around { before: &self.start, after: self.attributes.len() + expiry }
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
                let at = crate::tagged::DateTime::from(at.unwrap_or(std::time::UNIX_EPOCH));
                header.extend_from_slice(format!("; Expires={at}").as_bytes());
            }
        }
        let mut header = HeaderValue::try_from(header).map_err(|_| Error::TooManyHeaders("Set-Cookie"))?;
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

/// Without space and tab at both ends, and nothing else.
fn trim(bytes: &[u8]) -> &[u8] {
    let mut bytes = trim_start(bytes);
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

fn trim_start(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
#[path = "cookie_tests.rs"]
mod tests;
