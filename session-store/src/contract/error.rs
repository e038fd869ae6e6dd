//! The error of a back end.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// A back end could not carry out a request.
///
/// The message tells the operator what failed and what to do. The error of the database's client is the
/// [`source`](Error::source). Both are logged, so neither may contain an id, a user or a value. The request is repeated until
/// its deadline, unless the error is [final](Self::refused).
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
    /// Returns an error with this message, which another attempt may not have.
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

    /// Adds the error that caused it.
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

    /// Makes the error final: the store is full, or must not be written to, so the request fails at once and is not repeated.
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

    /// Returns whether the error is final.
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
    /// Writes the message, because a `main` that returns this error prints it by `Debug`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}
