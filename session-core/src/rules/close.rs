//! The rules of closing a session that is in its cookie.
//!
//! | content | changed | cookies of the request | the response |
//! |---|---|---|---|
//! | none | yes | some (Flask's format: some or none) | deletes the cookie |
//! | none | yes | none | sends nothing |
//! | none | no | any | sends nothing |
//! | some | yes | any | sets the cookie; an error if it cannot be written |
//! | some | no | one was accepted, and its refresh is due | sets the cookie; an event if it cannot be written |
//! | some | no | otherwise | sends nothing |
//!
//! So a request that only reads never fails because of its session.

use std::sync::PoisonError;
use std::time::Duration;

use http::HeaderValue;

use crate::cookie::template::{Expiry, LARGEST};
use crate::error::Error;
use crate::event::{Event, EventKind};
use crate::response::outgoing::Outgoing;
use crate::session::handle::Session;
use crate::session::state::{Accepted, Incoming, State, signature_end};
use crate::settings::Settings;
use crate::token::content::Content;
use crate::token::flask;
use crate::token::keyed::CookieName;
use crate::token::stamp::Stamp;

/// A row of the table above.
enum Decision {
    SendNothing,
    Delete,
    Set,
}

impl Session {
    /// Freezes the session and decides what is sent. `accessed`: whether the request asked for the session. Its response then
    /// depends on it, even if no method was called (CVE-2023-30861, CVE-2026-27205).
    pub(crate) fn close(&self, accessed: bool) -> Outgoing {
        let (settings, incoming) = (self.settings(), self.incoming());
        // The clock is the application's code: it runs before the state is locked.
        let now = settings.now();
        let mut state = self.state();
        state.freeze();
        let mut outgoing = Outgoing {
            cache_headers: settings.cache_headers,
            ..Outgoing::default()
        };
        if let Some(decided) = &state.closed {
            // A second close sends nothing, and returns the error of the first.
            outgoing.error = decided.clone().err();
            return outgoing;
        }
        outgoing.vary = accessed;
        self.report(state.rejected(incoming), &mut outgoing.events);
        // A session that begins in this request is reported as created, and not as cleared or renewed.
        if incoming.stamp.is_some() {
            // Not if the session was cleared and filled again: the header would delete the new cookie too.
            outgoing.clear_site_data =
                settings.clear_site_data && state.cleared && state.map.is_empty_session();
            if state.cleared {
                outgoing.events.push(self.event(EventKind::Cleared));
            }
            if state.renewed {
                outgoing.events.push(self.event(EventKind::Renewed));
            }
        }
        let (cookie, _) = settings.cookie_to_write(incoming.cookies, now.as_secs());
        let decided = match decide(settings, incoming, &state, now.as_secs()) {
            Decision::SendNothing => Ok(None),
            Decision::Delete => Ok(Some(cookie.removal.clone())),
            Decision::Set => self.set_cookie(&state, now, &mut outgoing.events).map(Some),
        };
        match decided {
            Ok(cookie) => {
                outgoing.vary |= cookie.is_some();
                outgoing.set_cookie = cookie;
                self.forget_old_name(&mut outgoing, now.as_secs());
            }
            // The cookie that the browser has stays valid.
            Err(error) if !state.map.is_modified() => {
                outgoing.events.push(self.event(EventKind::left(&error)));
            }
            Err(error) => outgoing.error = Some(error.into()),
        }
        state.closed = Some(outgoing.error.clone().map_or(Ok(()), Err));
        outgoing
    }

    fn set_cookie(
        &self,
        state: &State,
        now: Duration,
        events: &mut Vec<Event>,
    ) -> Result<HeaderValue, Error> {
        let (settings, incoming) = (self.settings(), self.incoming());
        let (cookie, _) = settings.cookie_to_write(incoming.cookies, now.as_secs());
        let stamp = stamp(settings, state, now.as_secs());
        let expiry = expiry(settings, &stamp, now);
        // The cookie of the request can be signed again as it is, if nothing was changed.
        let unchanged = match &incoming.to_refresh {
            Some(accepted) if !state.map.is_modified() => Some(Accepted::value(accepted)),
            _ => None,
        };
        let content = Content {
            map: &state.map,
            stamp: &stamp,
            unchanged,
        };
        let text = write(settings, incoming, content, expiry, now.as_secs())?;
        let text_end = signature_end(&text);
        let header = cookie.finish(text, expiry)?;
        if let Some(limit) = settings.max_cookie_size
            && header.len() > limit
        {
            // Flask sends a cookie that is too large, and warns.
            if !settings.format.is_flask() {
                cookie.check_size(header.len(), limit)?;
            }
            let size = header.len();
            events.push(self.event(EventKind::Oversized { size, limit }));
        }
        self.report_too_large_to_encrypt(&state.map, expiry, now.as_secs(), events);
        // A value that is set after a clear belongs to a new session.
        if incoming.stamp.is_none() || state.cleared {
            events.push(settings.created(&text_end));
        }
        Ok(header)
    }

    /// Deletes the cookie of the previous name, if the request has one and the response sets the current name.
    pub(crate) fn forget_old_name(&self, outgoing: &mut Outgoing, now: u64) {
        let (settings, incoming) = (self.settings(), self.incoming());
        let (_, name) = settings.cookie_to_write(incoming.cookies, now);
        let moved = outgoing.set_cookie.is_some() && name == CookieName::Current;
        if let Some(previous) = &settings.previous
            && moved
            && incoming.old_cookies > 0
        {
            outgoing.old_cookie = Some(previous.cookie.removal.clone().into());
        }
    }
}

fn decide(settings: &Settings, incoming: &Incoming, state: &State, now: u64) -> Decision {
    let changed = state.map.is_modified();
    let came = incoming.cookies + incoming.old_cookies > 0;
    let mut due = false;
    if let Some(mut stamp) = incoming.stamp {
        stamp.permanent = is_permanent(settings, state);
        due = settings.lifetime.refresh_due(&stamp, now);
    }
    match state.map.is_empty_session() {
        true if changed && (came || settings.format.is_flask()) => Decision::Delete,
        false if changed || due => Decision::Set,
        _ => Decision::SendNothing,
    }
}

fn is_permanent(settings: &Settings, state: &State) -> bool {
    if settings.format.is_flask() {
        flask::is_permanent(&state.map)
    } else {
        state.stamp.permanent
    }
}

/// Returns the stamp of a cookie that is written now.
pub(crate) fn stamp(settings: &Settings, state: &State, now: u64) -> Stamp {
    let mut issued = now;
    if !settings.format.is_flask() {
        // A clock that was set back must not make the session older than it is.
        issued = issued.max(state.stamp.created);
    }
    Stamp {
        permanent: is_permanent(settings, state),
        issued,
        ..state.stamp
    }
}

fn expiry(settings: &Settings, stamp: &Stamp, now: Duration) -> Expiry {
    let lifetime = &settings.lifetime;
    if !stamp.permanent {
        Expiry::Browser
    } else if settings.format.is_flask() {
        // Flask's `get_expiration_time` adds fractions of a second before it cuts them.
        Expiry::expires(now.saturating_add(lifetime.idle).as_secs())
    } else {
        Expiry::MaxAge(lifetime.max_age(stamp, stamp.issued))
    }
}

/// Returns `name=value`, with capacity for the rest of Set-Cookie.
pub(crate) fn write(
    settings: &Settings,
    incoming: &Incoming,
    content: Content<'_>,
    expiry: Expiry,
    now: u64,
) -> Result<Vec<u8>, Error> {
    let (cookie, name) = settings.cookie_to_write(incoming.cookies, now);
    // The random source is the application's code: it runs before the keys are locked.
    let nonce = match settings.format.encrypted {
        Some(_) => Some(settings.nonces.draw(&*settings.random)?),
        None => None,
    };
    // Flask sends a longer cookie.
    let limit = settings
        .max_cookie_size
        .filter(|_| !settings.format.is_flask());
    let keys = settings.keys.read().unwrap_or_else(PoisonError::into_inner);
    let target = cookie.target(expiry, limit);
    let text = keys.of(name).current.write(target, content, nonce)?;
    // A browser counts name and value, without the sign between them.
    cookie.check_size(text.len() - 1, LARGEST)?;
    Ok(text)
}
