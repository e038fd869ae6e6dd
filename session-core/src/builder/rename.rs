//! The cookie's previous name.

use crate::builder::Builder;
use crate::cookie::rename::PreviousCookie;

/// The cookie's previous name.
impl Builder {
    /// Accepts cookies under their previous name, while browsers still hold them; [`PreviousCookie`] has the rules. Default: none.
    /// An error in Flask's format, and with a previous name that equals the current one.
    ///
    /// ```
    /// # use session_core::{PreviousCookie, SecretKey, Sessions};
    /// # let (key, renamed) = (SecretKey::generate().unwrap(), std::time::SystemTime::now());
    /// let sessions = Sessions::builder(key).renamed_from(PreviousCookie::new("session", renamed)).build().unwrap();
    /// assert_eq!(sessions.cookie_name(), "__Host-session");
    /// ```
    pub fn renamed_from(mut self, old: PreviousCookie) -> Self {
        self.renamed_from = Some(old);
        self
    }
}
