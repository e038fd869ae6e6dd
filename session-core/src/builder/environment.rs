//! The clock and the random source, which are fields of the sessions and not global, so that a test can replace them.

use crate::builder::Builder;
use crate::env::{Clock, EntropySource};

/// The clock and the random source.
impl Builder {
    /// Sets the clock. Default: the clock of the operating system (feature `os`). Without that feature, a missing clock is
    /// [`ConfigError::Missing`](crate::ConfigError::Missing).
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// # use session_core::{SecretKey, Sessions};
    /// # let key = SecretKey::generate().unwrap();
    /// let then = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    /// let sessions = Sessions::builder(key).clock(move || then).build().unwrap();
    /// assert_eq!(sessions.open(&http::HeaderMap::new()).created(), Some(then));
    /// ```
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// Sets the random source. Default: the random source of the operating system (feature `os`). Without that feature, a
    /// missing source is [`ConfigError::Missing`](crate::ConfigError::Missing).
    ///
    /// ```
    /// # use session_core::{Error, EntropyError, EntropySource, SecretKey, Sessions};
    /// # let key = SecretKey::generate().unwrap();
    /// struct Broken;
    /// impl EntropySource for Broken {
    ///     fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> { Err(EntropyError) }
    /// }
    /// let session = Sessions::builder(key).random(Broken).build().unwrap().open(&http::HeaderMap::new());
    /// assert_eq!(session.flash("Saved", "success"), Err(Error::Entropy(EntropyError)));
    /// ```
    pub fn random(mut self, random: impl EntropySource + 'static) -> Self {
        self.random = Some(Box::new(random));
        self
    }
}

#[cfg(feature = "os")]
pub(super) fn default_clock() -> Option<Box<dyn Clock>> {
    Some(Box::new(crate::env::OsClock))
}

#[cfg(feature = "os")]
pub(super) fn default_random() -> Option<Box<dyn EntropySource>> {
    Some(Box::new(crate::env::OsEntropy))
}

// Without the operating system there is no default: a clock that stands still would let sessions live forever.
#[cfg(not(feature = "os"))]
pub(super) fn default_clock() -> Option<Box<dyn Clock>> {
    None
}

#[cfg(not(feature = "os"))]
pub(super) fn default_random() -> Option<Box<dyn EntropySource>> {
    None
}
