//! Flash messages: shown once, on whichever page comes next.
//!
//! In our formats they stand beside the map, each with a random number, so that a take removes exactly those it saw. In
//! Flask's they are the key `_flashes`, a list of (category, message) tuples, and the rules are those of
//! `flask.helpers.get_flashed_messages`.

use std::sync::Arc;

use crate::data::change::Change;
use crate::data::map::Map;
use crate::error::Error;
use crate::json::de::from_text;
use crate::json::scan::{Cursor, DEEPEST};
use crate::json::tag::{Tag, tagged};
use crate::json::text;
use crate::json::untag::untagged;

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
    /// The category: Flask's default is `message`; `error`, `info`, `warning` and `success` are usual.
    ///
    /// Flask's `flash(message, None)` has none: it is empty. Any other category of Flask's that is no text is its JSON.
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

    /// The message as text: a string as it is, `Markup` as its HTML, anything else as JSON.
    ///
    /// Escape it before it goes into a page; to know that it is `Markup`, read it with [`message_as`](Self::message_as).
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.flash(["mug", "beans"], "added").unwrap();
    /// assert_eq!(session.take_flashes().unwrap()[0].message(), r#"["mug","beans"]"#);
    /// ```
    #[must_use]
    pub fn message(&self) -> String {
        self.message_as()
            .unwrap_or_else(|_| untagged(&self.message).into_owned())
    }

    /// The message as a value of any type, as [`Session::get`](crate::Session::get) reads one. What is no [`Markup`] is an error
    /// as `Markup`, which tells the two apart; an untagged enum of both would not ([why](crate::json::tagged)).
    ///
    /// [`Markup`]: crate::json::tagged::Markup
    ///
    /// # Errors
    /// [`Error::WrongType`] when it is not of that type.
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
        from_text(&self.message).map_err(|error| Error::WrongType {
            key: FLASHES.to_owned(),
            reason: error.to_string(),
        })
    }

    /// `[number,"category",message]`, as our formats hold it.
    pub(crate) fn write(&self, out: &mut String) {
        out.push_str(&format!("[{},", self.number));
        text::string(out, &self.category, false);
        out.push(',');
        out.push_str(&self.message);
        out.push(']');
    }

    /// Reads what [`write`](Self::write) wrote, from a text that the scanner has proved to be JSON.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut cursor = Cursor::new(text);
        let mut part = |first: u8| {
            cursor.expect(first).ok()?;
            cursor.value(DEEPEST).ok().map(|range| &text[range])
        };
        let (number, category, message) = (part(b'[')?, part(b',')?, part(b',')?);
        cursor.expect(b']').ok()?;
        cursor.end().ok()?;
        // A text as we write it; a tag would read as one, too.
        let category: String = category
            .starts_with('"')
            .then(|| from_text(category).ok())??;
        Some(Self {
            number: number.parse().ok()?,
            category: category.into(),
            message: message.into(),
        })
    }
}

/// Where Flask keeps its flashes.
pub(crate) const FLASHES: &str = "_flashes";

/// A flash as an item of Flask's list: `{" t":["category",message]}`.
pub(crate) fn flask_item(category: &str, message: &str) -> Arc<str> {
    let mut item = String::from("{\" t\":[");
    text::string(&mut item, category, true);
    item.push(',');
    item.push_str(message);
    item.push_str("]}");
    item.into()
}

/// Takes the whole of Flask's list. What is no (category, message) pair is dropped by the take, as nobody can show it;
/// Flask would raise.
pub(crate) fn take_flask(map: &mut Map) -> Vec<Flash> {
    let Some(value) = map.get(FLASHES) else {
        return Vec::new();
    };
    map.change(Change::Remove {
        key: FLASHES.into(),
    });
    let list = value.as_str();
    let mut cursor = Cursor::new(list);
    let mut found = Vec::new();
    if !cursor.eat(b'[') || cursor.eat(b']') {
        return found;
    }
    while let Ok(item) = cursor.value(DEEPEST) {
        found.extend(flask_flash(&list[item]));
        if !cursor.eat(b',') {
            break;
        }
    }
    found
}

/// An item of Flask's list: a tuple, or a list, of category and message.
fn flask_flash(item: &str) -> Option<Flash> {
    let pair = match tagged(&Cursor::new(item)) {
        Some(found) if found.tag == Tag::Tuple => found.value,
        Some(_) => return None,
        None => item,
    };
    let mut cursor = Cursor::new(pair);
    let mut part = |first: u8| {
        cursor.expect(first).ok()?;
        cursor.value(DEEPEST).ok().map(|range| &pair[range])
    };
    let (category, message) = (part(b'[')?, part(b',')?);
    cursor.expect(b']').ok()?;
    Some(Flash {
        number: 0,
        category: category_text(category).into(),
        message: message.into(),
    })
}

/// Flask's category may be of any type, `flash(message, None)` among them.
fn category_text(json: &str) -> String {
    if json == "null" {
        return String::new();
    }
    from_text(json).unwrap_or_else(|_| untagged(json).into_owned())
}

/// Takes from our own format: those of `categories`, or all; the others stay.
pub(crate) fn take_ours(map: &mut Map, categories: Option<&[&str]>) -> Vec<Flash> {
    let wanted =
        |flash: &&Flash| categories.is_none_or(|categories| categories.contains(&&*flash.category));
    let taken: Vec<Flash> = map.flashes().iter().filter(wanted).cloned().collect();
    if !taken.is_empty() {
        map.change(Change::FlashesTaken(
            taken.iter().map(|flash| flash.number).collect(),
        ));
    }
    taken
}
