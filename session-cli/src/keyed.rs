//! The commands with a key: `verify` and `sign`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use session_core::{
    Builder, ConfigError, Digest, EntropyError, EntropySource, Prefix, Rejected, SecretKey,
    Session, Sessions, testing,
};

use crate::args::Settings;
use crate::inspect::{Parts, Pasted, date, digest_of};
use crate::json;

/// A random source for sessions that need no random bytes.
struct NoEntropy;

impl EntropySource for NoEntropy {
    fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
        Err(EntropyError)
    }
}

/// Sessions with the options of the command line, for any number of items.
pub(crate) struct Keyed {
    sessions: Sessions,
    now: Option<u64>,
    idle: u64,
    digest: Digest,
    user: Option<String>,
}

impl Keyed {
    /// Builds the sessions; the error names the wrong option.
    pub(crate) fn new(mut settings: Settings) -> Result<Self, String> {
        const MONTH: u64 = 31 * 24 * 60 * 60;
        let (now, idle) = (settings.now, settings.max_age.unwrap_or(MONTH));
        let clock =
            move || now.map_or_else(SystemTime::now, |now| UNIX_EPOCH + Duration::from_secs(now));
        let digest = settings.digest.unwrap_or_default();
        let user = settings.user.take();
        if user.is_some() && !settings.ours {
            return Err(
                "--user works with --ours only: Flask's format stores the user in keys of the application"
                    .to_owned(),
            );
        }
        let builder = builder(settings)?.idle_lifetime(Duration::from_secs(idle));
        match builder.clock(clock).random(NoEntropy).build() {
            Ok(sessions) => Ok(Self {
                sessions,
                now,
                idle,
                digest,
                user,
            }),
            // The names of the builder's methods are those of our options.
            Err(error @ ConfigError::Format { .. }) => Err(format!("--{error}")),
            Err(ConfigError::Cookie { problem, .. }) => Err(format!("--name: {problem}")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Returns the payload of a cookie that a server with these settings accepts.
    pub(crate) fn verify(&self, item: &[u8]) -> Result<String, String> {
        let Pasted { name, value } = Pasted::new(item);
        let parts =
            Parts::of(&value).map_err(|reason| format!("{}: {reason}", Rejected::Malformed))?;
        let pair = HeaderValue::try_from(format!("{}={value}", self.sessions.cookie_name()))
            .map_err(|_| Rejected::Malformed.to_string())?;
        let session = self.sessions.open(&HeaderMap::from_iter([(COOKIE, pair)]));
        match session.rejected() {
            None => {
                let payload = session.payload();
                // On one line, also if the payload has line breaks between its tokens.
                Ok(json::compact(&payload).unwrap_or(payload))
            }
            Some(rejected) => Err(match self.detail(rejected, &parts, name) {
                Some(detail) => format!("{rejected}: {detail}"),
                None => rejected.to_string(),
            }),
        }
    }

    /// Returns the details of a refusal.
    fn detail(
        &self,
        rejected: Rejected,
        parts: &Parts<'_>,
        name: Option<String>,
    ) -> Option<String> {
        let ours = !self.sessions.is_flask();
        match rejected {
            Rejected::Malformed | Rejected::BadSignature if parts.is_ours() && !ours => {
                Some("it looks like this library's own format; add --ours".to_owned())
            }
            Rejected::Malformed if ours && parts.times().is_ok_and(|_| !parts.is_ours()) => {
                Some("it looks like Flask's format; leave --ours out".to_owned())
            }
            Rejected::Malformed => match parts.times() {
                Err(reason) => Some(reason),
                Ok(_) => Some(format!(
                    "its signature has {} characters; it may be cut",
                    parts.signature.len()
                )),
            },
            Rejected::BadSignature if ours => {
                let bound = self.sessions.cookie_name();
                Some(match name {
                    Some(name) if name != bound => format!(
                        "it depends on the cookie's name, which is {name:?}; --name is {bound:?}"
                    ),
                    _ => format!(
                        "it was made with another --secret, --name (here {bound:?}) or --context, or the cookie was \
                         changed"
                    ),
                })
            }
            Rejected::BadSignature => {
                let (length, wanted) = (parts.signature.len(), digest_name(self.digest));
                Some(match digest_of(length) {
                    Some(found) if found != wanted => {
                        format!("it has the length of {found}; add --digest {found}")
                    }
                    None => format!("it has {length} characters, so it may be cut"),
                    Some(_) => {
                        "it was made with another --secret or --salt, or the cookie was changed"
                            .to_owned()
                    }
                })
            }
            Rejected::Idle | Rejected::Future => {
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
            Rejected::Unreadable => parts.times().err().or_else(|| parts.json().err()),
            _ => None,
        }
    }

    /// Returns the value of a cookie with this JSON object.
    pub(crate) fn sign(&self, item: &[u8]) -> Result<String, String> {
        let text = match std::str::from_utf8(item) {
            Ok(text) => text,
            Err(error) => {
                let offset = error.valid_up_to();
                return Err(format!("not JSON: not UTF-8 from offset {offset} on"));
            }
        };
        // Names the offset of an error; the core reports the rest.
        json::compact(text)?;
        let fill = |session: &Session| {
            if let Some(user) = &self.user {
                session.log_in(user)?;
            }
            session.insert_tagged_json(text)
        };
        let request = testing::request(&self.sessions, fill).map_err(|error| error.to_string())?;
        let pair = request.get(COOKIE).and_then(|pair| pair.to_str().ok());
        match pair.and_then(|pair| pair.split_once('=')) {
            Some((_, value)) => Ok(value.to_owned()),
            None => Err("the session gave no cookie".to_owned()),
        }
    }
}

fn builder(settings: Settings) -> Result<Builder, String> {
    let mut builder = if settings.ours {
        let mut builder = Sessions::builder(strong_key("--secret", settings.secret)?);
        for fallback in settings.fallbacks {
            builder = builder.verify_only(strong_key("--fallback", fallback)?);
        }
        let name = settings.name.as_deref().unwrap_or("__Host-session");
        let (prefix, name) = match (name.strip_prefix("__Host-"), name.strip_prefix("__Secure-")) {
            (Some(name), _) => (Prefix::Host, name),
            (_, Some(name)) => (Prefix::Secure, name),
            _ => (Prefix::None, name),
        };
        builder.prefix(prefix).cookie_name(name)
    } else if settings.name.is_some() {
        return Err(
            "--name works with --ours only: Flask's signature does not depend on the cookie's name"
                .to_owned(),
        );
    } else {
        let mut builder = Sessions::flask_builder(settings.secret);
        for fallback in settings.fallbacks {
            builder = builder.fallback(fallback);
        }
        builder
    };
    if let Some(digest) = settings.digest {
        builder = builder.digest(digest);
    }
    if let Some(salt) = settings.salt {
        builder = builder.salt(salt);
    }
    if let Some(context) = settings.context {
        builder = builder.context(context);
    }
    Ok(builder)
}

fn strong_key(option: &str, secret: Vec<u8>) -> Result<SecretKey, String> {
    match SecretKey::new(secret) {
        Ok(key) => Ok(key),
        Err(error) => Err(format!(
            "{option}: {error}; the command keygen makes a strong one"
        )),
    }
}

fn digest_name(digest: Digest) -> &'static str {
    match digest {
        Digest::Sha1 => "sha1",
        Digest::Sha256 => "sha256",
        Digest::Sha512 => "sha512",
    }
}
