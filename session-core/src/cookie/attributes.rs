//! A cookie's name and attributes, and the check of them.

use crate::error::config::{ConfigError, Warning};

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
    /// Also sent when a user follows a link from another site.
    Lax,
    /// Always sent. Browsers require `Secure`.
    None,
}

/// A prefix of the cookie's name, which browsers enforce (RFC 6265bis, section 4.1.3; the two with `Http` Chromium since 140).
///
/// ```
/// use session_core::{Prefix, Sessions};
///
/// for (prefix, name) in [
///     (Prefix::None, "id"),
///     (Prefix::Secure, "__Secure-id"),
///     (Prefix::Host, "__Host-id"),
///     (Prefix::Http, "__Http-id"),
///     (Prefix::HostHttp, "__Host-Http-id"),
/// ] {
///     let builder = Sessions::flask_builder("dev").cookie_name("id").secure(true);
///     assert_eq!(builder.prefix(prefix).build().unwrap().cookie_name(), name);
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    /// No prefix.
    None,
    /// `__Secure-`: accepted only with `Secure`, from a secure origin.
    Secure,
    /// `__Host-`: as `__Secure-`, and only with `Path=/` and without a domain, so that no other host can set it.
    Host,
    /// `__Http-`: as `__Secure-`, and only with `HttpOnly`, so that no script can set it.
    Http,
    /// `__Host-Http-`: as `__Host-`, and only with `HttpOnly`.
    HostHttp,
}

impl Prefix {
    // The longer ones first: `__Host-Http-` begins with `__Host-`.
    const ALL: [Self; 4] = [Self::HostHttp, Self::Host, Self::Secure, Self::Http];

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Secure => "__Secure-",
            Self::Host => "__Host-",
            Self::Http => "__Http-",
            Self::HostHttp => "__Host-Http-",
        }
    }

    /// Splits a name as it is sent into its prefix and the rest.
    pub(crate) fn split(name: &str) -> (Self, &str) {
        for prefix in Self::ALL {
            if let Some(rest) = name.strip_prefix(prefix.text()) {
                return (prefix, rest);
            }
        }
        (Self::None, name)
    }

    /// Returns the prefix that browsers enforce. They compare without regard to case.
    pub(crate) fn enforced(name: &str) -> Self {
        for prefix in Self::ALL {
            let text = prefix.text();
            let start = name.get(..text.len());
            if start.is_some_and(|start| start.eq_ignore_ascii_case(text)) {
                return prefix;
            }
        }
        Self::None
    }

    fn needs_host(self) -> bool {
        matches!(self, Self::Host | Self::HostHttp)
    }

    fn needs_http_only(self) -> bool {
        matches!(self, Self::Http | Self::HostHttp)
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

const NAME: &str = "SESSION_COOKIE_NAME";
const DOMAIN: &str = "SESSION_COOKIE_DOMAIN";
const PATH: &str = "SESSION_COOKIE_PATH";
const SECURE: &str = "SESSION_COOKIE_SECURE";
const HTTP_ONLY: &str = "SESSION_COOKIE_HTTPONLY";

impl Attributes {
    /// Returns the name as it is sent.
    pub(crate) fn full_name(&self) -> String {
        format!("{}{}", self.prefix.text(), self.name)
    }

    /// Refuses a cookie that browsers refuse, or that no Cookie header can bring back.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        match self.wrong() {
            Some((setting, problem)) => Err(ConfigError::Cookie { setting, problem }),
            None => Ok(()),
        }
    }

    /// Returns the first setting that is wrong, and the problem.
    fn wrong(&self) -> Option<(&'static str, String)> {
        if let Some(problem) = self.wrong_name() {
            return Some((NAME, problem));
        }
        if let Some(problem) = self.wrong_domain() {
            return Some((DOMAIN, problem));
        }
        if let Some(problem) = self.wrong_path() {
            return Some((PATH, problem));
        }
        // Browsers drop a cookie without the attributes that its prefix or another attribute needs.
        let enforced = Prefix::enforced(&self.full_name());
        let needs_secure = [
            (
                enforced != Prefix::None,
                "the prefix of its name",
                "; browsers take such a cookie from localhost over plain HTTP too; for plain HTTP on another host set \
                 SESSION_INSECURE_PLAIN_HTTP to true (Builder::insecure_plain_http), which removes Secure and the prefix",
            ),
            (
                self.same_site == Some(SameSite::None),
                "SameSite=None",
                ", or choose SameSite=Lax; SESSION_INSECURE_PLAIN_HTTP turns it off",
            ),
            (
                self.partitioned,
                "Partitioned",
                ", or leave Partitioned out; SESSION_INSECURE_PLAIN_HTTP turns it off",
            ),
        ];
        for (needed, by, remedy) in needs_secure {
            if needed && !self.secure {
                let off = "needs Secure, which is off: turn it on";
                let problem = format!("browsers refuse the cookie: {by} {off}{remedy}");
                return Some((SECURE, problem));
            }
        }
        if enforced.needs_http_only() && !self.http_only {
            let problem = "browsers refuse the cookie: the prefix of its name needs HttpOnly, which is off: turn it on";
            return Some((HTTP_ONLY, problem.to_owned()));
        }
        None
    }

    fn wrong_name(&self) -> Option<String> {
        let name = &self.name;
        let problem = if name.is_empty() {
            "it is empty"
        } else if name.bytes().any(|byte| byte.is_ascii_control()) {
            "it has a control character"
        } else if name.contains([';', '=']) {
            "name and value would end elsewhere"
        } else if name.starts_with(' ') && self.prefix == Prefix::None || name.ends_with(' ') {
            "browsers remove the space at its end"
        } else if self.full_name().len() > LONGEST_ATTRIBUTE {
            let problem = "it is longer than 1024 of the 4096 bytes that name and value have";
            return Some(problem.to_owned());
        } else {
            return None;
        };
        Some(format!(
            "{name:?} is no cookie name, since {problem}: use letters, digits, '-' and '_'"
        ))
    }

    fn wrong_domain(&self) -> Option<String> {
        let domain = self.domain.as_deref()?;
        if Prefix::enforced(&self.full_name()).needs_host() {
            let problem = "a __Host- cookie has no domain: remove it, or choose Prefix::Secure (with the name __Secure-session in \
                           SESSION_COOKIE_NAME)";
            return Some(problem.to_owned());
        }
        // An empty domain is this host, see `warnings`.
        if domain.is_empty() || (domain.split('.').all(is_label) && domain.len() <= 253) {
            return None;
        }
        let problem = "is no host name: write it in ASCII (IDNA), without scheme, port or spaces";
        Some(format!("{domain:?} {problem}"))
    }

    fn wrong_path(&self) -> Option<String> {
        let path = &self.path;
        // A browser compares the path byte by byte with that of a request, which is percent-encoded.
        if !path.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b';') {
            let problem = "is in no request as it is, so the cookie would not come back: percent-encode spaces, ';' \
                           and what is not ASCII";
            return Some(format!("{path:?} {problem}"));
        }
        if path.len() > LONGEST_ATTRIBUTE {
            return Some("browsers ignore a path of more than 1024 bytes".to_owned());
        }
        if Prefix::enforced(&self.full_name()).needs_host() && path != "/" {
            let problem = "a __Host- cookie has the path \"/\": remove the path, or choose Prefix::Secure (with the name \
                 __Secure-session in SESSION_COOKIE_NAME)";
            return Some(problem.to_owned());
        }
        None
    }

    /// Returns warnings about settings that browsers accept and that are doubtful all the same.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = Warning> {
        let mut warnings = Vec::new();
        self.warn_of_name(&mut warnings);
        if let Some(domain) = self.domain.as_deref() {
            if domain.is_empty() {
                let problem = "an empty domain stands for this host alone: leave it out";
                warnings.push(warning(DOMAIN, problem.to_owned()));
            }
            if domain.split('.').any(is_doubtful_label) {
                let problem = "is no host name by RFC 1123, for its '_', or the '-' in front: browsers accept the cookie, but \
                               other software may not";
                warnings.push(warning(DOMAIN, format!("{domain:?} {problem}")));
            }
        }
        if !self.path.starts_with('/') {
            let problem = "does not begin with '/': browsers put the folder of each request in its place, so there are \
                           several cookies";
            warnings.push(warning(PATH, format!("{:?} {problem}", self.path)));
        }
        warnings.into_iter()
    }

    fn warn_of_name(&self, warnings: &mut Vec<Warning>) {
        let name = self.full_name();
        let ((exact, rest), enforced) = (Prefix::split(&name), Prefix::enforced(&name));
        if !name.bytes().all(is_token) {
            let problem = "is no token (RFC 9110): browsers accept such a name, but other software may read it \
                           otherwise, or not at all; use letters, digits, '-' and '_'";
            warnings.push(warning(NAME, format!("{name:?} {problem}")));
        }
        // Browsers enforce a prefix in any case, other software perhaps not.
        if exact != enforced {
            let problem =
                "begins with a prefix in another case, which not all software enforces; write";
            let prefix = enforced.text();
            warnings.push(warning(NAME, format!("{name:?} {problem} {prefix:?}")));
        } else if Prefix::enforced(rest) != Prefix::None {
            let problem = "has two prefixes, of which only the first has an effect: name it without, and choose a Prefix";
            warnings.push(warning(NAME, format!("{name:?} {problem}")));
        }
    }
}

fn warning(setting: &'static str, problem: String) -> Warning {
    Warning::Cookie { setting, problem }
}

/// A character of a token (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_label(label: &str) -> bool {
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    !label.is_empty() && label.bytes().all(is_part)
}

/// A label that RFC 1123 does not allow.
fn is_doubtful_label(label: &str) -> bool {
    label.starts_with('-') || label.contains('_')
}
