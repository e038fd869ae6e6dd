//! The end of a request: what goes out. All rules of closing stand here.

use std::sync::PoisonError;
use std::time::Duration;

use http::HeaderValue;

use crate::cookie::template::{CookieTemplate, Expiry, LARGEST};
use crate::data::map::Map;
use crate::error::{Error, Rejected};
use crate::event::{Event, EventKind};
use crate::response::outgoing::Outgoing;
use crate::session::handle::Session;
use crate::session::state::{Accepted, Incoming, State, signature_end};
use crate::settings::Settings;
use crate::token::content::Content;
use crate::token::keyed::CookieName;
use crate::token::stamp::Stamp;
use crate::token::{encrypted, flask};

impl Session {
    /// Freezes the session, then decides. `accessed`: whether the request asked for the session, so that its response
    /// depends on it, even if no method was called (CVE-2023-30861, CVE-2026-27205).
    pub(crate) fn close(&self, accessed: bool) -> Outgoing {
        let settings = &**self.settings();
        let now = settings.now(); // an application's clock: not while the state is locked
        let mut state = self.state();
        state.freeze();
        let mut outgoing = Outgoing {
            cache_headers: settings.cache_headers,
            ..Outgoing::default()
        };
        if let Some(decided) = &state.closed {
            // Nothing is sent twice, and what failed has failed.
            outgoing.error = decided.clone().err();
            return outgoing;
        }
        outgoing.vary = accessed;
        // A new session's cookie would be deleted with the others.
        outgoing.clear_site_data = settings.clear_site_data
            && state.cleared
            && state.map.is_empty_session()
            && self.incoming().stamp.is_some();
        self.report(state.rejected(self.incoming()), &mut outgoing.events);
        // A session that begins now is `Created` by its cookie, and nothing else.
        if state.cleared && self.incoming().stamp.is_some() {
            outgoing.events.push(self.event(EventKind::Cleared));
        }
        if state.renewed && self.incoming().stamp.is_some() {
            outgoing.events.push(self.event(EventKind::Renewed));
        }
        match self.decide(settings, &state, now, &mut outgoing.events) {
            Ok(cookie) => {
                outgoing.vary |= cookie.is_some();
                outgoing.set_cookie = cookie;
                self.forget_old_name(&mut outgoing, now.as_secs());
            }
            Err(error) => outgoing.error = Some(error.into()),
        }
        state.closed = Some(outgoing.error.clone().map_or(Ok(()), Err));
        outgoing
    }

    /// | content at close | changed | request's cookies | goes out |
    /// |---|---|---|---|
    /// | none | yes | one of our name (Flask: any or none) | removal |
    /// | none | otherwise | | nothing |
    /// | some | yes | | Set-Cookie, or an error if it cannot be written |
    /// | some | no | accepted, and its refresh is due | Set-Cookie, or nothing if it cannot be written |
    /// | some | no | otherwise | nothing |
    ///
    /// So a request that only reads never fails by its session.
    fn decide(
        &self,
        settings: &Settings,
        state: &State,
        now: Duration,
        events: &mut Vec<Event>,
    ) -> Result<Option<HeaderValue>, Error> {
        let (changed, incoming) = (state.map.is_modified(), self.incoming());
        if state.map.is_empty_session() {
            let came = incoming.cookies + incoming.old_cookies > 0;
            let remove = changed && (came || settings.format.is_flask());
            return Ok(remove.then(|| {
                settings
                    .cookie_to_write(incoming.cookies, now.as_secs())
                    .0
                    .removal()
            }));
        }
        let permanent = is_permanent(settings, state);
        let opened = incoming.stamp.map(|stamp| Stamp { permanent, ..stamp });
        let due = opened.is_some_and(|stamp| settings.lifetime.refresh_due(&stamp, now.as_secs()));
        if !changed && !due {
            return Ok(None);
        }
        match self.set_cookie(settings, state, permanent, now, events) {
            Err(error) if !changed => {
                events.push(self.event(EventKind::left(&error)));
                Ok(None)
            }
            written => written.map(Some),
        }
    }

    /// Set-Cookie of a session that is not empty.
    fn set_cookie(
        &self,
        settings: &Settings,
        state: &State,
        permanent: bool,
        now: Duration,
        events: &mut Vec<Event>,
    ) -> Result<HeaderValue, Error> {
        let incoming = self.incoming();
        let (cookie, _) = settings.cookie_to_write(incoming.cookies, now.as_secs());
        let stamp = stamp(settings, state, permanent, now.as_secs());
        let expiry = match (permanent, settings.format.is_flask()) {
            (false, _) => Expiry::Browser,
            (true, false) => Expiry::MaxAge(settings.lifetime.max_age(&stamp, stamp.issued)),
            // As `get_expiration_time`: fractions of a second are added before they are cut.
            (true, true) => Expiry::Expires(now.saturating_add(settings.lifetime.idle).as_secs()),
        };
        // A refresh that has fallen due since is written from the map.
        let accepted = incoming
            .to_refresh
            .as_ref()
            .filter(|_| !state.map.is_modified());
        let content = Content {
            map: &state.map,
            stamp: &stamp,
            unchanged: accepted.map(Accepted::value),
        };
        let header = write(settings, incoming, content, expiry, now.as_secs())?;
        // What is set after a clear is a new session.
        let created = (incoming.stamp.is_none() || state.cleared).then(|| signature_end(&header));
        let header = cookie.finish(header, expiry)?;
        if let Some(limit) = settings
            .max_cookie_size
            .filter(|limit| header.len() > *limit)
        {
            if !settings.format.is_flask() {
                too_large(cookie.name(), header.len(), limit)?;
            }
            events.push(self.event(EventKind::Oversized {
                size: header.len(),
                limit,
            }));
        }
        if settings.format.is_encrypted_next(now.as_secs())
            && let Err(Error::TooLarge { size, limit, .. }) =
                encrypts(settings, cookie, &state.map, expiry)
        {
            events.push(self.event(EventKind::TooLargeToEncrypt { size, limit }));
        }
        if let Some(written) = created {
            events.push(Event {
                kind: EventKind::Created,
                digest: settings.digest(&written),
                record: None,
            });
        }
        Ok(header)
    }

    /// `name=value` of this session as it is, empty or not: what a browser would send.
    #[cfg(feature = "testing")]
    pub(crate) fn pair(&self) -> Result<String, Error> {
        let settings = &**self.settings();
        let now = settings.now().as_secs();
        let state = self.state();
        let stamp = stamp(settings, &state, is_permanent(settings, &state), now);
        let content = Content {
            map: &state.map,
            stamp: &stamp,
            unchanged: None,
        };
        let pair = write(settings, self.incoming(), content, Expiry::Browser, now)?;
        Ok(String::from_utf8_lossy(&pair).into_owned())
    }

    /// Where a cookie goes out under the new name, the one under the old name is deleted.
    pub(crate) fn forget_old_name(&self, outgoing: &mut Outgoing, now: u64) {
        let incoming = self.incoming();
        let new = self.settings().cookie_to_write(incoming.cookies, now).1 == CookieName::Current;
        if outgoing.set_cookie.is_some() && new && incoming.old_cookies > 0 {
            outgoing.old_cookie = self
                .settings()
                .previous
                .as_ref()
                .map(|previous| previous.cookie.removal().into());
        }
    }

    /// What came with the request.
    pub(crate) fn report(&self, rejected: Option<Rejected>, events: &mut Vec<Event>) {
        let cookies = self.incoming().cookies.max(self.incoming().old_cookies);
        if let Some(reason) = rejected {
            events.push(self.event(EventKind::Rejected(reason)));
        }
        if cookies > 1 {
            events.push(self.event(EventKind::Duplicate(cookies)));
        }
    }

    pub(crate) fn event(&self, kind: EventKind) -> Event {
        let asked = self
            .settings()
            .stored
            .as_ref()
            .is_some_and(|stored| stored.events_with_record_keys);
        Event {
            kind,
            digest: self.digest(),
            record: self.incoming().loaded_from.record_key().filter(|_| asked),
        }
    }
}

fn is_permanent(settings: &Settings, state: &State) -> bool {
    if settings.format.is_flask() {
        flask::is_permanent(&state.map)
    } else {
        state.stamp.permanent
    }
}

/// What stands beside the content.
fn stamp(settings: &Settings, state: &State, permanent: bool, now: u64) -> Stamp {
    // Under a clock that was set back a session is not older than it was.
    let issued = if settings.format.is_flask() {
        now
    } else {
        now.max(state.stamp.created)
    };
    Stamp {
        permanent,
        issued,
        ..state.stamp
    }
}

/// The text of Set-Cookie up to the value, with room for the rest.
fn write(
    settings: &Settings,
    incoming: &Incoming,
    content: Content<'_>,
    expiry: Expiry,
    now: u64,
) -> Result<Vec<u8>, Error> {
    let (cookie, cookie_name) = settings.cookie_to_write(incoming.cookies, now);
    let name = cookie.name();
    // A random source is an application's: not while the keys are locked.
    let nonce = settings
        .format
        .encrypted
        .map(|_| settings.nonce())
        .transpose()?;
    let keys = settings.keys.read().unwrap_or_else(PoisonError::into_inner);
    // In Flask's format a longer one is sent.
    let limit = settings
        .max_cookie_size
        .filter(|_| !settings.format.is_flask());
    let target = cookie.target(expiry, limit);
    let header = keys.of(cookie_name).current.write(target, content, nonce)?;
    // Name and value, without the sign between them.
    too_large(name, header.len() - 1, LARGEST)?;
    Ok(header)
}

/// Whether this content would fit into an encrypted cookie.
fn encrypts(
    settings: &Settings,
    cookie: &CookieTemplate,
    map: &Map,
    expiry: Expiry,
) -> Result<(), Error> {
    let (name, value) = (cookie.name(), encrypted::length(map));
    too_large(name, name.len() + value, LARGEST)?;
    let Some(limit) = settings.max_cookie_size else {
        return Ok(());
    };
    too_large(name, cookie.header_len(value, expiry), limit)
}

fn too_large(name: &str, size: usize, limit: usize) -> Result<(), Error> {
    if size > limit {
        Err(Error::TooLarge {
            name: name.to_owned(),
            size,
            limit,
        })
    } else {
        Ok(())
    }
}
