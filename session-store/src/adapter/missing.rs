//! The error of a handler that asks for a session where none has begun.

use session_core::Error;

use crate::adapter::layers;

/// A handler asked for a session, and no layer has begun one for its request.
///
/// The application may have no layer, or its layer does not reach this handler. The error knows which.
///
/// ```
/// use session_core::{SecretKey, Sessions};
/// use session_store::{Advice, MissingLayer, SessionBackend};
///
/// struct Admin;
///
/// const ADVICE: Advice = Advice {
///     missing: "add `.layer(SessionLayer::new(sessions){marked})` after the routes",
///     outside: "move `.layer(SessionLayer::new(sessions){marked})` below it",
/// };
/// assert_eq!(
///     MissingLayer::of::<Admin>().hint(&ADVICE),
///     "a session is asked for, but the application provides none: \
///      add `.layer(SessionLayer::new(sessions).marked::<Admin>())` after the routes"
/// );
///
/// SessionBackend::new(Sessions::new(SecretKey::generate().unwrap())).note_layer::<Admin>();
/// assert_eq!(
///     MissingLayer::of::<Admin>().hint(&ADVICE),
///     "a session is asked for outside of its layer, or before the layer has run: \
///      move `.layer(SessionLayer::new(sessions).marked::<Admin>())` below it"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingLayer {
    // The call that marks the layer, or nothing for a session without a marker.
    marked: String,
    /// Whether there is a layer that did not run.
    outside: bool,
}

const MISSING: &str = "a session is asked for, but the application provides none";
const OUTSIDE: &str = "a session is asked for outside of its layer, or before the layer has run";

/// What a developer has to change, in the words of an adapter's API. `{marked}` is replaced by the call that marks the layer, or
/// by nothing.
///
/// [`MissingLayer`] has an example.
#[derive(Debug, Clone, Copy)]
pub struct Advice {
    /// What to add where no layer is.
    pub missing: &'static str,
    /// What to move where the layer did not run for a request.
    pub outside: &'static str,
}

impl MissingLayer {
    /// Returns the error for the session that is marked with `K`. Whether the application has a layer for it is known from
    /// [`SessionBackend::note_layer`](crate::SessionBackend::note_layer).
    ///
    /// ```
    /// # use session_store::MissingLayer;
    /// struct Admin;
    /// assert_ne!(MissingLayer::of::<Admin>(), MissingLayer::of::<()>());
    /// ```
    #[must_use]
    pub fn of<K: 'static>() -> Self {
        Self::known::<K>(layers::has::<K>())
    }

    /// Returns the error for the session that is marked with `K`, for a framework that knows whether the application has a
    /// layer for it.
    ///
    /// ```
    /// # use session_store::MissingLayer;
    /// struct Admin;
    /// assert_eq!(MissingLayer::known::<Admin>(false), MissingLayer::of::<Admin>());
    /// assert_ne!(MissingLayer::known::<Admin>(true), MissingLayer::of::<Admin>());
    /// ```
    #[must_use]
    pub fn known<K: 'static>(has_layer: bool) -> Self {
        let marked = match layers::marker::<K>() {
            Some(name) => format!(".marked::<{name}>()"),
            None => String::new(),
        };
        Self {
            marked,
            outside: has_layer,
        }
    }

    /// Returns the message for the developer.
    ///
    /// ```
    /// # use session_store::{Advice, MissingLayer};
    /// let advice = Advice { missing: "add `.wrap(SessionLayer::new(sessions){marked})`", outside: "wrap it last" };
    /// let hint = MissingLayer::of::<()>().hint(&advice);
    /// assert!(hint.ends_with(": add `.wrap(SessionLayer::new(sessions))`"));
    /// ```
    #[must_use]
    pub fn hint(&self, advice: &Advice) -> String {
        let (cause, advice) = match self.outside {
            true => (OUTSIDE, advice.outside),
            false => (MISSING, advice.missing),
        };
        format!("{cause}: {}", advice.replace("{marked}", &self.marked))
    }

    /// Returns the error with the message for the developer. Its response is a 500.
    ///
    /// ```
    /// # use session_store::{Advice, MissingLayer};
    /// # let advice = Advice { missing: "add a layer", outside: "move the layer" };
    /// let error = MissingLayer::of::<()>().error(&advice);
    /// assert_eq!((error.status().as_u16(), error.to_string().ends_with("add a layer")), (500, true));
    /// ```
    #[must_use]
    pub fn error(&self, advice: &Advice) -> Error {
        Error::MissingLayer(self.hint(advice))
    }
}
