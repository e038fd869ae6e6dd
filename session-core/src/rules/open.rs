//! The rules of opening: which cookies of a request are tried, and which one is accepted.
//!
//! | cookies of the request | tried | accepted |
//! |---|---|---|
//! | our formats, some of the current name | the first 4 of the current name | the first that is valid |
//! | our formats, none of the current name | the first 4 of the previous name | the first that is valid, and that was created before the renaming |
//! | Flask's format | the first, unless it is empty | this one, if it is valid |
//!
//! A browser sends several cookies of one name if they have different domains or paths. A neighbouring host can plant one in
//! front of ours, and an invalid one must not end the session; so the first *valid* one is accepted. Each attempt costs an HMAC
//! for each key, so a request with hundreds of forged cookies must not buy hundreds of them: 4 are tried. All are counted, for
//! the event `Duplicate`. Flask takes the first one (Werkzeug's `cookies.get`), and so does its format.
//!
//! The previous name is read only if no cookie of the current name came, valid or not: otherwise a neighbouring host could
//! bring back, under the name without a prefix, what the current name's prefix protects.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError};

use http::HeaderValue;

use crate::cookie::template::CookieTemplate;
use crate::error::Rejected;
use crate::session::handle::{Session, Shared};
use crate::session::state::{Accepted, Incoming, State};
use crate::settings::Settings;
use crate::token::keyed::CookieName;
use crate::token::mac::Freshness;

/// The number of cookies that are tried.
const MOST_TRIED: usize = 4;

/// A cookie that is tried.
pub(crate) struct Candidate<'a> {
    /// The header that contains it.
    pub(crate) header: &'a HeaderValue,
    pub(crate) value: Cow<'a, [u8]>,
}

/// The session's cookies in a request.
pub(crate) struct Candidates<'a> {
    /// The number of cookies of the current name, tried or not.
    current: usize,
    /// The number of cookies of the previous name, tried or not.
    previous: usize,
    /// The name of those that are tried.
    pub(crate) name: CookieName,
    tried: [Option<Candidate<'a>>; MOST_TRIED],
}

impl<'a> Candidates<'a> {
    /// Returns what is known about a request before a cookie was accepted.
    pub(crate) fn incoming(&self) -> Incoming {
        Incoming {
            cookies: self.current,
            old_cookies: self.previous,
            ..Incoming::default()
        }
    }

    /// Returns the cookies that are tried, in their order.
    pub(crate) fn tried(&self) -> impl Iterator<Item = &Candidate<'a>> {
        self.tried.iter().flatten()
    }
}

impl Settings {
    /// Opens the session of a request whose session is in its cookie. Without a valid cookie the session is empty.
    pub(crate) fn open<'a, I: Iterator<Item = &'a HeaderValue>>(
        self: &Arc<Self>,
        headers: impl Fn() -> I,
    ) -> Session {
        let now = self.now().as_secs();
        let candidates = self.candidates(headers);
        // The formats fill the session where it is: moving its parts costs a tenth of a read.
        let mut shared = Shared {
            settings: self.clone(),
            incoming: candidates.incoming(),
            state: State::new(&self.lifetime, now).into(),
        };
        let (incoming, state) = (&mut shared.incoming, &mut shared.state);
        let state = state.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Not a copy of the keys: no application code runs while they are locked.
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        for Candidate { header, value } in candidates.tried() {
            let (stamp, map) = (&mut state.stamp, &mut state.map);
            let formats = keys.of(candidates.name);
            let accepted = match formats.open(value, &self.lifetime, now, stamp, map) {
                Ok(freshness) => self.accept(candidates.name, stamp.created, freshness, now),
                Err(rejected) => Err(rejected),
            };
            if !incoming.note_opened(value, accepted) {
                // The rejected cookie may have left a part of its session.
                *state = State::new(&self.lifetime, now);
                continue;
            }
            incoming.stamp = Some(state.stamp);
            // Only few are due, and only these keep the header.
            if self.lifetime.refresh_due(&state.stamp, now) {
                incoming.to_refresh = Accepted::new(header, value);
            }
            break;
        }
        drop(keys);
        Session::of(shared)
    }

    /// Finds the cookies of a request that are tried, in their order.
    pub(crate) fn candidates<'a, I: Iterator<Item = &'a HeaderValue>>(
        &self,
        headers: impl Fn() -> I,
    ) -> Candidates<'a> {
        let mut found = Candidates {
            current: 0,
            previous: 0,
            name: CookieName::Current,
            tried: Default::default(),
        };
        let most = match self.format.is_flask() {
            true => 1,
            false => MOST_TRIED,
        };
        found.current = self.collect(&self.cookie, headers(), &mut found.tried[..most]);
        if let Some(renamed) = &self.previous {
            // Beside a cookie of the current name the others are only counted.
            let mut places = &mut found.tried[..0];
            if found.current == 0 {
                found.name = CookieName::Previous;
                places = &mut found.tried[..most];
            }
            found.previous = self.collect(&renamed.cookie, headers(), places);
        }
        found
    }

    /// Collects the cookies of one name: as many as there are places for. Returns how many there are in all.
    fn collect<'a>(
        &self,
        cookie: &CookieTemplate,
        headers: impl Iterator<Item = &'a HeaderValue>,
        places: &mut [Option<Candidate<'a>>],
    ) -> usize {
        let mut count = 0;
        for header in headers {
            for value in cookie.find(header, self.format.dialect()) {
                // An empty cookie is none in Flask.
                let is_none = value.is_empty() && self.format.is_flask();
                if let Some(place) = places.get_mut(count)
                    && !is_none
                {
                    *place = Some(Candidate { header, value });
                }
                count += 1;
            }
        }
        count
    }

    /// Applies the rules of renaming to a valid cookie. From the renaming on, one under the previous name is outdated, and one
    /// that was created later is revoked.
    pub(crate) fn accept(
        &self,
        name: CookieName,
        created: u64,
        freshness: Freshness,
        now: u64,
    ) -> Result<Freshness, Rejected> {
        match &self.previous {
            Some(previous) if name == CookieName::Previous => match created < previous.renamed {
                // From the renaming on no session begins under the previous name.
                false => Err(Rejected::Revoked),
                true if now >= previous.renamed => Ok(Freshness::Outdated),
                true => Ok(freshness),
            },
            _ => Ok(freshness),
        }
    }
}
