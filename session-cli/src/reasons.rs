//! Why a cookie is refused, and what to do: more than a server may say.

use std::time::{SystemTime, UNIX_EPOCH};

use session_core::{Digest, Rejected};

use crate::facts::{date, digest_of};
use crate::inspect::{Parts, is_encrypted};
use crate::keyed::Keyed;
use crate::options::Format;

impl Keyed {
    /// Returns the details of a refusal. An encrypted cookie has no parts.
    pub(crate) fn detail(
        &self,
        rejected: Rejected,
        value: &str,
        parts: Option<&Parts<'_>>,
        name: Option<String>,
    ) -> Option<String> {
        if let Rejected::Malformed | Rejected::TooLong | Rejected::BadSignature = rejected
            && let Some(hint) = self.other_format(rejected, value, parts)
        {
            return Some(hint.to_owned());
        }
        match (rejected, parts) {
            (Rejected::Malformed, Some(parts)) => match parts.times() {
                Err(reason) => Some(reason),
                Ok(_) => Some(format!(
                    "its signature has {} characters; it may be cut",
                    parts.signature.len()
                )),
            },
            (Rejected::Malformed, None) => Some(format!(
                "an encrypted cookie is base64url, without dots; this one has {} characters, and may be cut",
                value.len()
            )),
            (Rejected::BadSignature, parts) => Some(match parts {
                Some(parts) if self.format == Format::Flask => self.flask_signature(parts),
                _ => self.our_signature(name),
            }),
            (Rejected::Idle | Rejected::Future, Some(parts)) => self.times(rejected, parts),
            (Rejected::Unreadable, Some(parts)) => {
                parts.times().err().or_else(|| parts.json().err())
            }
            _ => None,
        }
    }

    /// Returns the option to add or to leave out, if the cookie looks like one of another format.
    fn other_format(
        &self,
        rejected: Rejected,
        value: &str,
        parts: Option<&Parts<'_>>,
    ) -> Option<&'static str> {
        let Some(parts) = parts else {
            let is_other = self.format != Format::Encrypted && is_encrypted(value);
            return is_other.then_some("it looks like an encrypted cookie; add --encrypted");
        };
        let is_id = parts.record().is_some();
        if is_id && self.format != Format::Stored {
            return Some("it looks like the id of a stored session; add --stored");
        }
        match self.format {
            Format::Flask if parts.is_ours() => {
                Some("it looks like this library's own format; add --ours")
            }
            Format::Encrypted | Format::Stored if parts.is_ours() && !is_id => Some(
                "it looks like a signed cookie; give --ours instead of --encrypted or --stored",
            ),
            Format::Flask => None,
            _ if rejected == Rejected::Malformed && parts.times().is_ok() && !parts.is_ours() => {
                Some("it looks like Flask's format; leave --ours out")
            }
            _ => None,
        }
    }

    fn our_signature(&self, name: Option<String>) -> String {
        let bound = self.cookie_name();
        match name {
            Some(name) if name != bound => {
                format!("it depends on the cookie's name, which is {name:?}; --name is {bound:?}")
            }
            _ => format!(
                "it was made with another secret, --name (here {bound:?}) or --context, or the cookie was changed"
            ),
        }
    }

    fn flask_signature(&self, parts: &Parts<'_>) -> String {
        let (length, wanted) = (parts.signature.len(), digest_name(self.digest));
        match digest_of(length) {
            Some(found) if found != wanted => {
                format!("it has the length of {found}; add --digest {found}")
            }
            None => format!("it has {length} characters, so it may be cut"),
            Some(_) => {
                "it was made with another secret or --salt, or the cookie was changed".to_owned()
            }
        }
    }

    fn times(&self, rejected: Rejected, parts: &Parts<'_>) -> Option<String> {
        let written = parts.times().ok()?.written();
        let now = match self.now {
            Some(now) => now,
            None => SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs(),
        };
        let (written_at, now_at) = (date(written), date(now));
        Some(if rejected == Rejected::Future {
            let ahead = written.saturating_sub(now);
            format!("signed {written_at}, {ahead} seconds after now, {now_at}")
        } else {
            let age = now.saturating_sub(written);
            format!(
                "expired, signed {written_at}, {age} seconds ago; --max-age is {}",
                self.idle
            )
        })
    }
}

fn digest_name(digest: Digest) -> &'static str {
    match digest {
        Digest::Sha1 => "sha1",
        Digest::Sha256 => "sha256",
        Digest::Sha512 => "sha512",
    }
}
