//! The layers that this process has made: what a request alone cannot know.
//!
//! A layer is known by its marker and by the scope of its cookie. Both are few in any process, so the lists stay short.

use std::any::{TypeId, type_name};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The scopes of all cookies. The place of a scope in the list is its number, so that requests compare numbers.
static SCOPES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A marker, and the number of its cookie's scope.
static LAYERS: Mutex<Vec<(TypeId, usize)>> = Mutex::new(Vec::new());

/// Whether two markers have a cookie of one scope. Until then no request keeps a list of its layers.
static SHARED: AtomicBool = AtomicBool::new(false);

/// A panic under one of these locks leaves nothing half done: each guards one push.
fn lock<T>(list: &Mutex<T>) -> MutexGuard<'_, T> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the number of a cookie's scope.
pub(crate) fn scope_number(scope: String) -> usize {
    let mut scopes = lock(&SCOPES);
    if let Some(number) = scopes.iter().position(|known| *known == scope) {
        return number;
    }
    scopes.push(scope);
    scopes.len() - 1
}

/// Returns the scope of this number.
pub(crate) fn scope(number: usize) -> String {
    lock(&SCOPES).get(number).cloned().unwrap_or_default()
}

/// Notes a layer that is marked with `K`.
pub(crate) fn note<K: 'static>(scope: usize) {
    let layer = (TypeId::of::<K>(), scope);
    let mut layers = lock(&LAYERS);
    if layers.contains(&layer) {
        return;
    }
    if layers.iter().any(|(_, other)| *other == scope) {
        SHARED.store(true, Ordering::Relaxed);
    }
    layers.push(layer);
}

/// Returns whether this process has made a layer that is marked with `K`.
pub(crate) fn has<K: 'static>() -> bool {
    let marker = TypeId::of::<K>();
    lock(&LAYERS).iter().any(|(other, _)| *other == marker)
}

/// Returns whether two markers of this process have a cookie of one scope.
pub(crate) fn is_shared() -> bool {
    SHARED.load(Ordering::Relaxed)
}

/// Returns the name of the marker `K`, or None for the session without a marker.
pub(crate) fn marker<K: ?Sized>() -> Option<&'static str> {
    match type_name::<K>() {
        "()" => None,
        // A type without a path, as a primitive's, is its own name.
        path => path.rsplit("::").next().or(Some(path)),
    }
}
