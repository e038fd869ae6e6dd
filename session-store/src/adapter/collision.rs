//! Two layers that write one cookie: a browser stores only the last of them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::adapter::backend::SessionBackend;
use crate::adapter::{layers, trace};

/// Returns the message about two layers with one cookie, which names both.
fn message(cookie: &str, one: Option<&str>, other: Option<&str>) -> String {
    let (one, other) = (place(one), place(other));
    format!(
        "{one} and {other} write one cookie, {cookie:?}: a browser stores only the last, so the changes of the other are \
         lost. Give one of them another name with `cookie_name`. If both are meant to be one session, make it once and clone it"
    )
}

fn place(marker: Option<&str>) -> String {
    match marker {
        Some(name) => format!("the session marked `{name}`"),
        None => "the session without a marker".to_owned(),
    }
}

/// Warns about two layers on the way of one request that write one cookie. Once in a process.
pub(crate) fn warn(scope: usize, outer: Option<&str>, inner: Option<&str>) {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if !WARNED.load(Ordering::Relaxed) && !WARNED.swap(true, Ordering::Relaxed) {
        trace::warn(&message(&layers::scope(scope), outer, inner));
    }
}

/// The sessions of one application, for a framework whose every layer runs for every request: it knows at start which write
/// one cookie.
///
/// ```
/// use session_core::{SecretKey, Sessions};
/// use session_store::{CookieOwners, SessionBackend};
///
/// struct Admin;
///
/// let owners = CookieOwners::default();
/// let backend = || SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
/// owners.add::<()>(&backend()).unwrap();
/// let refused = owners.add::<Admin>(&backend()).unwrap_err();
/// assert!(refused.starts_with(
///     "the session without a marker and the session marked `Admin` write one cookie, \"__Host-session; Path=/\""
/// ));
/// ```
#[derive(Debug, Default)]
pub struct CookieOwners(Mutex<Vec<(String, Option<&'static str>)>>);

impl CookieOwners {
    /// Adds the sessions that are marked with `K`.
    ///
    /// # Errors
    /// A message for the developer when other sessions write the cookie of this name, path and domain.
    ///
    /// ```
    /// # use session_core::Sessions;
    /// # use session_store::{CookieOwners, SessionBackend};
    /// # struct Admin;
    /// let owners = CookieOwners::default();
    /// let shop = Sessions::flask_builder("dev").cookie_name("shop").build().unwrap();
    /// assert!(owners.add::<()>(&SessionBackend::new(shop)).is_ok());
    /// assert!(owners.add::<Admin>(&SessionBackend::new(Sessions::flask("dev").unwrap())).is_ok());
    /// ```
    pub fn add<K: 'static>(&self, backend: &SessionBackend) -> Result<(), String> {
        let (cookie, marker) = (backend.cookie_scope(), layers::marker::<K>());
        // A panic under this lock leaves nothing half done: it guards one push.
        let mut owners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (other_cookie, other) in &*owners {
            if *other_cookie == cookie {
                return Err(message(&cookie, *other, marker));
            }
        }
        owners.push((cookie, marker));
        Ok(())
    }
}
