//! The handle that a handler holds, and how a session is locked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::data::map::Map;
use crate::error::Error;
use crate::event::LogDigest;
use crate::session::state::{Incoming, State};
use crate::settings::Settings;

/// A session: a map that remembers whether it changed.
///
/// This is a cheap handle: its clones are one session. Methods are named after those of std's maps and of Flask. They take
/// `&self`, and run no code of the application while the session is locked. Values are converted by serde; a value that
/// is not changed keeps its bytes. Every method that changes the session returns a `Result`: the change may come too late,
/// the value may not be serializable, or it may not fit the type that is stored.
///
/// ```
/// # use session_core::{SecretKey, Sessions};
/// # fn main() -> Result<(), session_core::Error> {
/// # let session = Sessions::new(SecretKey::generate().unwrap()).open(&http::HeaderMap::new());
/// session.insert("username", "ada")?;
/// session.push("cart", "espresso")?;
/// session.increment("visits", 1)?;
///
/// assert_eq!(session.get::<String>("username")?.as_deref(), Some("ada"));
/// assert_eq!(session.keys(), ["cart", "username", "visits"]);
/// assert!(session.remove("username")?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Session(pub(crate) Arc<Shared>);

/// Shared by all handles of a session.
pub(crate) struct Shared {
    pub(crate) settings: Arc<Settings>,
    pub(crate) incoming: Incoming,
    pub(crate) state: Mutex<State>,
}

impl Session {
    pub(crate) fn new(settings: Arc<Settings>, incoming: Incoming, map: Map, now: u64) -> Self {
        let mut state = State::new(&settings.lifetime, now);
        state.map = map;
        state.stamp = incoming.stamp.unwrap_or(state.stamp);
        Self(Arc::new(Shared {
            settings,
            incoming,
            state: Mutex::new(state),
        }))
    }

    pub(crate) fn settings(&self) -> &Arc<Settings> {
        &self.0.settings
    }

    pub(crate) fn incoming(&self) -> &Incoming {
        &self.0.incoming
    }

    /// Locks the state. No code of the application runs while it is locked, so none can poison it.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the state for a change.
    pub(crate) fn open_state(&self) -> Result<MutexGuard<'_, State>, Error> {
        if self.is_unavailable() {
            return Err(Error::Unavailable);
        }
        let state = self.state();
        if state.frozen {
            return Err(Error::TooLate);
        }
        Ok(state)
    }

    pub(crate) fn freeze(&self) {
        self.state().freeze();
    }

    pub(crate) fn digest(&self) -> LogDigest {
        self.0.settings.digest(&self.0.incoming.signature_end)
    }

    pub(crate) fn is_flask(&self) -> bool {
        self.0.settings.format.is_flask()
    }
}
