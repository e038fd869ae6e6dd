//! The forms of the settings' values, and the words for a value that has not its form.

use serde::Deserialize;
use serde_json::Value;

use crate::config::secret::{FALLBACKS, KEYS_UNTIL};
use crate::config::values::{RenamedFrom, SECONDS, duration};

/// The form of a setting's value.
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

impl Kind {
    /// The kind of a setting's value; `None` if there is no such setting.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "SECRET_KEY" => Self::Secret,
            "SECRET_KEY_FALLBACKS" => Self::Fallbacks,
            "SESSION_VERIFY_ONLY_KEYS" => Self::KeysUntil,
            "SESSION_COOKIE_NAME"
            | "SESSION_COOKIE_PATH"
            | "APPLICATION_ROOT"
            | "SESSION_CONTEXT"
            | "SESSION_SALT"
            | "SESSION_DIGEST"
            | "SESSION_COOKIE_SAMESITE" => Self::Text,
            "SESSION_COOKIE_SECURE"
            | "SESSION_COOKIE_HTTPONLY"
            | "SESSION_COOKIE_PARTITIONED"
            | "SESSION_REFRESH_EACH_REQUEST"
            | "SESSION_PERMANENT"
            | "SESSION_ENCRYPTED"
            | "SESSION_CACHE_HEADERS"
            | "SESSION_CLEAR_SITE_DATA"
            | "SESSION_INSECURE_PLAIN_HTTP"
            | "SESSION_WARNINGS_ARE_ERRORS" => Self::Flag,
            "MAX_COOKIE_SIZE"
            | "SESSION_PADDING"
            | "SESSION_NOT_CREATED_BEFORE"
            | "SESSION_ACCEPT_SIGNED_UNTIL"
            | "SESSION_ACCEPT_ENCRYPTED_UNTIL" => Self::WholeNumber,
            "PERMANENT_SESSION_LIFETIME"
            | "SESSION_IDLE_LIFETIME"
            | "SESSION_ANONYMOUS_LIFETIME"
            | "SESSION_ABSOLUTE_LIFETIME" => Self::Seconds,
            "SESSION_EPOCH" => Self::Epoch,
            "SESSION_COOKIE_DOMAIN" => Self::HostName,
            "SESSION_RENAMED_FROM" => Self::RenamedFrom,
            _ => return None,
        })
    }

    /// Whether serde will accept the value. `null` is accepted everywhere: the setting is as if absent.
    pub(super) fn accepts(&self, value: &Value) -> bool {
        if value.is_null() {
            return true;
        }
        match self {
            Self::Secret | Self::Text => value.is_string(),
            Self::Fallbacks | Self::KeysUntil => value.is_array(),
            Self::Flag => value.is_boolean(),
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
            Self::Secret | Self::Text => "expected a text",
            Self::Fallbacks => FALLBACKS,
            Self::KeysUntil => KEYS_UNTIL,
            Self::Flag => "expected true or false, in lower case",
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
