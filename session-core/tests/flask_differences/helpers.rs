//! Cookies as Flask signs them, and settings as its users write them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use session_core::{Config, ConfigError, Session, Sessions};
use sha1::Sha1;

use crate::common::{ManualClock, request};

pub(crate) const NOW: u64 = 1_700_000_000;

pub(crate) fn flask() -> Sessions {
    Sessions::flask_builder("dev")
        .clock(ManualClock::at(NOW))
        .build()
        .unwrap()
}

/// Signs any text at any time, as a Flask whose key is `dev` does.
pub(crate) fn signed_at(payload: &str, at: u64) -> String {
    let code = |key: &[u8], text: &str| {
        let mut mac = Hmac::<Sha1>::new_from_slice(key).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes()
    };
    let stamp = at.to_be_bytes();
    let stamp = &stamp[stamp.iter().take_while(|byte| **byte == 0).count()..];
    let text = format!("{payload}.{}", URL_SAFE_NO_PAD.encode(stamp));
    let signature = code(&code(b"dev", "cookie-session"), &text);
    format!("session={text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

pub(crate) fn signed(json: &str) -> String {
    signed_at(&URL_SAFE_NO_PAD.encode(json), NOW)
}

pub(crate) fn opened(cookie: &str) -> Session {
    flask().open(&request(&[cookie]))
}

pub(crate) fn settings(name: &str, text: &str) -> Result<Sessions, ConfigError> {
    let vars = [("SECRET_KEY", "dev"), (name, text)]
        .map(|(name, text)| (name.to_owned(), text.to_owned()));
    Config::from_vars("", vars)?.build_flask()
}
