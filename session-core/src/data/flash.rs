//! Flash messages: shown once, on whichever page comes next.
//!
//! In our formats they stand beside the map, each with a random number, so that a take removes exactly those it saw. In
//! Flask's they are the key `_flashes`, a list of (category, message) tuples, and the rules are those of
//! `flask.helpers.get_flashed_messages`.

use std::sync::Arc;

use serde::Serialize;

use crate::data::change::Change;
use crate::data::map::Map;
use crate::error::Error;
use crate::json::de::from_text;
use crate::json::scan::{Cursor, DEEPEST};
use crate::json::tag::{Tag, tagged};
use crate::json::text;
use crate::json::untag::untagged;
use crate::session::handle::{Session, misfit_error};

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

impl Session {
    /// Keeps a message for the next page that takes it. Any serializable message will do, [`Markup`] among them.
    ///
    /// [`Markup`]: crate::json::tagged::Markup
    ///
    /// # Errors
    /// [`Error::NotSerializable`], [`Error::TooLate`], [`Error::Entropy`]; in Flask's format [`Error::WrongType`] when
    /// `_flashes` is no list.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.flash("Logged in", "success").unwrap();
    /// assert_eq!(session.take_flashes().unwrap()[0].message(), "Logged in");
    /// assert!(session.take_flashes().unwrap().is_empty());
    /// ```
    pub fn flash<T: Serialize>(&self, message: T, category: &str) -> Result<(), Error> {
        let message = self.text(FLASHES, &message)?;
        if self.is_flask() {
            let item = flask_item(category, &message);
            let mut state = self.open_state()?;
            let pushed = state.map.apply(Change::Push {
                key: FLASHES.into(),
                item,
            });
            return pushed
                .map(drop)
                .map_err(|misfit| misfit_error(FLASHES, 0, misfit));
        }
        let mut number = [0; 4];
        self.core().random.fill(&mut number)?;
        let mut number = u32::from_be_bytes(number);
        let mut state = self.open_state()?;
        while state
            .map
            .flashes()
            .iter()
            .any(|flash| flash.number == number)
        {
            number = number.wrapping_add(1);
        }
        state.map.change(Change::Flash(Flash {
            number,
            category: category.into(),
            message,
        }));
        Ok(())
    }

    /// Takes all flash messages, oldest first. In Flask's format a later call in the same request answers the same, as
    /// `get_flashed_messages` does; in ours it sees only what was flashed since.
    ///
    /// # Errors
    /// [`Error::TooLate`].
    ///
    /// ```
    /// # use session_core::Sessions;
    /// # let session = Sessions::flask("dev").unwrap().open(&http::HeaderMap::new());
    /// session.flash("Saved", "success").unwrap();
    /// assert_eq!(session.take_flashes().unwrap().len(), 1);
    /// assert_eq!(session.take_flashes().unwrap().len(), 1); // Flask's format; in ours 0
    /// ```
    pub fn take_flashes(&self) -> Result<Vec<Flash>, Error> {
        self.take_flashes_filtered(None)
    }

    /// Takes the flash messages of some categories, `""` being that of messages without one. The others stay; but in Flask's format they are gone after this
    /// request, as with `get_flashed_messages(category_filter=...)`.
    ///
    /// # Errors
    /// [`Error::TooLate`].
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
    /// session.flash("Saved", "success").unwrap();
    /// session.flash("Disk full", "error").unwrap();
    /// assert_eq!(session.take_flashes_of(&["error"]).unwrap()[0].message(), "Disk full");
    /// assert_eq!(session.take_flashes().unwrap()[0].message(), "Saved");
    /// ```
    pub fn take_flashes_of(&self, categories: &[&str]) -> Result<Vec<Flash>, Error> {
        self.take_flashes_filtered(Some(categories))
    }

    fn take_flashes_filtered(&self, categories: Option<&[&str]>) -> Result<Vec<Flash>, Error> {
        let mut state = self.open_state()?;
        let state = &mut *state;
        if !self.is_flask() {
            return Ok(take_ours(&mut state.map, categories));
        }
        let taken = state
            .flashes_taken
            .get_or_insert_with(|| take_flask(&mut state.map));
        let wanted = |flash: &&Flash| {
            categories.is_none_or(|categories| categories.contains(&flash.category()))
        };
        Ok(taken.iter().filter(wanted).cloned().collect())
    }
}

/// Where Flask keeps its flashes.
const FLASHES: &str = "_flashes";

/// A flash as an item of Flask's list: `{" t":["category",message]}`.
fn flask_item(category: &str, message: &str) -> Arc<str> {
    let mut item = String::from("{\" t\":[");
    text::string(&mut item, category, true);
    item.push(',');
    item.push_str(message);
    item.push_str("]}");
    item.into()
}

/// Takes the whole of Flask's list. What is no (category, message) pair is dropped by the take, as nobody can show it;
/// Flask would raise.
fn take_flask(map: &mut Map) -> Vec<Flash> {
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
fn take_ours(map: &mut Map, categories: Option<&[&str]>) -> Vec<Flash> {
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
