//! The keys of one application, and the keys of one purpose that are derived from them.
//!
//! One key is the primary: it signs and encrypts. At most 8 others only verify and decrypt, each until its end. The types
//! keep them apart, so no order of a list can make an old key sign.

use crate::keys::secret::{Secret, wipe_stack};

/// The keys of one application: the primary signs, and at most 8 others only verify, each until a time or until it is
/// removed. The type keeps them apart, so no order of a list can make an old key sign (CVE-2025-47278).
///
/// A [`SecretKey`](crate::SecretKey) converts into a ring of one key. [`Sessions::builder`](crate::Sessions::builder) takes a ring, and
/// [`Sessions::set_keys`](crate::Sessions::set_keys) replaces it in a running process. `docs/rotation.md` shows how to
/// rotate keys while all users stay logged in, and what to do when a key has leaked.
///
/// ```
/// use session_core::{KeyRing, SecretKey, Sessions, testing};
///
/// let (old, new) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
/// let sessions = Sessions::new(old.clone());
/// let request = testing::request(&sessions, |session| session.insert("username", "ada")).unwrap();
///
/// sessions.set_keys(KeyRing::new(new.clone()).verify_only(old)).unwrap();
/// assert!(sessions.open(&request).contains_key("username"));
/// sessions.set_keys(new).unwrap(); // the old one leaked: remove it at once
/// assert!(sessions.open(&request).is_empty());
/// ```
#[derive(Debug, Clone)]
pub struct KeyRing {
    pub(crate) primary: Secret,
    pub(crate) verify_only: Vec<VerifyOnly>,
}

/// A key that only verifies, before the second `until`.
#[derive(Debug, Clone)]
pub(crate) struct VerifyOnly {
    pub(crate) secret: Secret,
    pub(crate) until: Option<u64>,
}

/// The keys of one purpose: one for each secret of a ring.
#[derive(Clone)]
pub(crate) struct DerivedKeys<K> {
    pub(crate) primary: K,
    verify_only: Vec<(K, Option<u64>)>,
}

impl<K> DerivedKeys<K> {
    pub(crate) fn new(ring: &KeyRing, derive: impl Fn(&Secret) -> K) -> Self {
        // Wiped after each key, before anything is stored: the unused bytes of a value on the heap could otherwise carry
        // the key, see `wipe_stack`.
        let primary = derive(&ring.primary);
        wipe_stack();
        let mut verify_only = Vec::with_capacity(ring.verify_only.len());
        for VerifyOnly { secret, until } in &ring.verify_only {
            let key = derive(secret);
            wipe_stack();
            verify_only.push((key, *until));
        }
        Self {
            primary,
            verify_only,
        }
    }

    /// Returns the other keys that are valid at `now`.
    pub(crate) fn others(&self, now: u64) -> impl Iterator<Item = &K> {
        let keys = self.verify_only.iter();
        keys.filter_map(move |(key, until)| until.is_none_or(|until| now < until).then_some(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t7_keys_do_not_print() {
        let ring = KeyRing::flask("hunter2-hunter2").fallback("hunter2-fallback");
        assert!(!format!("{ring:?}").contains("hunter2"));
    }
}
