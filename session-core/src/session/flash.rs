//! Flash messages of a session.

use serde::Serialize;

use crate::data::change::Change;
use crate::data::flash::{FLASHES, Flash};
use crate::data::flask::{flask_item, read_flask};
use crate::data::map::Map;
use crate::error::Error;
use crate::session::handle::Session;
use crate::session::map::mismatch_error;

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
                .map_err(|mismatch| mismatch_error(FLASHES, 0, mismatch));
        }
        let mut number = [0; 4];
        self.settings().random.fill(&mut number)?;
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

/// Takes the whole of Flask's list out of the map.
fn take_flask(map: &mut Map) -> Vec<Flash> {
    let Some(list) = map.get(FLASHES) else {
        return Vec::new();
    };
    let key = FLASHES.into();
    map.change(Change::Remove { key });
    read_flask(list.as_str())
}

/// Takes the flashes of these categories out of the map, or all; the others stay.
fn take_ours(map: &mut Map, categories: Option<&[&str]>) -> Vec<Flash> {
    let mut taken = Vec::new();
    for flash in map.flashes() {
        if categories.is_none_or(|categories| categories.contains(&flash.category())) {
            taken.push(flash.clone());
        }
    }
    if !taken.is_empty() {
        let numbers = taken.iter().map(|flash| flash.number).collect();
        map.change(Change::FlashesTaken(numbers));
    }
    taken
}
