//! The error of a handler whose application has no layer for its session.

use std::any::type_name;

/// A handler asked for a session that no layer of its application provides.
///
/// ```
/// struct Admin;
/// let missing = session_store::MissingLayer::of::<Admin>();
/// assert_eq!(
///     missing.hint("add `.layer(SessionLayer::new(sessions){marked})` after the routes"),
///     "this handler asks for a session, but its application provides none: \
///      add `.layer(SessionLayer::new(sessions).marked::<Admin>())` after the routes"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingLayer {
    // The call that marks the layer, or nothing for a session without a marker.
    marked: String,
}

impl MissingLayer {
    /// Returns the error for the session that is marked with `K`.
    ///
    /// ```
    /// # use session_store::MissingLayer;
    /// struct Admin;
    /// assert_ne!(MissingLayer::of::<Admin>(), MissingLayer::of::<()>());
    /// ```
    #[must_use]
    pub fn of<K: 'static>() -> Self {
        let marked = match type_name::<K>() {
            "()" => String::new(),
            path => {
                // A type without a path, as a primitive's, is its own name.
                let name = path.rsplit("::").next().unwrap_or(path);
                format!(".marked::<{name}>()")
            }
        };
        Self { marked }
    }

    /// Returns the message for the developer. `advice` is what to add, in the words of the adapter's API; `{marked}` in it
    /// is replaced by the call that marks the layer, or by nothing.
    ///
    /// ```
    /// let hint = session_store::MissingLayer::of::<()>().hint("add `.wrap(SessionLayer::new(sessions){marked})`");
    /// assert!(hint.ends_with(": add `.wrap(SessionLayer::new(sessions))`"));
    /// ```
    #[must_use]
    pub fn hint(&self, advice: &str) -> String {
        let advice = advice.replace("{marked}", &self.marked);
        format!("this handler asks for a session, but its application provides none: {advice}")
    }
}
