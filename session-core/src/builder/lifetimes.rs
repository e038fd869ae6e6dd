//! How long sessions count, and which count at all.

use std::time::{Duration, SystemTime};

use crate::builder::Builder;
use crate::env::unix;
use crate::token::lifetime::Refresh;

/// How long sessions count, and which count at all.
impl Builder {
    /// How long a session counts after its cookie was last written, in whole seconds: Flask's
    /// `PERMANENT_SESSION_LIFETIME`, default 31 days, enforced by the server for all sessions but those that
    /// [`permanent_lifetime`](Self::permanent_lifetime) and [`anonymous_lifetime`](Self::anonymous_lifetime) take out. A
    /// permanent session's cookie ends with it in the browser, too (there after 400 days at the latest).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use session_core::{Rejected, SecretKey, Sessions, testing};
    /// # let (key, time) = (SecretKey::generate().unwrap(), testing::ManualClock::at(1_700_000_000));
    /// # let builder = Sessions::builder(key).clock(time.clone());
    /// let sessions = builder.idle_lifetime(Duration::from_secs(30 * 60)).build().unwrap();
    /// let request = testing::request(&sessions, |session| session.insert("a", 1)).unwrap();
    /// time.advance(Duration::from_secs(31 * 60));
    /// assert_eq!(sessions.open(&request).rejected(), Some(Rejected::Idle));
    /// ```
    pub fn idle_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime.idle = lifetime;
        self
    }

    /// "Remember me": the idle lifetime of [permanent](crate::Session::set_permanent) sessions, beside
    /// [`idle_lifetime`](Self::idle_lifetime) for the others, in whole seconds. Default: that of all. Not in Flask's format,
    /// which has one.
    ///
    /// Where nobody is logged in, [`anonymous_lifetime`](Self::anonymous_lifetime) counts instead, if it is set.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use session_core::{Rejected, SecretKey, Sessions, testing};
    /// # let (key, time) = (SecretKey::generate().unwrap(), testing::ManualClock::at(1_700_000_000));
    /// # let builder = Sessions::builder(key).clock(time.clone());
    /// const MINUTE: u64 = 60;
    /// const DAY: u64 = 24 * 60 * MINUTE;
    /// let builder = builder.idle_lifetime(Duration::from_secs(30 * MINUTE));
    /// let sessions = builder.permanent_lifetime(Duration::from_secs(30 * DAY)).build().unwrap();
    /// let login = |remember_me: bool| {
    ///     testing::request(&sessions, |session| {
    ///         session.log_in("42")?;
    ///         session.set_permanent(remember_me)
    ///     })
    /// };
    /// let (forgotten, remembered) = (login(false).unwrap(), login(true).unwrap());
    /// time.advance(Duration::from_secs(DAY));
    /// assert_eq!(sessions.open(&forgotten).rejected(), Some(Rejected::Idle));
    /// assert_eq!(sessions.open(&remembered).user().as_deref(), Some("42"));
    /// ```
    pub fn permanent_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime.permanent_idle = Some(lifetime);
        self
    }

    /// The idle lifetime of sessions without a user, in whole seconds: of carts, and of all that strangers leave in a store.
    /// Default: as if they had one. Not in Flask's format, which does not know.
    ///
    /// A session has a user from [`log_in`](crate::Session::log_in) on. Before, this lifetime is the one that counts,
    /// shorter or longer than the others, also for a permanent session.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use session_core::{Rejected, SecretKey, Sessions, testing};
    /// # let (key, time) = (SecretKey::generate().unwrap(), testing::ManualClock::at(1_700_000_000));
    /// # let builder = Sessions::builder(key).clock(time.clone());
    /// let sessions = builder.anonymous_lifetime(Duration::from_secs(60 * 60)).build().unwrap();
    /// let stranger = testing::request(&sessions, |session| session.set_permanent(true)).unwrap();
    /// let user = testing::request(&sessions, |session| session.log_in("42")).unwrap();
    /// time.advance(Duration::from_secs(24 * 60 * 60));
    /// assert_eq!(sessions.open(&stranger).rejected(), Some(Rejected::Idle));
    /// assert_eq!(sessions.open(&user).rejected(), None); // idle_lifetime: 31 days
    /// ```
    pub fn anonymous_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime.anonymous_idle = Some(lifetime);
        self
    }

    /// How long a session counts after it was created, in whole seconds, whatever its use. Default: without end. Not in
    /// Flask's format.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use session_core::{Rejected, SecretKey, Session, Sessions, testing};
    /// # let (key, time) = (SecretKey::generate().unwrap(), testing::ManualClock::at(1_700_000_000));
    /// # let builder = Sessions::builder(key).clock(time.clone());
    /// let sessions = builder.absolute_lifetime(Duration::from_secs(12 * 60 * 60)).build().unwrap();
    /// let request = testing::request(&sessions, |session| session.insert("a", 1)).unwrap();
    /// time.advance(Duration::from_secs(13 * 60 * 60));
    /// assert_eq!(sessions.open(&request).rejected(), Some(Rejected::TooOld));
    /// ```
    pub fn absolute_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime.absolute = Some(lifetime);
        self
    }

    /// When a session that is only read is written anew. Default: [`Refresh::AfterTenth`]; in Flask's format
    /// [`Refresh::EachRequest`], for permanent sessions.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use session_core::{Refresh, SecretKey, Sessions, testing};
    /// # let (key, time) = (SecretKey::generate().unwrap(), testing::ManualClock::at(1_700_000_000));
    /// # let builder = Sessions::builder(key).clock(time.clone());
    /// let sessions = builder.refresh(Refresh::Never).build().unwrap();
    /// let request = testing::request(&sessions, |session| session.insert("a", 1)).unwrap();
    /// time.advance(Duration::from_secs(30 * 24 * 60 * 60));
    /// assert!(!testing::respond(&sessions, &request, |_| Ok(())).unwrap().contains_key("set-cookie"));
    /// ```
    pub fn refresh(mut self, refresh: Refresh) -> Self {
        self.lifetime.refresh = refresh;
        self
    }

    /// Whether new sessions are permanent. Default: false, they end with the browser. Not in Flask's format, where each
    /// session says it by its key `_permanent`.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions, testing};
    /// # let key = SecretKey::generate().unwrap();
    /// let builder = Sessions::builder(key).permanent(true);
    /// assert!(testing::set_cookie(builder).ends_with("; Max-Age=2678400")); // 31 days
    /// ```
    pub fn permanent(mut self, permanent: bool) -> Self {
        self.lifetime.permanent = permanent;
        self
    }

    /// Sessions created before this time don't count: the switch for the day on which something leaked. A login or
    /// [`clear`](crate::Session::clear) creates a session anew. Not in Flask's format.
    ///
    /// ```
    /// # use std::time::{Duration, UNIX_EPOCH};
    /// # use session_core::{Rejected, SecretKey, Sessions, testing};
    /// # let (key, time) = (SecretKey::generate().unwrap(), testing::ManualClock::at(1_700_000_000));
    /// # let before = Sessions::builder(key.clone()).clock(time.clone()).build().unwrap();
    /// # let request = testing::request(&before, |session| session.insert("a", 1)).unwrap();
    /// # let builder = Sessions::builder(key).clock(time);
    /// let leak = UNIX_EPOCH + Duration::from_secs(1_700_000_001);
    /// let sessions = builder.not_created_before(leak).build().unwrap();
    /// assert_eq!(sessions.open(&request).rejected(), Some(Rejected::Revoked)); // a second too early
    /// ```
    pub fn not_created_before(mut self, time: SystemTime) -> Self {
        self.lifetime.not_before = Some(unix(time).as_secs());
        self
    }

    /// Sessions behind this epoch don't count: a counter for the day on which all must log in again, where a time would not
    /// do. New sessions are of this epoch. Default: 0. Not in Flask's format.
    ///
    /// What one user's sessions are worth, [`Session::set_epoch`](crate::Session::set_epoch) says, independently.
    ///
    /// ```
    /// # use session_core::{Rejected, SecretKey, Sessions, testing};
    /// # let key = SecretKey::generate().unwrap();
    /// # let before = Sessions::builder(key.clone()).epoch(3).build().unwrap();
    /// # let request = testing::request(&before, |session| session.insert("a", 1)).unwrap();
    /// let sessions = Sessions::builder(key).epoch(4).build().unwrap();
    /// assert_eq!(sessions.open(&request).rejected(), Some(Rejected::Revoked)); // it is of epoch 3
    /// ```
    pub fn epoch(mut self, epoch: u16) -> Self {
        self.lifetime.epoch = epoch;
        self
    }
}
