//! The commands with a key: `verify` and `sign`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use session_core::protocol::{Step, StoreRequest};
use session_core::{
    Builder, ConfigError, Digest, Prefix, Rejected, Session, Sessions, StoredSessions, testing,
};

use crate::inspect::{Parts, Pasted, record_json};
use crate::json;
use crate::options::{Format, Options};

/// Sessions with the options of the command line, for any number of items.
pub(crate) struct Keyed {
    sessions: Kind,
    pub(crate) format: Format,
    pub(crate) now: Option<u64>,
    pub(crate) idle: u64,
    pub(crate) digest: Digest,
    user: Option<String>,
}

enum Kind {
    Cookies(Sessions),
    Ids(StoredSessions),
}

impl Keyed {
    /// Builds the sessions; the error names the wrong option.
    pub(crate) fn new(mut options: Options) -> Result<Self, String> {
        const MONTH: u64 = 31 * 24 * 60 * 60;
        let (now, idle) = (options.now, options.max_age.unwrap_or(MONTH));
        let clock =
            move || now.map_or_else(SystemTime::now, |now| UNIX_EPOCH + Duration::from_secs(now));
        let digest = options.digest.unwrap_or_default();
        let format = options.format;
        let user = options.user.take();
        if user.is_some() && format == Format::Flask {
            return Err(
                "--user works with --ours only: Flask's format stores the user in keys of the application"
                    .to_owned(),
            );
        }
        let builder = builder(options)?
            .idle_lifetime(Duration::from_secs(idle))
            .clock(clock);
        let built = match format {
            Format::Stored => builder.build_stored().map(Kind::Ids),
            Format::Encrypted => builder.encrypted().build().map(Kind::Cookies),
            Format::Flask | Format::Ours => builder.build().map(Kind::Cookies),
        };
        match built {
            Ok(sessions) => Ok(Self {
                sessions,
                format,
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

    /// Returns the name of the cookie.
    pub(crate) fn cookie_name(&self) -> &str {
        match &self.sessions {
            Kind::Cookies(sessions) => sessions.cookie_name(),
            Kind::Ids(sessions) => sessions.cookie_name(),
        }
    }

    /// Returns the payload of a cookie that a server with these settings accepts.
    pub(crate) fn verify(&self, item: &[u8]) -> Result<String, String> {
        let Pasted { name, value } = Pasted::new(item);
        let parts = Parts::of(&value);
        // The parts say best what is wrong with a value that has none.
        if let Err(reason) = &parts
            && self.format != Format::Encrypted
            && !crate::inspect::is_encrypted(&value)
        {
            return Err(format!("{}: {reason}", Rejected::Malformed));
        }
        let pair = HeaderValue::try_from(format!("{}={value}", self.cookie_name()))
            .map_err(|_| Rejected::Malformed.to_string())?;
        let rejected = match self.open(pair) {
            Ok(content) => return Ok(content),
            Err(Some(rejected)) => rejected,
            Err(None) => return Err(Rejected::Malformed.to_string()),
        };
        Err(
            match self.detail(rejected, &value, parts.as_ref().ok(), name) {
                Some(detail) => format!("{rejected}: {detail}"),
                None => rejected.to_string(),
            },
        )
    }

    /// Opens a cookie. The error is `None` if the cookie was not found in its header.
    fn open(&self, pair: HeaderValue) -> Result<String, Option<Rejected>> {
        let session = match &self.sessions {
            Kind::Cookies(sessions) => sessions.open(&HeaderMap::from_iter([(COOKIE, pair)])),
            Kind::Ids(sessions) => match sessions.exchange_of([pair]).open() {
                // The store would be asked, so the id is valid.
                Step::Pending(pending) => match pending.request() {
                    StoreRequest::Load { key, .. } => return Ok(record_json(*key)),
                    _ => return Err(None),
                },
                Step::Done(Ok(session)) => return Err(session.rejected()),
                Step::Done(Err(_)) => return Err(None),
            },
        };
        if session.rejected().is_some() {
            return Err(session.rejected());
        }
        let payload = session.payload();
        // On one line, also if the payload has line breaks between its tokens.
        Ok(json::compact(&payload).unwrap_or(payload))
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
        let Kind::Cookies(sessions) = &self.sessions else {
            return Err("an id is made together with its record, by the application".to_owned());
        };
        let fill = |session: &Session| {
            if let Some(user) = &self.user {
                session.log_in(user)?;
            }
            session.insert_tagged_json(text)
        };
        let request = testing::request(sessions, fill).map_err(|error| error.to_string())?;
        let pair = request.get(COOKIE).and_then(|pair| pair.to_str().ok());
        match pair.and_then(|pair| pair.split_once('=')) {
            Some((_, value)) => Ok(value.to_owned()),
            None => Err("the session gave no cookie".to_owned()),
        }
    }
}

fn builder(options: Options) -> Result<Builder, String> {
    let is_flask = options.format == Format::Flask;
    if is_flask && options.name.is_some() {
        return Err(
            "--name works with --ours only: Flask's signature does not depend on the cookie's name"
                .to_owned(),
        );
    }
    let mut builder = options.keys.builder(is_flask)?;
    if !is_flask {
        let name = options.name.as_deref().unwrap_or("__Host-session");
        let (prefix, name) = match (name.strip_prefix("__Host-"), name.strip_prefix("__Secure-")) {
            (Some(name), _) => (Prefix::Host, name),
            (_, Some(name)) => (Prefix::Secure, name),
            _ => (Prefix::None, name),
        };
        builder = builder.prefix(prefix).cookie_name(name);
    }
    if let Some(digest) = options.digest {
        builder = builder.digest(digest);
    }
    if let Some(salt) = options.salt {
        builder = builder.salt(salt);
    }
    if let Some(context) = options.context {
        builder = builder.context(context);
    }
    Ok(builder)
}
