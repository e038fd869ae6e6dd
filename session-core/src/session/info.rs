//! Facts about a session: its times, its cookie, its state.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::Rejected;
use crate::session::handle::Session;

impl Session {
    /// Returns why the request's cookie was rejected. `None` if it was accepted, or if there was none.
    ///
    /// ```
    /// # use http::{HeaderMap, HeaderValue, header::COOKIE};
    /// # use session_core::{Rejected, SecretKey, Sessions};
    /// # let sessions = Sessions::new(SecretKey::generate().unwrap());
    /// let forged = HeaderMap::from_iter([(COOKIE, HeaderValue::from_static("__Host-session=forged"))]);
    /// assert_eq!(sessions.open(&forged).rejected(), Some(Rejected::Malformed));
    /// assert_eq!(sessions.open(&HeaderMap::new()).rejected(), None);
    /// ```
    #[must_use]
    pub fn rejected(&self) -> Option<Rejected> {
        self.state().rejected(self.incoming())
    }

    /// Returns whether the store did not answer, so that the session is empty and takes no change. Only a handler that asks
    /// for its session on best effort sees this; for all others the response is 503.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// assert!(!session.is_unavailable()); // a cookie needs no store
    /// ```
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        self.incoming().loaded_from.is_unavailable()
    }

    /// Returns when this session began: at its first write, its last login or its last [`clear`](Self::clear). `None` in
    /// Flask's format, which does not store it.
    ///
    /// ```
    /// # use std::time::{Duration, UNIX_EPOCH};
    /// # use session_core::{SecretKey, Sessions, testing::{self, ManualClock}};
    /// # let (key, time) = (SecretKey::generate().unwrap(), ManualClock::at(1_700_000_000));
    /// # let sessions = Sessions::builder(key).clock(time.clone()).build().unwrap();
    /// let request = testing::request(&sessions, |session| session.insert("username", "ada")).unwrap();
    /// time.advance(Duration::from_secs(60));
    /// let then = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    /// assert_eq!(sessions.open(&request).created(), Some(then));
    /// ```
    #[must_use]
    pub fn created(&self) -> Option<SystemTime> {
        if self.is_flask() {
            return None;
        }
        Some(time(self.state().stamp.created))
    }

    /// Returns when the cookie was written from which this session was opened. `None` for a new session.
    ///
    /// ```
    /// # use std::time::{Duration, UNIX_EPOCH};
    /// # use session_core::{Session, SecretKey, Sessions, testing::{self, ManualClock}};
    /// # let (key, time) = (SecretKey::generate().unwrap(), ManualClock::at(1_700_000_000));
    /// # let sessions = Sessions::builder(key).clock(time.clone()).build().unwrap();
    /// let request = testing::request(&sessions, |session| session.insert("username", "ada")).unwrap();
    /// time.advance(Duration::from_secs(60));
    /// let response = testing::respond(&sessions, &request, Session::mark_modified).unwrap();
    /// let then = UNIX_EPOCH + Duration::from_secs(1_700_000_060);
    /// assert_eq!(testing::reopen(&sessions, &response).written(), Some(then));
    /// ```
    #[must_use]
    pub fn written(&self) -> Option<SystemTime> {
        let stamp = self.incoming().stamp?;
        Some(time(stamp.issued))
    }

    /// Returns the size of the cookie value that came with the request, in bytes, whether it was accepted or not. 0 if there
    /// was none.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions, testing};
    /// # let sessions = Sessions::new(SecretKey::generate().unwrap());
    /// let request = testing::request(&sessions, |session| session.insert("username", "ada")).unwrap();
    /// let size = sessions.open(&request).cookie_size();
    /// assert_eq!(request["cookie"].len(), "__Host-session=".len() + size);
    /// ```
    #[must_use]
    pub fn cookie_size(&self) -> usize {
        self.incoming().size
    }
}

fn time(seconds: u64) -> SystemTime {
    UNIX_EPOCH
        .checked_add(Duration::from_secs(seconds))
        .unwrap_or(UNIX_EPOCH)
}

impl fmt::Debug for Session {
    /// Shows neither keys nor values: sessions get into logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("len", &self.len())
            .field("modified", &self.is_modified())
            .field("rejected", &self.rejected())
            .finish_non_exhaustive()
    }
}
