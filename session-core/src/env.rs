//! What the core takes from the world: the time, and random bytes. Both are fields of [`Sessions`](crate::Sessions), so
//! that tests own them.

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
    /// The time now. A time before 1970 counts as 1970.
    fn now(&self) -> SystemTime;
}

impl<F: Fn() -> SystemTime + Send + Sync> Clock for F {
    fn now(&self) -> SystemTime {
        self()
    }
}

/// A source of random bytes fit for secrets.
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
    /// Fills `bytes`, all of it.
    ///
    /// # Errors
    /// [`EntropyError`] when no random bytes can be had; what needed them then fails and writes nothing.
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
    /// The exact time, though that of the kernel's last tick would do for seconds and costs less: behind another server's by
    /// some milliseconds it may be a second less, and Flask has no patience with a cookie from the future.
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// The operating system's random source, asked each time: a generator of our own would repeat after fork or snapshot.
#[cfg(feature = "os")]
pub(crate) struct OsEntropy;

#[cfg(feature = "os")]
impl EntropySource for OsEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(bytes).map_err(|_| EntropyError)
    }
}

/// Time since 1970, zero if before.
pub(crate) fn unix(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}
