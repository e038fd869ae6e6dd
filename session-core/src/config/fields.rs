//! The settings as they are read, each under its name in upper case.

use std::time::Duration;

use serde::Deserialize;

use crate::config::secret::{KeyUntil, SecretText, fallbacks, keys_until};
use crate::config::values::{RenamedFrom, flag, seconds, text_or_false};
use crate::keys::ring::KeyRing;
use crate::keys::secret::Secret;

/// The settings of a [`Config`](super::Config). `names` has refused unknown ones before they get here.
#[derive(Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", default)]
pub(super) struct Fields {
    pub(super) secret_key: Option<SecretText>,
    #[serde(deserialize_with = "fallbacks")]
    pub(super) secret_key_fallbacks: Vec<SecretText>,
    #[serde(deserialize_with = "keys_until")]
    pub(super) session_verify_only_keys: Vec<KeyUntil>,
    pub(super) session_cookie_name: Option<String>,
    #[serde(deserialize_with = "text_or_false")]
    pub(super) session_cookie_domain: Option<String>,
    #[serde(deserialize_with = "text_or_false")]
    pub(super) session_cookie_path: Option<String>,
    pub(super) application_root: Option<String>,
    #[serde(deserialize_with = "flag")]
    pub(super) session_cookie_secure: Option<bool>,
    #[serde(deserialize_with = "flag")]
    pub(super) session_cookie_httponly: Option<bool>,
    pub(super) session_cookie_samesite: Option<String>,
    #[serde(deserialize_with = "flag")]
    pub(super) session_cookie_partitioned: Option<bool>,
    #[serde(deserialize_with = "seconds")]
    pub(super) permanent_session_lifetime: Option<Duration>,
    #[serde(deserialize_with = "seconds")]
    pub(super) session_idle_lifetime: Option<Duration>,
    #[serde(deserialize_with = "seconds")]
    pub(super) session_anonymous_lifetime: Option<Duration>,
    #[serde(deserialize_with = "flag")]
    pub(super) session_refresh_each_request: Option<bool>,
    pub(super) max_cookie_size: Option<usize>,
    #[serde(deserialize_with = "flag")]
    pub(super) session_permanent: Option<bool>,
    #[serde(deserialize_with = "seconds")]
    pub(super) session_absolute_lifetime: Option<Duration>,
    pub(super) session_not_created_before: Option<u64>,
    pub(super) session_epoch: Option<u16>,
    pub(super) session_renamed_from: Option<RenamedFrom>,
    #[serde(deserialize_with = "flag")]
    pub(super) session_encrypted: Option<bool>,
    pub(super) session_padding: Option<usize>,
    pub(super) session_accept_signed_until: Option<u64>,
    pub(super) session_accept_encrypted_until: Option<u64>,
    pub(super) session_context: Option<String>,
    pub(super) session_salt: Option<String>,
    pub(super) session_digest: Option<String>,
    #[serde(deserialize_with = "flag")]
    pub(super) session_cache_headers: Option<bool>,
    #[serde(deserialize_with = "flag")]
    pub(super) session_clear_site_data: Option<bool>,
    #[serde(deserialize_with = "flag")]
    pub(super) session_insecure_plain_http: Option<bool>,
    #[serde(deserialize_with = "flag")]
    pub(super) session_warnings_are_errors: Option<bool>,
}

impl Fields {
    /// Returns the keys.
    pub(super) fn keys(&self) -> KeyRing {
        // No key is an empty key, which no format accepts. A weak key is in the ring, too: the format decides about it.
        let primary = match &self.secret_key {
            Some(key) => key.0.as_bytes(),
            None => &[],
        };
        let mut ring = KeyRing::flask(primary);
        for key in &self.secret_key_fallbacks {
            ring = ring.fallback(key.0.as_bytes());
        }
        for KeyUntil { key, until } in &self.session_verify_only_keys {
            ring = ring.and(Secret::new(key.0.as_bytes()), Some(*until));
        }
        ring
    }
}
