//! The part of a flash that a page reads.

use crate::data::flash::{FLASHES, Flash};
use crate::error::Error;
use crate::json::{de, untag};

impl Flash {
    /// Returns the category. Flask's default is `message`; `error`, `info`, `warning` and `success` are usual.
    ///
    /// Flask's `flash(message, None)` has an empty one. A category of Flask's that is no text is its JSON.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.flash("Disk full", "error").unwrap();
    /// assert_eq!(session.take_flashes().unwrap()[0].category(), "error");
    /// ```
    #[must_use]
    pub fn category(&self) -> &str {
        &self.category
    }

    /// Returns the message as text: a string as it is, `Markup` as its HTML, anything else as JSON.
    ///
    /// Escape it before it goes into a page. To learn whether it is `Markup`, read it with [`message_as`](Self::message_as).
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.flash(["mug", "beans"], "added").unwrap();
    /// assert_eq!(session.take_flashes().unwrap()[0].message(), r#"["mug","beans"]"#);
    /// ```
    #[must_use]
    pub fn message(&self) -> String {
        let text = self.message_as();
        text.unwrap_or_else(|_| untag::untagged(&self.message).into_owned())
    }

    /// Returns the message as a value of any type, as [`Session::get`](crate::Session::get) reads one. A message that is no
    /// [`Markup`] is an error as `Markup`, which tells the two apart; an untagged enum of both does not
    /// ([why](crate::json::tagged)).
    ///
    /// [`Markup`]: crate::json::tagged::Markup
    ///
    /// # Errors
    /// [`Error::WrongType`] if it is not of that type.
    ///
    /// ```
    /// use session_core::tagged::Markup;
    /// # use session_core::{SecretKey, Sessions};
    /// # let sessions = Sessions::new(SecretKey::generate().unwrap());
    /// # let session = sessions.open(&http::HeaderMap::new());
    /// session.flash(Markup::new("<b>Saved</b>"), "success").unwrap();
    /// let flash = &session.take_flashes().unwrap()[0];
    /// assert_eq!(flash.message_as::<Markup>().unwrap().as_str(), "<b>Saved</b>");
    /// ```
    pub fn message_as<T: serde::de::DeserializeOwned>(&self) -> Result<T, Error> {
        match de::from_text(&self.message) {
            Ok(message) => Ok(message),
            Err(error) => Err(Error::WrongType {
                key: FLASHES.to_owned(),
                reason: error.to_string(),
            }),
        }
    }
}
