//! The state of a close, and what several of its steps need.

use std::sync::Arc;

use crate::data::map::Map;
use crate::env::EntropyError;
use crate::error::Error;
use crate::event::EventKind;
use crate::record::at_rest::RecordContext;
use crate::record::base::Decoded;
use crate::record::body::Body;
use crate::record::id::Id;
use crate::record::policy::StorePolicy;
use crate::record::store::{Record, StoreReply, StoreRequest};
use crate::record_key::RecordKey;
use crate::response::outgoing::Outgoing;
use crate::session::handle::Session;
use crate::session::state::State;
use crate::settings::Settings;
use crate::stored::step::{Attempt, Step};
use crate::token::stamp::Stamp;

/// A step of a close.
pub(crate) type CloseStep = Step<Outgoing>;

/// A close: what the request did to its session, and what has been done about it so far.
pub(crate) struct Closing {
    pub(crate) session: Session,
    /// The time of the close. All of its requests to the store carry it.
    pub(crate) now: u64,
    pub(crate) outgoing: Outgoing,
    /// The content at the end of the request, with the changes that the request made.
    pub(crate) map: Map,
    pub(crate) stamp: Stamp,
    /// Whether the request made no change. A later request may then do what is due to the record,
    /// so this one does not fail.
    pub(crate) only_read: bool,
    /// The permanence that the request set.
    pub(crate) permanent: Option<bool>,
    /// The user who logged in during the request.
    pub(crate) user: Option<Arc<str>>,
    /// Whether the session's user is no longer its user.
    pub(crate) user_cleared: bool,
    /// The label that the request set.
    pub(crate) label: Option<Arc<str>>,
    /// The user's epoch that the request set.
    pub(crate) epoch: Option<u16>,
    pub(crate) cleared: bool,
    /// Whether the id changes: at a login, at its reverse, or because the application said so.
    pub(crate) renewed: bool,
    /// The id of this close's write. It stays the same when the write is merged with a newer record, and when the request is resent.
    pub(crate) write_id: Option<u64>,
    /// The id that the response will send.
    pub(crate) new_id: Option<Id>,
    /// The record that this close has noted in the user's index.
    pub(crate) indexed: Option<RecordKey>,
    /// The attempt of the request that was replied to last.
    pub(crate) attempt: Attempt,
}

/// A record to be built.
pub(crate) struct RecordParts<'a> {
    pub(crate) key: RecordKey,
    pub(crate) created: u64,
    pub(crate) user: Option<Arc<str>>,
    pub(crate) label: Option<Arc<str>>,
    pub(crate) body: &'a Body,
    /// The record that it replaces.
    pub(crate) replaces: Option<&'a Record>,
}

impl Closing {
    /// Copies what the request did. `outgoing` has the events so far.
    pub(crate) fn new(session: &Session, state: &State, now: u64, outgoing: Outgoing) -> Self {
        Self {
            now,
            outgoing,
            map: state.map.clone(),
            stamp: state.stamp,
            only_read: !(state.cleared || state.map.is_modified()),
            permanent: state.own.permanent,
            user: state.own.user.clone(),
            user_cleared: state.own.left,
            label: state.own.label.clone(),
            epoch: state.own.epoch,
            cleared: state.cleared,
            renewed: state.renewed,
            write_id: None,
            new_id: None,
            indexed: None,
            attempt: Attempt::First,
            session: session.clone(),
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        self.session.settings()
    }

    pub(crate) fn policy(&self) -> &StorePolicy {
        match &self.settings().stored {
            Some(policy) => policy,
            None => unreachable!("only stored sessions are closed here"),
        }
    }

    /// Whether the request left neither content nor a user.
    pub(crate) fn is_empty(&self) -> bool {
        self.map.is_empty_session() && self.user.is_none()
    }

    pub(crate) fn add_event(&mut self, kind: EventKind) {
        let event = self.session.event(kind);
        self.outgoing.events.push(event);
    }

    /// A request to the store. `next` continues the close with the reply.
    pub(crate) fn request(
        mut self,
        request: StoreRequest,
        next: impl FnOnce(Self, StoreReply) -> CloseStep + Send + 'static,
    ) -> CloseStep {
        let timeout = self.policy().close_timeout;
        Step::request(request, timeout, move |reply, attempt| {
            self.attempt = attempt;
            next(self, reply)
        })
    }

    /// Ends the close.
    pub(crate) fn finish(mut self) -> CloseStep {
        self.session.forget_old_name(&mut self.outgoing, self.now);
        Step::Done(self.outgoing)
    }

    /// Ends the close with an error, which replaces the response. A request that only read does not
    /// fail: its session is left as it is, with an event.
    pub(crate) fn fail(mut self, error: Error) -> CloseStep {
        if self.only_read {
            self.add_event(EventKind::left(&error));
            return self.finish();
        }
        self.outgoing.error = Some(error.into());
        self.finish()
    }

    pub(crate) fn fail_without_entropy(self) -> CloseStep {
        self.fail(Error::Entropy(EntropyError))
    }

    /// Returns the id of a new session, and that of its write. Generates them at the first call.
    pub(crate) fn generate_ids(&mut self) -> Result<(Id, u64), EntropyError> {
        let write_id = self.generate_write_id()?;
        let id = match &self.new_id {
            Some(id) => id.clone(),
            None => Id::generate(&*self.settings().random)?,
        };
        self.new_id = Some(id.clone());
        Ok((id, write_id))
    }

    /// Returns the id of this close's write. Generates it at the first call, so that a write that
    /// is attempted again is recognised as the same write.
    pub(crate) fn generate_write_id(&mut self) -> Result<u64, EntropyError> {
        if let Some(write_id) = self.write_id {
            return Ok(write_id);
        }
        let mut bytes = [0; 8];
        self.settings().random.fill(&mut bytes)?;
        let write_id = u64::from_be_bytes(bytes);
        self.write_id = Some(write_id);
        Ok(write_id)
    }

    /// Returns the record of these parts, encoded as it is to be stored.
    ///
    /// # Errors
    /// [`Error::RecordTooLarge`], or [`Error::Entropy`] without a nonce.
    pub(crate) fn build_record(&self, parts: RecordParts<'_>) -> Result<Record, Error> {
        let settings = self.settings();
        let keys = settings.keys();
        let idle = parts.body.idle(&settings.lifetime);
        let mut expires = settings.lifetime.expires(parts.created, self.now, idle);
        let mut seen = self.now;
        // A clock that was set back ends no session earlier.
        if let Some(replaced) = parts.replaces {
            expires = expires.max(replaced.expires);
            seen = seen.max(replaced.seen);
        }
        let mut nonce = None;
        if keys.records.encrypted.is_some() {
            nonce = Some(settings.nonces.draw(&*settings.random)?);
        }
        let context = RecordContext {
            key: parts.key,
            created: parts.created,
            user: parts.user.as_deref(),
            label: parts.label.as_deref(),
        };
        let bytes: Arc<[u8]> = keys
            .records
            .encode(parts.body, context, expires, nonce)
            .into();
        let (size, limit) = (bytes.len(), self.policy().max_record);
        if size > limit {
            return Err(Error::RecordTooLarge { size, limit });
        }
        Ok(Record {
            // The newest write is the one that makes this record.
            version: parts
                .body
                .recent_writes
                .first()
                .copied()
                .unwrap_or_default(),
            expires,
            created: parts.created,
            seen,
            user: parts.user,
            label: parts.label,
            body: bytes,
        })
    }

    /// Decodes a record that the store returned, and its content. Returns `None` if the core cannot
    /// read it.
    pub(crate) fn decode(&self, key: RecordKey, record: Record) -> Option<(Decoded, Map)> {
        Decoded::read(&self.settings().keys().records, key, record, self.now)
    }
}

/// Returns a session's content as a body holds it.
pub(crate) fn content(map: &Map) -> Arc<str> {
    let mut text = String::with_capacity(map.expected_size());
    map.write_ours(&mut text);
    text.into()
}
