//! What needs a key: `verify` and `sign`.

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

/// Neither tool needs a random number.
struct Nothing;

impl EntropySource for Nothing {
    fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
        Err(EntropyError)
    }
}

/// Configured once, for any number of items.
pub(crate) struct Keyed {
    sessions: Sessions,
    now: Option<u64>,
    idle: u64,
    digest: Digest,
    user: Option<String>,
}

impl Keyed {
    /// Or what is wrong with the options.
    pub(crate) fn new(mut settings: Settings) -> Result<Self, String> {
        const MONTH: u64 = 31 * 24 * 60 * 60;
        let (now, idle) = (settings.now, settings.max_age.unwrap_or(MONTH));
        let clock =
            move || now.map_or_else(SystemTime::now, |now| UNIX_EPOCH + Duration::from_secs(now));
        let digest = settings.digest.unwrap_or_default();
        let user = settings.user.take();
        if user.is_some() && !settings.ours {
            return Err("--user works with --ours only: in Flask's format the application's keys tell who is logged in"
                .to_owned());
        }
        let sessions = builder(settings)?
            .idle_lifetime(Duration::from_secs(idle))
            .clock(clock)
            .random(Nothing)
            .build()
            .map_err(|error| match error {
                // The builder's methods are called as our options are.
                ConfigError::Format { .. } => format!("--{error}"),
                ConfigError::Cookie { problem, .. } => format!("--name: {problem}"),
                _ => error.to_string(),
            })?;
        Ok(Self {
            sessions,
            now,
            idle,
            digest,
            user,
        })
    }

    /// The payload of a cookie that a server with these settings accepts.
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
                // One line, also if a value was written on more.
                Ok(json::compact(&payload).unwrap_or(payload))
            }
            Some(rejected) => Err(match self.detail(rejected, &parts, name) {
                Some(detail) => format!("{rejected}: {detail}"),
                None => rejected.to_string(),
            }),
        }
    }

    /// What helps to understand a refusal.
    fn detail(
        &self,
        rejected: Rejected,
        parts: &Parts<'_>,
        name: Option<String>,
    ) -> Option<String> {
        let ours = !self.sessions.is_flask();
        match rejected {
            Rejected::Malformed | Rejected::BadSignature if parts.is_ours() && !ours => {
                Some("it looks like our own format; add --ours".to_owned())
            }
            Rejected::Malformed if ours && parts.times().is_ok_and(|_| !parts.is_ours()) => {
                Some("it looks like Flask's format; leave --ours out".to_owned())
            }
            Rejected::Malformed => Some(parts.times().err().unwrap_or_else(|| {
                format!(
                    "its signature has {} digits; it may be cut",
                    parts.signature.len()
                )
            })),
            Rejected::BadSignature if ours => {
                let bound = self.sessions.cookie_name();
                let given = name.filter(|name| name != bound);
                Some(match given {
                    Some(name) => {
                        format!(
                            "it is bound to a name; the cookie's is {name:?}, --name is {bound:?}"
                        )
                    }
                    None => format!(
                        "made with another --secret, --name (here {bound:?}) or --context, or changed"
                    ),
                })
            }
            Rejected::BadSignature => {
                let (digits, wanted) = (parts.signature.len(), shown(self.digest));
                Some(match digest_of(digits) {
                    Some(found) if found != wanted => {
                        format!("it is as long as {found} makes it; add --digest {found}")
                    }
                    None => format!("it has {digits} digits, so it may be cut"),
                    Some(_) => "made with another --secret or --salt, or changed".to_owned(),
                })
            }
            Rejected::Idle | Rejected::Future => {
                let written = parts.times().ok()?.written();
                let now = self.now.or_else(|| {
                    Some(SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs())
                })?;
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

    /// The value of the cookie for a JSON object.
    pub(crate) fn sign(&self, item: &[u8]) -> Result<String, String> {
        let text = std::str::from_utf8(item).map_err(|error| {
            format!("not JSON: not UTF-8 from offset {} on", error.valid_up_to())
        })?;
        // Says where; what the core refuses beyond that it says itself.
        json::compact(text)?;
        let fill = |session: &Session| {
            self.user
                .as_deref()
                .map_or(Ok(()), |user| session.log_in(user))?;
            session.insert_tagged_json(text)
        };
        let request = testing::request(&self.sessions, fill).map_err(|error| error.to_string())?;
        let pair = request
            .get(COOKIE)
            .and_then(|pair| pair.to_str().ok()?.split_once('='));
        pair.map(|(_, value)| value.to_owned())
            .ok_or_else(|| "the session gave no cookie".to_owned())
    }
}

fn builder(settings: Settings) -> Result<Builder, String> {
    let mut builder = if settings.ours {
        let strong = |option: &str, secret| {
            SecretKey::new(secret)
                .map_err(|error| format!("{option}: {error}; the tool keygen makes a strong one"))
        };
        let mut builder = Sessions::builder(strong("--secret", settings.secret)?);
        for fallback in settings.fallbacks {
            builder = builder.verify_only(strong("--fallback", fallback)?);
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
        settings
            .fallbacks
            .into_iter()
            .fold(Sessions::flask_builder(settings.secret), Builder::fallback)
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

fn shown(digest: Digest) -> &'static str {
    match digest {
        Digest::Sha1 => "sha1",
        Digest::Sha256 => "sha256",
        Digest::Sha512 => "sha512",
    }
}
