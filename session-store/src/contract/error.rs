//! The error of a back end.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// A back end could not do what it was asked.
///
/// The message says what failed and what to do, for who runs the application; what the database's client said is the
/// [`source`](Error::source). Both are logged, so neither may hold an id, a user or a value. The question is asked again
/// until its deadline, unless the error is [final](Self::refused).
///
/// ```
/// use session_store::StoreError;
/// use std::error::Error;
///
/// let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
/// let error = StoreError::new("no connection to the database").with_source(refused);
/// assert_eq!(error.to_string(), "no connection to the database");
/// assert_eq!(error.source().unwrap().to_string(), "connection refused");
/// ```
pub struct StoreError {
    message: Cow<'static, str>,
    source: Option<Box<dyn Error + Send + Sync>>,
    refused: bool,
}

impl StoreError {
    /// An error of which nothing more is known.
    ///
    /// ```
    /// let error = session_store::StoreError::new(format!("{} shards do not answer", 2));
    /// assert_eq!(error.to_string(), "2 shards do not answer");
    /// ```
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            message: message.into(),
            source: None,
            refused: false,
        }
    }

    /// The same, because of another.
    ///
    /// ```
    /// # use std::error::Error;
    /// let error = session_store::StoreError::new("the reply is no record").with_source("17 fields instead of 8");
    /// assert_eq!(error.source().unwrap().to_string(), "17 fields instead of 8");
    /// ```
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            source: Some(source.into()),
            ..self
        }
    }

    /// The same, and asking again would not help: the store is full, or must not be written to. The request fails at once.
    ///
    /// ```
    /// let error = session_store::StoreError::new("the disk is full").refused();
    /// assert!(error.is_refused());
    /// ```
    #[must_use]
    pub fn refused(self) -> Self {
        Self {
            refused: true,
            ..self
        }
    }

    /// Whether asking again would not help.
    ///
    /// ```
    /// assert!(!session_store::StoreError::new("the connection was cut").is_refused());
    /// ```
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.refused
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for StoreError {
    /// The message: a `main` that returns this error shows it by `Debug`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}
