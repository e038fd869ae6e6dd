//! The check of a ring, at start and when the ring is replaced.

use crate::error::config::{ConfigError, MOST_VERIFY_ONLY, Warning, Weakness};
use crate::keys::ring::KeyRing;
use crate::keys::secret::Secret;

impl KeyRing {
    /// Checks the keys for a format. Flask's format accepts weak keys, but no empty ones.
    pub(crate) fn check(&self, flask: bool) -> Result<(), ConfigError> {
        if self.primary.is_empty() {
            return Err(ConfigError::NoKey);
        }
        if let Some(weakness) = refused(&self.primary, flask) {
            return Err(ConfigError::WeakKey(weakness));
        }
        for key in &self.verify_only {
            if let Some(weakness) = refused(&key.secret, flask) {
                return Err(ConfigError::WeakFallback(weakness));
            }
        }
        // Each key costs a forged cookie one more HMAC.
        if self.verify_only.len() > MOST_VERIFY_ONLY {
            return Err(ConfigError::TooManyKeys(self.verify_only.len()));
        }
        Ok(())
    }

    /// Returns the weaknesses of keys that were accepted all the same.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = Warning> {
        let mut warnings = Vec::new();
        warnings.extend(self.primary.weakness.map(Warning::WeakKey));
        for key in &self.verify_only {
            warnings.extend(key.secret.weakness.map(Warning::WeakFallback));
        }
        warnings.into_iter()
    }
}

fn refused(secret: &Secret, flask: bool) -> Option<Weakness> {
    if flask && !secret.is_empty() {
        None
    } else {
        secret.weakness
    }
}
