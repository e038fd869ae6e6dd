//! The cookie's previous name.

use crate::builder::Builder;
use crate::cookie::rename::PreviousCookie;

impl Builder {
    /// The cookie's name before, while browsers still hold it; see [`PreviousCookie`]. Not in Flask's format.
    ///
    /// ```
    /// # use session_core::{PreviousCookie, SecretKey, Sessions};
    /// # let (key, renamed) = (SecretKey::generate().unwrap(), std::time::SystemTime::now());
    /// let sessions = Sessions::builder(key).renamed_from(PreviousCookie::new("session", renamed)).build().unwrap();
    /// assert_eq!(sessions.cookie_name(), "__Host-session");
    /// ```
    pub fn renamed_from(mut self, previous: PreviousCookie) -> Self {
        self.renamed_from = Some(previous);
        self
    }
}
