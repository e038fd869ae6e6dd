//! The cookie's previous name, while it is being renamed. The rules by which it is read are in `rules::open`.

use std::time::SystemTime;

use crate::cookie::attributes::{Attributes, Prefix};
use crate::cookie::template::CookieTemplate;
use crate::env::unix;
use crate::error::config::ConfigError;

/// The session cookie's previous name, while browsers still have cookies of that name. It is for
/// [`Builder::renamed_from`](crate::Builder::renamed_from): for example, it moves to a name with the prefix `__Host-` while all
/// users stay logged in.
///
/// Before the second `renamed` the previous name is written, so that all servers can be configured; from then on the current
/// name is. The previous name is read only if the request has no cookie of the current name, and only a session that was created
/// before `renamed` is accepted under it: a later one may have been planted by a neighbouring host, which the prefix prevents. The
/// next write of such a session moves it to the current name and deletes the previous cookie. Remove the setting once all
/// sessions under the previous name have expired.
///
/// ```
/// # use http::{HeaderMap, HeaderValue, header::{COOKIE, SET_COOKIE}};
/// # use std::time::{Duration, UNIX_EPOCH};
/// # use session_core::{PreviousCookie, Prefix, SecretKey, Session, Sessions, testing};
/// # let (key, time) = (SecretKey::generate().unwrap(), testing::ManualClock::at(1_700_000_000));
/// # let before = Sessions::builder(key.clone()).clock(time.clone()).prefix(Prefix::None).build().unwrap();
/// # let request = testing::request(&before, |session| session.insert("username", "ada")).unwrap();
/// # time.advance(Duration::from_secs(60));
/// # let builder = Sessions::builder(key).clock(time);
/// let renamed = UNIX_EPOCH + Duration::from_secs(1_700_000_060);
/// let sessions = builder.renamed_from(PreviousCookie::new("session", renamed)).build().unwrap();
///
/// let response = testing::respond(&sessions, &request, |session| session.insert("visits", 1)).unwrap();
/// let cookies: Vec<&str> = response.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap()).collect();
/// assert!(cookies[0].starts_with("__Host-session=") && testing::reopen(&sessions, &response).len() == 2);
/// assert!(cookies[1].starts_with("session=; ") && cookies[1].contains("Max-Age=0"));
/// ```
#[derive(Debug, Clone)]
pub struct PreviousCookie {
    name: String,
    domain: Option<String>,
    path: String,
    renamed: SystemTime,
}

impl PreviousCookie {
    /// Describes a cookie by its full name, with its prefix if it had one. Its path was `/`, and it had no domain.
    ///
    /// ```
    /// # use session_core::{PreviousCookie, SecretKey, Sessions};
    /// # let key = SecretKey::generate().unwrap();
    /// let same = PreviousCookie::new("__Host-session", std::time::SystemTime::now());
    /// assert!(Sessions::builder(key).renamed_from(same).build().is_err()); // this is its current name
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

    /// Sets the domain that the cookie had. A browser deletes the cookie only if this is right.
    ///
    /// ```
    /// # use session_core::{PreviousCookie, SecretKey, Sessions};
    /// # let (key, renamed) = (SecretKey::generate().unwrap(), std::time::SystemTime::now());
    /// let previous = PreviousCookie::new("session", renamed).domain("example.com");
    /// assert!(Sessions::builder(key).renamed_from(previous).build().is_ok());
    /// ```
    #[must_use]
    pub fn domain(self, domain: impl Into<String>) -> Self {
        Self {
            domain: Some(domain.into()),
            ..self
        }
    }

    /// Sets the path that the cookie had.
    ///
    /// ```
    /// # use session_core::{PreviousCookie, SecretKey, Sessions};
    /// # let (key, renamed) = (SecretKey::generate().unwrap(), std::time::SystemTime::now());
    /// let previous = PreviousCookie::new("session", renamed).path("/shop");
    /// assert!(Sessions::builder(key).renamed_from(previous).build().is_ok());
    /// ```
    #[must_use]
    pub fn path(self, path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            ..self
        }
    }

    /// Checks the name, domain and path. All other attributes are those of the current cookie.
    pub(crate) fn check(self, current: &Attributes, name: &str) -> Result<Previous, ConfigError> {
        if self.name == name {
            let problem = format!("{name:?} is the cookie's current name: set the previous one");
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
            ..current.clone()
        })?;
        Ok(Previous {
            cookie,
            renamed: unix(self.renamed).as_secs(),
        })
    }
}

/// The cookie under its previous name.
pub(crate) struct Previous {
    pub(crate) cookie: CookieTemplate,
    /// Sessions that were created in this second or later are not accepted under it.
    pub(crate) renamed: u64,
}
