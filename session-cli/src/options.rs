//! The values of options.

use std::ffi::OsString;

use session_core::Digest;

use crate::keys::Keys;

/// The options of a command.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) keys: Keys,
    pub(crate) digest: Option<Digest>,
    pub(crate) salt: Option<Vec<u8>>,
    pub(crate) max_age: Option<u64>,
    pub(crate) now: Option<u64>,
    pub(crate) format: Format,
    pub(crate) name: Option<String>,
    pub(crate) context: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) store: Option<OsString>,
    pub(crate) redis_prefix: Option<String>,
    pub(crate) table: Option<String>,
    pub(crate) limit: Option<usize>,
}

/// The format of a cookie.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    #[default]
    Flask,
    /// Ours, signed.
    Ours,
    /// Ours, encrypted.
    Encrypted,
    /// The id of a stored session.
    Stored,
}

/// The latest time that has a date: the end of the year 9999.
const LAST: u64 = 253_402_300_799;

impl Options {
    /// Checks options that do not go together.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.keys.check()
    }
}

/// Sets an option. A switch has no value.
pub(crate) fn set(
    options: &mut Options,
    option: &str,
    value: Option<OsString>,
) -> Result<(), String> {
    let Some(value) = value else {
        return select(options, option);
    };
    match option {
        "--secret" | "--fallback" if value.is_empty() => {
            return Err(format!(
                "{option} is empty, and anyone could sign with an empty key; give the key"
            ));
        }
        "--secret" => options.keys.secret = Some(value.into_encoded_bytes().into()),
        "--fallback" => {
            let key = value.into_encoded_bytes().into();
            options.keys.fallbacks.push(key);
        }
        "--secret-file" => options.keys.file = Some(value),
        "--prefix" => options.keys.prefix = Some(text(option, value)?),
        "--salt" => options.salt = Some(value.into_encoded_bytes()),
        "--digest" => options.digest = Some(digest(&value)?),
        "--max-age" => options.max_age = Some(whole(option, "seconds", &value, u64::MAX)?),
        "--now" => options.now = Some(whole(option, "seconds", &value, LAST)?),
        "--limit" => {
            let limit = whole(option, "sessions", &value, 1_000_000)?;
            if limit == 0 {
                return Err("--limit is at least 1, got 0".to_owned());
            }
            options.limit = usize::try_from(limit).ok();
        }
        "--name" => options.name = Some(text(option, value)?),
        "--user" => options.user = Some(text(option, value)?),
        "--store" => options.store = Some(value),
        "--redis-prefix" => options.redis_prefix = Some(text(option, value)?),
        "--table" => options.table = Some(text(option, value)?),
        _ => options.context = Some(text(option, value)?),
    }
    Ok(())
}

/// Selects a format.
fn select(options: &mut Options, option: &str) -> Result<(), String> {
    let format = match option {
        "--encrypted" => Format::Encrypted,
        "--stored" => Format::Stored,
        _ => Format::Ours,
    };
    options.format = match (options.format, format) {
        (Format::Flask | Format::Ours, format) => format,
        // `--ours` beside one of the others says nothing new.
        (format, Format::Ours) => format,
        _ => return Err("--encrypted and --stored are two formats; give one of them".to_owned()),
    };
    Ok(())
}

fn digest(value: &OsString) -> Result<Digest, String> {
    match value.as_encoded_bytes() {
        b"sha1" => Ok(Digest::Sha1),
        b"sha256" => Ok(Digest::Sha256),
        b"sha512" => Ok(Digest::Sha512),
        _ => {
            let other = value.to_string_lossy();
            Err(format!("--digest is sha1, sha256 or sha512, got {other:?}"))
        }
    }
}

fn whole(option: &str, unit: &str, value: &OsString, most: u64) -> Result<u64, String> {
    let value = value.to_string_lossy();
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse() {
        Ok(number) if digits && number <= most => Ok(number),
        _ => Err(format!(
            "{option} is a whole number of {unit}, 0 to {most}, got {value:?}"
        )),
    }
}

fn text(option: &str, value: OsString) -> Result<String, String> {
    match value.into_string() {
        Ok(text) => Ok(text),
        Err(_) => Err(format!("{option} is a text in UTF-8, got other bytes")),
    }
}
