//! The response that an adapter sends when a session failed.

use http::StatusCode;

use crate::error::Error;

impl Error {
    /// Returns the status of the response that replaces the handler's: when the session could not be opened or closed, or
    /// when the handler returned this error.
    ///
    /// ```
    /// use session_core::Error;
    ///
    /// assert_eq!(Error::TooLate.status(), 500);
    /// assert_eq!(Error::Unavailable.status(), 503);
    /// assert_eq!(Error::Gone.status(), 409);
    /// ```
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Conflict { .. } | Self::Gone => StatusCode::CONFLICT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns the seconds after which the client may try again: the value of `Retry-After` (RFC 9110, section 10.2.3).
    ///
    /// ```
    /// use session_core::Error;
    ///
    /// assert_eq!(Error::Unavailable.retry_after(), Some(5));
    /// assert_eq!(Error::TooLate.retry_after(), None);
    /// ```
    #[must_use]
    pub fn retry_after(&self) -> Option<u16> {
        match self {
            Self::Unavailable => Some(5),
            _ => None,
        }
    }
}
