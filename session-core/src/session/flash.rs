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
    /// Adds a message for the next page that takes it. It may be of any serializable type, for example [`Markup`].
    ///
    /// [`Markup`]: crate::json::tagged::Markup
    ///
    /// # Errors
    /// [`Error::NotSerializable`], [`Error::TooLate`], [`Error::Entropy`]; in Flask's format [`Error::WrongType`] when
    /// the key `_flashes` is not a list.
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
            let key = FLASHES.into();
            return match state.map.apply(Change::Push { key, item }) {
                Ok(_) => Ok(()),
                Err(mismatch) => Err(mismatch_error(FLASHES, 0, mismatch)),
            };
        }
        // The random source is the application's code: it runs before the state is locked.
        let mut number = [0; 4];
        self.settings().random.fill(&mut number)?;
        let mut number = u32::from_be_bytes(number);
        let mut state = self.open_state()?;
        let pending: Vec<u32> = state
            .map
            .flashes()
            .iter()
            .map(|flash| flash.number)
            .collect();
        while pending.contains(&number) {
            number = number.wrapping_add(1);
        }
        state.map.change(Change::Flash(Flash {
            number,
            category: category.into(),
            message,
        }));
        Ok(())
    }

    /// Takes all flash messages, oldest first.
    ///
    /// In Flask's format a later call in this request returns them again, as `get_flashed_messages` does. In ours it returns
    /// only messages that were added since.
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

    /// Takes the flash messages of some categories. A message without a category has the category `""`.
    ///
    /// The other messages stay. In Flask's format they are removed at the end of this request, as with
    /// `get_flashed_messages(category_filter=...)`.
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
        if state.flashes_taken.is_none() {
            state.flashes_taken = Some(take_flask(&mut state.map));
        }
        let mut wanted = Vec::new();
        for flash in state.flashes_taken.iter().flatten() {
            if is_of(flash, categories) {
                wanted.push(flash.clone());
            }
        }
        Ok(wanted)
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

/// Takes the flashes of these categories, or all, out of the map.
fn take_ours(map: &mut Map, categories: Option<&[&str]>) -> Vec<Flash> {
    let mut taken = Vec::new();
    for flash in map.flashes() {
        if is_of(flash, categories) {
            taken.push(flash.clone());
        }
    }
    if !taken.is_empty() {
        // By number, so that a merge with another request's changes removes exactly these.
        let numbers = taken.iter().map(|flash| flash.number).collect();
        map.change(Change::FlashesTaken(numbers));
    }
    taken
}

fn is_of(flash: &Flash, categories: Option<&[&str]>) -> bool {
    match categories {
        Some(categories) => categories.contains(&flash.category()),
        None => true,
    }
}
