//! A clock for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::env::Clock;

/// A clock that stands still until a test moves it. Its clones are one clock.
///
/// Give one clone to [`Builder::clock`](crate::Builder::clock), and move the other. It counts whole seconds.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use session_core::{Clock, testing::ManualClock};
///
/// let time = ManualClock::at(100);
/// time.clone().advance(Duration::from_secs(5));
/// assert_eq!(time.now(), UNIX_EPOCH + Duration::from_secs(105));
/// ```
// An atomic number and no lock: sessions read the clock in any thread, and a test may move it in another.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// Returns a clock that shows this second since 1970.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions, testing::ManualClock};
    /// # let key = SecretKey::generate().unwrap();
    /// let sessions = Sessions::builder(key).clock(ManualClock::at(0)).build().unwrap();
    /// assert_eq!(sessions.open(&http::HeaderMap::new()).created(), Some(std::time::UNIX_EPOCH));
    /// ```
    #[must_use]
    pub fn at(unix_seconds: u64) -> Self {
        Self(Arc::new(AtomicU64::new(unix_seconds)))
    }

    /// Moves the clock to this second since 1970, forwards or back.
    ///
    /// ```
    /// # use session_core::{Clock, testing::ManualClock};
    /// let time = ManualClock::at(100);
    /// time.set(50);
    /// assert_eq!(time.now(), ManualClock::at(50).now());
    /// ```
    pub fn set(&self, unix_seconds: u64) {
        self.0.store(unix_seconds, Ordering::SeqCst);
    }

    /// Moves the clock forwards by whole seconds; a fraction is cut off.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use session_core::{Clock, testing::ManualClock};
    /// let time = ManualClock::at(100);
    /// time.advance(Duration::from_millis(2_900));
    /// assert_eq!(time.now(), ManualClock::at(102).now());
    /// ```
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_secs(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        let since_1970 = Duration::from_secs(self.0.load(Ordering::SeqCst));
        // A platform's time may end before `u64` does. A test's clock does not panic for it.
        UNIX_EPOCH.checked_add(since_1970).unwrap_or(UNIX_EPOCH)
    }
}
