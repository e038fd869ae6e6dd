//! A live record is written: once, or again on a newer one.

use std::sync::Arc;

use crate::data::map::Map;
use crate::error::Error;
use crate::event::EventKind;
use crate::record::base::{Decoded, LiveRecord, LoadedFrom};
use crate::record::body::{Body, Earlier, RECENT};
use crate::record::id::Id;
use crate::record::store::{Record, StoreReply, StoreRequest, Updated};
use crate::session::handle::Session;
use crate::stored::closing::{Closing, Next, text};
use crate::stored::step::Attempt;
use crate::token::lifetime::{Refresh, tenth};
use crate::token::stamp::Epoch;

/// After a renewed id first came back, the one before it opens the session for so many seconds more: for requests that were
/// under way.
const ALIAS_SECONDS: u64 = 60;

/// What a request did to its session, as far as it decides what becomes of the record.
pub(crate) struct Changes {
    /// Its content, label or epoch.
    pub(crate) changed: bool,
    pub(crate) permanent: Option<bool>,
    pub(crate) renewed: bool,
}

/// What is due to a live record at the end of a request.
pub(crate) struct PendingWrite {
    /// A new verifier.
    mint: bool,
    /// The new verifier came back: from now on the time of the one before is running out.
    arrived: bool,
    /// The record is written, for these or for what the request did.
    write: bool,
    touch: bool,
}

impl PendingWrite {
    pub(crate) fn of(
        session: &Session,
        did: &Changes,
        live: &LiveRecord,
        decoded: &Decoded,
        now: u64,
    ) -> Self {
        let (
            settings,
            Decoded {
                record,
                body,
                outdated,
                ..
            },
        ) = (session.settings(), decoded);
        let lifetime = &settings.lifetime;
        let tenth = tenth(body.idle(lifetime));
        let touch = match lifetime.refresh {
            Refresh::AfterTenth => now.saturating_sub(record.seen) >= tenth,
            Refresh::EachRequest => true,
            Refresh::Never => false,
        };
        let due = did.changed || touch;
        let since_minted = now.saturating_sub(body.minted);
        let renew_every = settings
            .stored
            .as_ref()
            .and_then(|stored| stored.renew_every);
        let renewal_due = renew_every.is_some_and(|every| since_minted >= every);
        let presented = body.verifier == live.presented;
        // An outdated id is replaced as by a renewal, and a second time only if the first did not arrive.
        let lost = since_minted >= tenth.max(ALIAS_SECONDS);
        let reissue = due && session.incoming().outdated && (presented || lost);
        let permanent = did
            .permanent
            .is_some_and(|permanent| permanent != body.permanent);
        let mint = did.renewed || permanent || renewal_due || reissue;
        let arrived = presented && body.earlier.is_some_and(|earlier| earlier.until.is_none());
        let write = mint || arrived || did.changed || (due && *outdated);
        Self {
            mint,
            arrived,
            write,
            touch,
        }
    }

    pub(crate) fn is_nothing(&self) -> bool {
        !(self.write || self.touch)
    }
}

impl Closing {
    /// A live record: touched, updated or left alone. `merged`: this request's changes on a newer one's content.
    pub(crate) fn save(
        mut self,
        live: &LiveRecord,
        decoded: &Decoded,
        merged: Option<&Map>,
    ) -> Next {
        let Decoded { record, body, .. } = decoded;
        let changed = !merged.unwrap_or(&self.map).changes().is_empty();
        let did = Changes {
            changed: changed || self.label.is_some() || self.epoch.is_some(),
            permanent: self.permanent,
            renewed: self.renewed,
        };
        let due = PendingWrite::of(&self.session, &did, live, decoded, self.now);
        let extend = due.touch || self.map.is_modified();
        let is_written = due.write || (extend && decoded.encrypted);
        if !is_written {
            return if extend {
                self.touch(live, decoded)
            } else {
                self.done()
            };
        }
        let PendingWrite { mint, arrived, .. } = due;
        let minted = match (mint, self.minted.take()) {
            (true, None) => live.id.renewed(&*self.settings().random).map(Some),
            (mint, minted) => Ok(minted.filter(|_| mint)),
        };
        let (Ok(minted), Ok(write)) = (minted, self.write()) else {
            return self.unwritten(
                live,
                decoded,
                due.touch,
                Error::Entropy(crate::env::EntropyError),
            );
        };
        self.minted = minted;
        let login = self.user.is_some();
        let since_indexed = self.now.saturating_sub(body.indexed);
        let index_due = since_indexed >= tenth(body.idle(&self.settings().lifetime));
        let new = Body {
            permanent: self.permanent.unwrap_or(body.permanent),
            epoch: match (login, self.epoch) {
                (true, _) => self.stamp.epoch,
                (false, Some(user)) => Epoch { user, ..body.epoch },
                (false, None) => body.epoch,
            },
            minted: if mint { self.now } else { body.minted },
            indexed: if login || index_due {
                self.now
            } else {
                body.indexed
            },
            verifier: self.minted.as_ref().map_or(body.verifier, Id::hash),
            authenticated: match (login, self.left) {
                (true, _) => self.stamp.authenticated,
                (false, true) => None,
                (false, false) => body.authenticated,
            },
            earlier: match body.earlier {
                // A login or renewal leaves no way back.
                _ if self.renewed => None,
                _ if mint => Some(Earlier {
                    verifier: live.presented,
                    until: None,
                }),
                Some(earlier) if arrived => Some(Earlier {
                    until: Some(self.now.saturating_add(ALIAS_SECONDS)),
                    ..earlier
                }),
                earlier => earlier,
            },
            recent: std::iter::once(write)
                .chain(body.recent.iter().copied())
                .take(RECENT)
                .collect(),
            data: text(merged.unwrap_or(&self.map)),
        };
        // The record's, unless somebody has logged in.
        let created = self.stamp.created;
        // Who leaves takes the name along that their list showed.
        let stays = |column: &Option<Arc<str>>| column.clone().filter(|_| !self.left);
        let user = self.user.clone().or_else(|| stays(&record.user));
        let label = self.label.clone().or_else(|| stays(&record.label));
        let (key, version) = (live.key, record.version);
        let written = match self.record(key, created, user, label, Some(record), &new) {
            Ok(written) => written,
            Err(error) => return self.unwritten(live, decoded, due.touch, error),
        };
        let noted = written
            .user
            .clone()
            .filter(|_| (login || index_due) && self.indexed != Some(key));
        self.index(noted, key, move |closing| {
            closing.update(version, written, new)
        })
    }

    /// The record cannot be written: an error, or, for a request that only read, an event. It is extended all the same, unless
    /// its end is encrypted.
    fn unwritten(
        mut self,
        live: &LiveRecord,
        decoded: &Decoded,
        touch: bool,
        error: Error,
    ) -> Next {
        if !touch || !self.only_read || decoded.encrypted {
            return self.fail(error);
        }
        self.event(EventKind::left(&error));
        self.touch(live, decoded)
    }

    fn update(self, version: u64, record: Record, body: Body) -> Next {
        let key = self.live().key;
        let question = StoreRequest::Update {
            key,
            version,
            record: record.clone(),
            now: self.now,
        };
        self.ask(question, move |closing, answer| match answer {
            StoreReply::Updated(Updated::Done) => closing.updated(record, body),
            StoreReply::Updated(Updated::Conflict(newer)) => closing.merge(version, newer),
            StoreReply::Updated(Updated::Gone) => closing.gone(false),
            _ => closing.fail(Error::Unavailable),
        })
    }

    /// The record is newer than the version that was to be replaced: either our own write has reached it, or the changes are
    /// made again.
    fn merge(mut self, version: u64, newer: Record) -> Next {
        let key = self.live().key;
        let Some((decoded, mut map)) =
            Decoded::read(&self.settings().keys().records, key, newer, self.now)
        else {
            return self.fail(Error::Unavailable);
        };
        if self
            .write
            .is_some_and(|write| decoded.body.recent.contains(&write))
        {
            // What went out for it may have been replaced since.
            self.minted = self
                .minted
                .filter(|minted| minted.hash() == decoded.body.verifier);
            let Decoded { record, body, .. } = decoded;
            return self.updated(record, body);
        }
        // Not among the last writes; but a repeated one may have been, if they do not reach back to where it began.
        if self.asked == Attempt::Again && !decoded.body.recent.contains(&version) {
            return self.fail(Error::Unavailable);
        }
        let session = self.session.clone();
        let live = live(&session);
        let admitted = decoded.body.opens(&live.presented, self.now).admits();
        if !admitted || decoded.is_idle(&self.settings().lifetime, self.now) {
            return self.gone(!admitted);
        }
        for change in self.map.changes() {
            if let Err(mismatch) = map.apply(change.clone()) {
                let key = change.key().unwrap_or_default().to_owned();
                let reason = mismatch.reason().to_owned();
                return self.fail(Error::Conflict { key, reason });
            }
        }
        if !self
            .outgoing
            .events
            .iter()
            .any(|event| event.kind == EventKind::Merged)
        {
            self.event(EventKind::Merged);
        }
        self.save(live, &decoded, Some(&map))
    }

    /// Our write is in the record: now the number of its user's sessions, then the cookie.
    fn updated(self, record: Record, body: Body) -> Next {
        let (user, key) = (self.user.clone(), self.live().key);
        self.trim(user, key, move |closing| match closing.minted {
            Some(_) => closing.send(&record, &body, EventKind::Renewed),
            None => closing.done(),
        })
    }

    fn live(&self) -> &LiveRecord {
        live(&self.session)
    }
}

pub(crate) fn live(session: &Session) -> &LiveRecord {
    match &session.incoming().loaded_from {
        LoadedFrom::Live(live) => live,
        _ => unreachable!("only a live record is updated or ended"),
    }
}
