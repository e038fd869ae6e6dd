//! A cookie's name and attributes, and which of them do not work.

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
    /// Also when somebody follows a link from another site.
    Lax,
    /// Always. Browsers demand `Secure`.
    None,
}

/// A name's prefix, which browsers enforce (RFC 6265bis, section 4.1.3; Chromium since 140 the two with `Http`).
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
    /// `__Secure-`: only with `Secure`, from a secure incoming.
    Secure,
    /// `__Host-`: moreover only with `Path=/` and without a domain, so that no other host can set it.
    Host,
    /// `__Http-`: as `__Secure-`, and only with `HttpOnly`, so that no script can set it.
    Http,
    /// `__Host-Http-`: as `__Host-`, and only with `HttpOnly`.
    HostHttp,
}

impl Prefix {
    /// The longer ones first.
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

    /// The prefix of a name as it is sent, and what follows.
    pub(crate) fn split(name: &str) -> (Self, &str) {
        let found = Self::ALL
            .into_iter()
            .find_map(|prefix| Some((prefix, name.strip_prefix(prefix.text())?)));
        found.unwrap_or((Self::None, name))
    }

    /// The prefix that browsers see, who look for one without regard to case.
    fn enforced(name: &str) -> Self {
        let begins = |prefix: &Self| {
            let text = prefix.text();
            name.get(..text.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(text))
        };
        Self::ALL.into_iter().find(begins).unwrap_or(Self::None)
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
    /// The name as it is sent.
    pub(crate) fn full_name(&self) -> String {
        format!("{}{}", self.prefix.text(), self.name)
    }

    /// What browsers refuse, and what no Cookie header can bring back, cannot be built.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        match self.wrong() {
            Some((setting, problem)) => Err(ConfigError::Cookie { setting, problem }),
            None => Ok(()),
        }
    }

    fn wrong(&self) -> Option<(&'static str, String)> {
        self.wrong_name().or_else(|| self.wrong_domain()).or_else(|| self.wrong_path()).or_else(|| {
            let enforced = Prefix::enforced(&self.full_name());
            let needs_secure = [
                (enforced != Prefix::None, "the prefix of its name"),
                (self.same_site == Some(SameSite::None), "SameSite=None"),
                (self.partitioned, "Partitioned"),
            ];
            if let Some((_, by)) = needs_secure.iter().find(|(needed, _)| *needed && !self.secure) {
                let off = "needs Secure, which is off (as with insecure_plain_http)";
                return Some((SECURE, format!("browsers refuse the cookie: {by} {off}")));
            }
            (enforced.needs_http_only() && !self.http_only).then(|| {
                let problem =
                    "browsers refuse the cookie: the prefix of its name needs HttpOnly, which is off";
                (HTTP_ONLY, problem.to_owned())
            })
        })
    }

    fn wrong_name(&self) -> Option<(&'static str, String)> {
        let name = &self.name;
        let why = if name.is_empty() {
            "it is empty"
        } else if name.bytes().any(|byte| byte.is_ascii_control()) {
            "it has a control character"
        } else if name.contains([';', '=']) {
            "name and value would end elsewhere"
        } else if name.starts_with(' ') && self.prefix == Prefix::None || name.ends_with(' ') {
            "browsers take the space at its end away"
        } else if self.full_name().len() > LONGEST_ATTRIBUTE {
            return Some((
                NAME,
                "it is longer than 1024 of the 4096 octets that name and value have".to_owned(),
            ));
        } else {
            return None;
        };
        Some((
            NAME,
            format!("{name:?} is no cookie name, since {why}: use letters, digits, '-' and '_'"),
        ))
    }

    fn wrong_domain(&self) -> Option<(&'static str, String)> {
        let domain = self.domain.as_deref()?;
        if Prefix::enforced(&self.full_name()).needs_host() {
            let problem = "a __Host- cookie has no domain: remove it, or choose Prefix::Secure";
            return Some((DOMAIN, problem.to_owned()));
        }
        let label = |label: &str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        let works = domain.is_empty() || (domain.split('.').all(label) && domain.len() <= 253);
        let problem = "is no host name: write it in ASCII (IDNA), without scheme, port or spaces";
        (!works).then(|| (DOMAIN, format!("{domain:?} {problem}")))
    }

    fn wrong_path(&self) -> Option<(&'static str, String)> {
        let path = &self.path;
        if !path.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b';') {
            let problem = "is in no request as it stands, so the cookie would not come back: percent-encode spaces, ';' \
                           and what is not ASCII";
            return Some((PATH, format!("{path:?} {problem}")));
        }
        if path.len() > LONGEST_ATTRIBUTE {
            return Some((
                PATH,
                "browsers ignore a path of more than 1024 octets".to_owned(),
            ));
        }
        (Prefix::enforced(&self.full_name()).needs_host() && path != "/").then(|| {
            let problem =
                "a __Host- cookie has the path \"/\": remove the path, or choose Prefix::Secure";
            (PATH, problem.to_owned())
        })
    }

    /// What browsers keep, and what is doubtful all the same.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = Warning> {
        let name = self.full_name();
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        let ((exact, rest), enforced) = (Prefix::split(&name), Prefix::enforced(&name));
        let label = |label: &str| label.starts_with('-') || label.contains('_');
        let domain = self.domain.as_deref();
        let quoted = |text: &str, problem: &str| format!("{text:?} {problem}");
        [
            (!name.bytes().all(token)).then(|| {
                let problem = "is no token (RFC 9110): browsers keep such a name, but other software may read it \
                               otherwise, or not at all; use letters, digits, '-' and '_'";
                (NAME, quoted(&name, problem))
            }),
            (exact != enforced).then(|| {
                let problem = "begins with a prefix in another case: not everything that knows it heeds it so; write";
                (NAME, quoted(&name, &format!("{problem} {:?}", enforced.text())))
            }),
            (exact == enforced && Prefix::enforced(rest) != Prefix::None).then(|| {
                let problem = "has two prefixes, of which the first counts alone: name it without, and choose a Prefix";
                (NAME, quoted(&name, problem))
            }),
            domain.filter(|domain| domain.is_empty()).map(|_| {
                (DOMAIN, "an empty domain stands for this host alone: leave it out".to_owned())
            }),
            domain.filter(|domain| domain.split('.').any(label)).map(|domain| {
                let problem = "is no host name by RFC 1123, for its '_', or the '-' in front: browsers keep the cookie, but \
                               other software may not";
                (DOMAIN, quoted(domain, problem))
            }),
            (!self.path.starts_with('/')).then(|| {
                let problem = "does not begin with '/': browsers put the folder of each request in its place, so there are \
                               several cookies";
                (PATH, quoted(&self.path, problem))
            }),
        ]
        .into_iter()
        .flatten()
        .map(|(setting, problem)| Warning::Cookie { setting, problem })
    }
}
