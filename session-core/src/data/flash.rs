//! Flash messages: shown once, on whichever page comes next.
//!
//! In our formats they stand beside the map: `[{..},[[7,"info","Saved"],..]]`. Each has a random number, so that a take removes
//! exactly those that it saw. In Flask's format they are a key of the map, see [`flask`](crate::data::flask).

use std::sync::Arc;

use crate::json::{text, view};

/// The key of Flask's flashes, and the name of ours in errors.
pub(crate) const FLASHES: &str = "_flashes";

/// A message and its category.
///
/// ```
/// # use session_core::{SecretKey, Sessions};
/// # let sessions = Sessions::new(SecretKey::generate().unwrap());
/// # let session = sessions.open(&http::HeaderMap::new());
/// session.flash("Saved", "success").unwrap();
/// let flashes = session.take_flashes().unwrap();
/// assert_eq!((flashes[0].category(), &*flashes[0].message()), ("success", "Saved"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Flash {
    pub(crate) number: u32,
    pub(crate) category: Arc<str>,
    /// The message as JSON text.
    pub(crate) message: Arc<str>,
}

impl Flash {
    /// Writes `[number,"category",message]`, as our formats hold it.
    pub(crate) fn write(&self, out: &mut String) {
        out.push_str(&format!("[{},", self.number));
        text::string(out, &self.category, false);
        out.push_str(&format!(",{}]", self.message));
    }

    /// Reads the text of [`write`](Self::write), which the scanner has proved to be JSON.
    pub(crate) fn read(json: &str) -> Option<Self> {
        let [number, category, message] = view::tuple(json)?;
        Some(Self {
            number: number.parse().ok()?,
            // A plain string, as we write it: not what a plain type would read under a tag.
            category: view::string(category)?.into(),
            message: message.into(),
        })
    }
}
