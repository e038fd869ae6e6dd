//! A cookie's name and attributes, and which of them do not work.

use crate::error::ConfigError;

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
    pub(super) const fn text(self) -> &'static str {
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
    pub(super) fn check(&self) -> Result<(), ConfigError> {
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
