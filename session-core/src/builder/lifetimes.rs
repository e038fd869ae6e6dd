//! How long sessions are valid, and which are rejected early.

use std::time::{Duration, SystemTime};

use crate::builder::Builder;
use crate::env::unix;
use crate::token::lifetime::Refresh;

/// How long sessions are valid.
impl Builder {
    /// Sets how long a session is valid after its cookie was last written, in whole seconds: Flask's
    /// `PERMANENT_SESSION_LIFETIME`. Default: 31 days.
    ///
    /// It applies to all sessions except those for which [`permanent_lifetime`](Self::permanent_lifetime) or
    /// [`anonymous_lifetime`](Self::anonymous_lifetime) is set. The server enforces it. The cookie of a permanent session also
    /// expires in the browser at that time, or after 400 days if that is earlier, the limit of browsers.
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

    /// Sets the idle lifetime of [permanent](crate::Session::set_permanent) sessions, in whole seconds: "remember me". Default:
    /// the [`idle_lifetime`](Self::idle_lifetime) of all sessions. An error in Flask's format, which has one lifetime.
    ///
    /// A session without a user has the [`anonymous_lifetime`](Self::anonymous_lifetime) instead, if that is set.
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
    /// let (other, remembered) = (login(false).unwrap(), login(true).unwrap());
    /// time.advance(Duration::from_secs(DAY));
    /// assert_eq!(sessions.open(&other).rejected(), Some(Rejected::Idle));
    /// assert_eq!(sessions.open(&remembered).user().as_deref(), Some("42"));
    /// ```
    pub fn permanent_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime.permanent_idle = Some(lifetime);
        self
    }

    /// Sets the idle lifetime of sessions without a user, in whole seconds: of a visitor's cart, for example. Default: the
    /// lifetime of sessions with a user. An error in Flask's format, which does not know users.
    ///
    /// A session has a user from [`log_in`](crate::Session::log_in) on. Before that, this lifetime applies, whether it is shorter
    /// or longer than the others, and also if the session is permanent.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use session_core::{Rejected, SecretKey, Sessions, testing};
    /// # let (key, time) = (SecretKey::generate().unwrap(), testing::ManualClock::at(1_700_000_000));
    /// # let builder = Sessions::builder(key).clock(time.clone());
    /// let sessions = builder.anonymous_lifetime(Duration::from_secs(60 * 60)).build().unwrap();
    /// let visitor = testing::request(&sessions, |session| session.set_permanent(true)).unwrap();
    /// let user = testing::request(&sessions, |session| session.log_in("42")).unwrap();
    /// time.advance(Duration::from_secs(24 * 60 * 60));
    /// assert_eq!(sessions.open(&visitor).rejected(), Some(Rejected::Idle));
    /// assert_eq!(sessions.open(&user).rejected(), None); // idle_lifetime: 31 days
    /// ```
    pub fn anonymous_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime.anonymous_idle = Some(lifetime);
        self
    }

    /// Sets how long a session is valid after it was created, in whole seconds, however often it is used. Default: no limit. An
    /// error in Flask's format.
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
        self.lifetime.absolute = lifetime.as_secs();
        self
    }

    /// Sets when a session that was only read is written again, so that a session in use does not expire. Default:
    /// [`Refresh::AfterTenth`]; in Flask's format [`Refresh::EachRequest`], and there for permanent sessions only.
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

    /// Makes new sessions permanent: their cookie stays when the browser is closed. Default: false. An error in Flask's format,
    /// where each session holds this under its key `_permanent`.
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

    /// Rejects sessions that were created before this time, in whole seconds: for the day on which a key or a copy of sessions
    /// leaked. Default: no such time. An error in Flask's format.
    ///
    /// A login and [`clear`](crate::Session::clear) create a new session.
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
    /// assert_eq!(sessions.open(&request).rejected(), Some(Rejected::Revoked)); // created one second earlier
    /// ```
    pub fn not_created_before(mut self, time: SystemTime) -> Self {
        // Rounded down: a session of the same second is still accepted, as its stamp has no fractions.
        self.lifetime.not_before = Some(unix(time).as_secs());
        self
    }

    /// Rejects sessions of an epoch lower than this number: raise it on the day on which all users must log in again, if a time
    /// does not tell the sessions apart. New sessions have this epoch. Default: 0. An error in Flask's format.
    ///
    /// [`Session::set_epoch`](crate::Session::set_epoch) does this for one user, independently.
    ///
    /// ```
    /// # use session_core::{Rejected, SecretKey, Sessions, testing};
    /// # let key = SecretKey::generate().unwrap();
    /// # let before = Sessions::builder(key.clone()).epoch(3).build().unwrap();
    /// # let request = testing::request(&before, |session| session.insert("a", 1)).unwrap();
    /// let sessions = Sessions::builder(key).epoch(4).build().unwrap();
    /// assert_eq!(sessions.open(&request).rejected(), Some(Rejected::Revoked)); // its epoch is 3
    /// ```
    pub fn epoch(mut self, epoch: u16) -> Self {
        self.lifetime.epoch = epoch;
        self
    }
}
