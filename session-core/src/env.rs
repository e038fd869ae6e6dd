//! The environment: the time and random bytes. Both are settings of [`Sessions`](crate::Sessions), so that a test can
//! replace them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A source of the current time.
///
/// ```
/// use std::time::{Duration, SystemTime, UNIX_EPOCH};
/// use session_core::Clock;
///
/// struct Frozen;
/// impl Clock for Frozen {
///     fn now(&self) -> SystemTime {
///         UNIX_EPOCH + Duration::from_secs(1_700_000_000)
///     }
/// }
/// assert_eq!(Frozen.now(), UNIX_EPOCH + Duration::from_secs(1_700_000_000));
/// ```
pub trait Clock: Send + Sync {
    /// Returns the current time. A time before 1970 is taken as 1970.
    fn now(&self) -> SystemTime;
}

impl<F: Fn() -> SystemTime + Send + Sync> Clock for F {
    fn now(&self) -> SystemTime {
        self()
    }
}

/// A source of random bytes that are good enough for secrets.
///
/// ```
/// use session_core::{EntropyError, EntropySource};
///
/// struct Broken;
/// impl EntropySource for Broken {
///     fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
///         Err(EntropyError)
///     }
/// }
/// assert_eq!(Broken.fill(&mut [0]).unwrap_err().to_string(), "the random source gave no bytes");
/// ```
pub trait EntropySource: Send + Sync {
    /// Fills the whole of `bytes`.
    ///
    /// # Errors
    /// [`EntropyError`] when the source has no random bytes. The operation that needed them then fails and writes nothing.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

impl<F: Fn(&mut [u8]) -> Result<(), EntropyError> + Send + Sync> EntropySource for F {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self(bytes)
    }
}

/// The random source failed.
///
/// ```
/// use session_core::{Error, EntropyError};
///
/// assert_eq!(Error::from(EntropyError).to_string(), "the random source gave no bytes; nothing was written");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the random source gave no bytes")]
pub struct EntropyError;

/// The operating system's clock.
#[cfg(feature = "os")]
pub(crate) struct OsClock;

#[cfg(feature = "os")]
impl Clock for OsClock {
    // The exact time, not the cheaper time of the kernel's last tick: that one is some milliseconds late and can name the
    // second before, and Flask rejects a cookie that another server signed in a second that is still to come.
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// The operating system's random source.
#[cfg(feature = "os")]
pub(crate) struct OsEntropy;

#[cfg(feature = "os")]
impl EntropySource for OsEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        // Asked each time: a generator of our own would repeat its bytes after a fork or a snapshot.
        match getrandom::fill(bytes) {
            Ok(()) => Ok(()),
            Err(_) => Err(EntropyError),
        }
    }
}

/// Returns the time since 1970; zero for an earlier time.
pub(crate) fn unix(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}
