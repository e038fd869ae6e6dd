//! A cookie that is being renamed.

use std::time::SystemTime;

use crate::cookie::attributes::{Attributes, Prefix};
use crate::cookie::template::CookieTemplate;
use crate::env::unix;
use crate::error::config::ConfigError;

/// The name that the session cookie had before, while browsers still hold it: the way towards a name with the prefix
/// `__Host-` on which nobody is logged out. For [`Builder::renamed_from`](crate::Builder::renamed_from).
///
/// Until the second `renamed` the old name is the one that is written, so that all servers can be told before it; from then on
/// the new one. The old name is read only where the new one is absent, and only a session that was created before `renamed`:
/// what came later under the old name is no session of ours, but perhaps planted by a neighbouring host, which the prefix is to
/// prevent. A session under the old name is written under the new one when it is next written at all, and the old cookie is
/// deleted with it. Once all have expired, take the setting out.
///
/// ```
/// # use http::{HeaderMap, HeaderValue, header::{COOKIE, SET_COOKIE}};
/// # use std::time::{Duration, UNIX_EPOCH};
/// # use session_core::{OldCookie, Prefix, SecretKey, Session, Sessions, testing};
/// # let (key, time) = (SecretKey::generate().unwrap(), testing::ManualClock::at(1_700_000_000));
/// # let before = Sessions::builder(key.clone()).clock(time.clone()).prefix(Prefix::None).build().unwrap();
/// # let request = testing::request(&before, |session| session.insert("username", "ada")).unwrap();
/// # time.advance(Duration::from_secs(60));
/// # let builder = Sessions::builder(key).clock(time);
/// let renamed = UNIX_EPOCH + Duration::from_secs(1_700_000_060);
/// let sessions = builder.renamed_from(OldCookie::new("session", renamed)).build().unwrap();
///
/// let response = testing::respond(&sessions, &request, |session| session.insert("visits", 1)).unwrap();
/// let cookies: Vec<&str> = response.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap()).collect();
/// assert!(cookies[0].starts_with("__Host-session=") && testing::reopen(&sessions, &response).len() == 2);
/// assert!(cookies[1].starts_with("session=; ") && cookies[1].contains("Max-Age=0"));
/// ```
#[derive(Debug, Clone)]
pub struct OldCookie {
    name: String,
    domain: Option<String>,
    path: String,
    renamed: SystemTime,
}

impl OldCookie {
    /// The old name as it was sent, with its prefix if it had one. Its path was `/`, and it had no domain.
    ///
    /// ```
    /// # use session_core::{OldCookie, SecretKey, Sessions};
    /// # let key = SecretKey::generate().unwrap();
    /// let same = OldCookie::new("__Host-session", std::time::SystemTime::now());
    /// assert!(Sessions::builder(key).renamed_from(same).build().is_err()); // that is its name now
    /// ```
    #[must_use]
    pub fn new(name: impl Into<String>, renamed: SystemTime) -> Self {
        Self {
            name: name.into(),
            domain: None,
            path: "/".to_owned(),
            renamed,
        }
    }

    /// The domain that it had: without it, a browser would not delete it.
    ///
    /// ```
    /// # use session_core::{OldCookie, SecretKey, Sessions};
    /// # let (key, renamed) = (SecretKey::generate().unwrap(), std::time::SystemTime::now());
    /// let old = OldCookie::new("session", renamed).domain("example.com");
    /// assert!(Sessions::builder(key).renamed_from(old).build().is_ok());
    /// ```
    #[must_use]
    pub fn domain(self, domain: impl Into<String>) -> Self {
        Self {
            domain: Some(domain.into()),
            ..self
        }
    }

    /// The path that it had.
    ///
    /// ```
    /// # use session_core::{OldCookie, SecretKey, Sessions};
    /// # let (key, renamed) = (SecretKey::generate().unwrap(), std::time::SystemTime::now());
    /// let old = OldCookie::new("session", renamed).path("/shop");
    /// assert!(Sessions::builder(key).renamed_from(old).build().is_ok());
    /// ```
    #[must_use]
    pub fn path(self, path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            ..self
        }
    }

    /// Checked as the cookie's own attributes are, of which it has all others.
    pub(crate) fn check(self, now: &Attributes, name: &str) -> Result<Old, ConfigError> {
        if self.name == name {
            let problem = format!("{name:?} is the cookie's name now: name the one before");
            return Err(ConfigError::Cookie {
                setting: "renamed_from",
                problem,
            });
        }
        let (prefix, rest) = Prefix::split(&self.name);
        let cookie = CookieTemplate::new(&Attributes {
            prefix,
            name: rest.to_owned(),
            domain: self.domain,
            path: self.path,
            ..now.clone()
        })?;
        Ok(Old {
            cookie,
            renamed: unix(self.renamed).as_secs(),
        })
    }
}

/// The cookie under its old name.
pub(crate) struct Old {
    pub(crate) cookie: CookieTemplate,
    /// Sessions that were created from this second on are not accepted under it.
    pub(crate) renamed: u64,
}
