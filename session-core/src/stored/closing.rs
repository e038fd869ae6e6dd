//! A close under way, and what every step of it needs.

use std::sync::Arc;

use http::HeaderValue;

use crate::cookie::template::Expiry;
use crate::data::map::Map;
use crate::error::Error;
use crate::error::config::ConfigError;
use crate::event::EventKind;
use crate::record::at_rest::Place;
use crate::record::body::Body;
use crate::record::id;
use crate::record::id::Id;
use crate::record::policy::Stored;
use crate::record::store::{Record, StoreReply, StoreRequest};
use crate::record_key::RecordKey;
use crate::response::outgoing::Outgoing;
use crate::session::handle::Session;
use crate::settings::Settings;
use crate::stored::step::{Attempt, Step};
use crate::token::stamp::Stamp;

/// A close under way: what the request did, and what has become of it so far.
pub(crate) struct Closing {
    pub(crate) session: Session,
    pub(crate) now: u64,
    pub(crate) outgoing: Outgoing,
    /// The content at the end of the request, with all that was done to it.
    pub(crate) map: Map,
    pub(crate) stamp: Stamp,
    /// The request did nothing to its session. What is due to the record may then be done by a later one.
    pub(crate) only_read: bool,
    /// What the request set.
    pub(crate) permanent: Option<bool>,
    /// Who logged in.
    pub(crate) user: Option<Arc<str>>,
    /// Whether the record leaves its user.
    pub(crate) left: bool,
    pub(crate) label: Option<Arc<str>>,
    pub(crate) epoch: Option<u16>,
    pub(crate) cleared: bool,
    pub(crate) renewed: bool,
    /// The id of this request's write, the same however often it is tried.
    pub(crate) write: Option<u64>,
    /// The id that will go out.
    pub(crate) minted: Option<Id>,
    /// Where the user's index was told about, by this close.
    pub(crate) indexed: Option<RecordKey>,
    /// Of the question that was answered last.
    pub(crate) asked: Attempt,
}

pub(crate) type Next = Step<Outgoing>;

impl Closing {
    pub(crate) fn settings(&self) -> &Settings {
        self.session.settings()
    }

    pub(crate) fn stored(&self) -> &Stored {
        match &self.settings().stored {
            Some(stored) => stored,
            None => unreachable!("only stored sessions are closed here"),
        }
    }

    pub(crate) fn event(&mut self, kind: EventKind) {
        let event = self.session.event(kind);
        self.outgoing.events.push(event);
    }

    pub(crate) fn ask(
        mut self,
        question: StoreRequest,
        next: impl FnOnce(Self, StoreReply) -> Next + Send + 'static,
    ) -> Next {
        let within = self.stored().close_within;
        Step::ask(question, within, move |answer, asked| {
            self.asked = asked;
            next(self, answer)
        })
    }

    pub(crate) fn done(mut self) -> Next {
        self.session.forget_old_name(&mut self.outgoing, self.now);
        Step::Done(self.outgoing)
    }

    /// Nothing of the response stays but the error. A request that only read does not fail: its session is left as it is.
    pub(crate) fn fail(mut self, error: Error) -> Next {
        if self.only_read {
            self.event(EventKind::left(&error));
            return self.done();
        }
        self.outgoing.error = Some(error.into());
        self.done()
    }

    /// A new id and that of the write, drawn once.
    pub(crate) fn draw(&mut self) -> Result<(Id, u64), crate::env::EntropyError> {
        let write = self.write()?;
        let id = match &self.minted {
            Some(id) => id.clone(),
            None => Id::generate(&*self.settings().random)?,
        };
        self.minted = Some(id.clone());
        Ok((id, write))
    }

    /// The id of this request's write, drawn when it is first needed.
    pub(crate) fn write(&mut self) -> Result<u64, crate::env::EntropyError> {
        match self.write {
            Some(write) => Ok(write),
            None => {
                let write = write_id(&*self.settings().random)?;
                self.write = Some(write);
                Ok(write)
            }
        }
    }

    pub(crate) fn record(
        &self,
        key: RecordKey,
        created: u64,
        user: Option<Arc<str>>,
        label: Option<Arc<str>>,
        former: Option<&Record>,
        body: &Body,
    ) -> Result<Record, Error> {
        let (settings, keys) = (self.settings(), self.settings().keys());
        let version = body.recent.first().copied().unwrap_or_default();
        let expires = settings
            .lifetime
            .expires(created, self.now, body.idle(&settings.lifetime));
        // A clock that was set back ends no session earlier.
        let (expires, seen) = match former {
            Some(former) => (expires.max(former.expires), former.seen.max(self.now)),
            None => (expires, self.now),
        };
        let nonce = keys
            .records
            .encrypted
            .as_ref()
            .map(|_| settings.nonce())
            .transpose()?;
        let place = Place {
            key,
            created,
            user: user.as_deref(),
            label: label.as_deref(),
        };
        let body: Arc<[u8]> = keys.records.keep(body, place, expires, nonce).into();
        let (size, limit) = (body.len(), self.stored().max_record);
        if size > limit {
            return Err(Error::RecordTooLarge { size, limit });
        }
        Ok(Record {
            version,
            expires,
            created,
            seen,
            user,
            label,
            body,
        })
    }
}

pub(crate) fn text(map: &Map) -> Arc<str> {
    let mut text = String::with_capacity(map.expected_size());
    map.write_ours(&mut text);
    text.into()
}

pub(crate) fn set_cookie(
    session: &Session,
    id: &Id,
    created: u64,
    body: &Body,
    now: u64,
) -> Result<HeaderValue, Error> {
    let settings = session.settings();
    let Body {
        permanent,
        authenticated,
        epoch,
        ..
    } = *body;
    // Under a clock that was set back a session is not older than it was.
    let stamp = Stamp {
        permanent,
        issued: now.max(created),
        created,
        authenticated,
        epoch,
    };
    let (cookie, name) = settings.cookie_to_write(session.incoming().cookies, now);
    let expiry = match permanent {
        true => Expiry::MaxAge(settings.lifetime.max_age_of_id(created, now)),
        false => Expiry::Browser,
    };
    let mut header = cookie.target(expiry, None).begin(id::LENGTH);
    id.write(settings.keys().of(name).signer(), &mut header, &stamp);
    cookie.finish(header, expiry)
}

/// An id always takes the same room, so that whether it fits is known before there is one.
pub(crate) fn check_cookie(settings: &Settings) -> Result<(), ConfigError> {
    let Some(limit) = settings.max_cookie_size else {
        return Ok(());
    };
    let longest = Expiry::MaxAge(settings.lifetime.max_age_of_id(0, 0));
    let size = settings.cookie.header_len(id::LENGTH, longest);
    if size > limit {
        let problem =
            format!("the cookie of a stored session takes {size} octets, the limit is {limit}");
        return Err(ConfigError::Cookie {
            setting: "MAX_COOKIE_SIZE",
            problem,
        });
    }
    Ok(())
}

/// Eight random bytes for a write.
fn write_id(random: &dyn crate::env::EntropySource) -> Result<u64, crate::env::EntropyError> {
    let mut bytes = [0; 8];
    random.fill(&mut bytes)?;
    Ok(u64::from_be_bytes(bytes))
}
