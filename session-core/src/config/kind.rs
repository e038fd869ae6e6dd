//! The forms of the settings' values, and the words for a value that has not its form.

use serde::Deserialize;
use serde_json::Value;

use crate::config::secret::{FALLBACKS, KEYS_UNTIL};
use crate::config::values::{RenamedFrom, SECONDS, duration};

/// The form of a setting's value.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    // Secrets never become a `Value`, which would not be wiped.
    Secret,
    Fallbacks,
    KeysUntil,
    /// A text as it is, even if it looks like a number or like `true`.
    Text,
    Flag,
    WholeNumber,
    Seconds,
    Epoch,
    HostName,
    RenamedFrom,
}

/// All settings.
const SETTINGS: [(&str, Kind); 32] = [
    ("SECRET_KEY", Kind::Secret),
    ("SECRET_KEY_FALLBACKS", Kind::Fallbacks),
    ("SESSION_VERIFY_ONLY_KEYS", Kind::KeysUntil),
    ("SESSION_COOKIE_NAME", Kind::Text),
    ("SESSION_COOKIE_PATH", Kind::Text),
    ("APPLICATION_ROOT", Kind::Text),
    ("SESSION_CONTEXT", Kind::Text),
    ("SESSION_SALT", Kind::Text),
    ("SESSION_DIGEST", Kind::Text),
    ("SESSION_COOKIE_SAMESITE", Kind::Text),
    ("SESSION_COOKIE_SECURE", Kind::Flag),
    ("SESSION_COOKIE_HTTPONLY", Kind::Flag),
    ("SESSION_COOKIE_PARTITIONED", Kind::Flag),
    ("SESSION_REFRESH_EACH_REQUEST", Kind::Flag),
    ("SESSION_PERMANENT", Kind::Flag),
    ("SESSION_ENCRYPTED", Kind::Flag),
    ("SESSION_CACHE_HEADERS", Kind::Flag),
    ("SESSION_CLEAR_SITE_DATA", Kind::Flag),
    ("SESSION_INSECURE_PLAIN_HTTP", Kind::Flag),
    ("SESSION_WARNINGS_ARE_ERRORS", Kind::Flag),
    ("MAX_COOKIE_SIZE", Kind::WholeNumber),
    ("SESSION_PADDING", Kind::WholeNumber),
    ("SESSION_NOT_CREATED_BEFORE", Kind::WholeNumber),
    ("SESSION_ACCEPT_SIGNED_UNTIL", Kind::WholeNumber),
    ("SESSION_ACCEPT_ENCRYPTED_UNTIL", Kind::WholeNumber),
    ("PERMANENT_SESSION_LIFETIME", Kind::Seconds),
    ("SESSION_IDLE_LIFETIME", Kind::Seconds),
    ("SESSION_ANONYMOUS_LIFETIME", Kind::Seconds),
    ("SESSION_ABSOLUTE_LIFETIME", Kind::Seconds),
    ("SESSION_EPOCH", Kind::Epoch),
    ("SESSION_COOKIE_DOMAIN", Kind::HostName),
    ("SESSION_RENAMED_FROM", Kind::RenamedFrom),
];

impl Kind {
    /// The kind of a setting's value; `None` if there is no such setting.
    pub(super) fn of(name: &str) -> Option<Self> {
        for (setting, kind) in SETTINGS {
            if setting == name {
                return Some(kind);
            }
        }
        None
    }

    /// The names of all settings.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        SETTINGS.into_iter().map(|(name, _)| name)
    }

    /// Whether serde will accept the value. `null` is accepted everywhere: the setting is as if absent.
    pub(super) fn accepts(&self, value: &Value) -> bool {
        if value.is_null() {
            return true;
        }
        match self {
            Self::Secret | Self::Text => value.is_string(),
            Self::Fallbacks | Self::KeysUntil => value.is_array(),
            Self::Flag => value.is_boolean() || matches!(value.as_u64(), Some(0 | 1)),
            Self::WholeNumber => value.is_u64(),
            Self::Seconds => matches!(value, Value::Number(number) if duration(number).is_some()),
            Self::Epoch => matches!(value.as_u64(), Some(0..=65_535)),
            // As in Flask, where false is the default.
            Self::HostName => value.is_string() || *value == Value::Bool(false),
            Self::RenamedFrom => RenamedFrom::deserialize(value).is_ok(),
        }
    }

    /// The end of the error's sentence.
    pub(super) fn expected(&self) -> &'static str {
        match self {
            Self::Secret => {
                "expected a text, such as the output of `openssl rand -base64 33` between quotes"
            }
            Self::Text => "expected a text",
            Self::Fallbacks => FALLBACKS,
            Self::KeysUntil => KEYS_UNTIL,
            Self::Flag => "expected true or false, in lower case, or 1 or 0",
            Self::WholeNumber => "expected a whole number that is not negative",
            Self::Seconds => SECONDS,
            Self::Epoch => "expected a whole number from 0 to 65535",
            Self::HostName => "expected a host name such as example.com, or null for none",
            Self::RenamedFrom => {
                "expected a JSON object such as {\"name\": \"session\", \"renamed\": 1800000000}, with the time in unix \
                 seconds, and with \"domain\" and \"path\" if the cookie had them"
            }
        }
    }
}
