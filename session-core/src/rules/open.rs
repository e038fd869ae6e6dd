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

use crate::cookie::header::Dialect;
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

/// The cookies of a request that are tried, in their order.
pub(crate) type Candidates<'a> = [Option<Candidate<'a>>; MOST_TRIED];

impl Settings {
    /// Opens the session of a request whose session is in its cookie. Without a valid cookie the session is empty.
    pub(crate) fn open<'a, I: Iterator<Item = &'a HeaderValue>>(
        self: &Arc<Self>,
        headers: impl Fn() -> I,
    ) -> Session {
        let now = self.now().as_secs();
        let mut candidates = Candidates::default();
        let (name, incoming) = self.find_cookies(headers, &mut candidates);
        // The formats fill the session where it is: moving its parts costs a tenth of a read.
        let mut shared = Shared {
            settings: self.clone(),
            incoming,
            state: State::new(&self.lifetime, now).into(),
        };
        let (incoming, state) = (&mut shared.incoming, &mut shared.state);
        let state = state.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Not a copy of the keys: no application code runs while they are locked.
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        for Candidate { header, value } in candidates.iter().flatten() {
            let (stamp, map) = (&mut state.stamp, &mut state.map);
            let accepted = match keys.of(name).open(value, &self.lifetime, now, stamp, map) {
                Ok(freshness) => self.accept(name, stamp.created, freshness, now),
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
        Session(Arc::new(shared))
    }

    /// Finds the cookies of a request that are tried. Returns their name, and how many there are under each name.
    pub(crate) fn find_cookies<'a, I: Iterator<Item = &'a HeaderValue>>(
        &self,
        headers: impl Fn() -> I,
        found: &mut Candidates<'a>,
    ) -> (CookieName, Incoming) {
        let (dialect, places) = match self.format.flask {
            Some(_) => (Dialect::Werkzeug, &mut found[..1]),
            None => (Dialect::Browser, &mut found[..]),
        };
        let (mut name, mut incoming) = (CookieName::Current, Incoming::default());
        incoming.cookies = collect(&self.cookie, headers(), dialect, places);
        if let Some(renamed) = &self.previous {
            let mut places = places;
            if incoming.cookies == 0 {
                name = CookieName::Previous;
            } else {
                // Beside a cookie of the current name the others are only counted.
                places = &mut [];
            }
            incoming.old_cookies = collect(&renamed.cookie, headers(), dialect, places);
        }
        (name, incoming)
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

/// Collects the cookies of one name: as many as there are places for. Returns how many there are in all.
fn collect<'a>(
    cookie: &CookieTemplate,
    headers: impl Iterator<Item = &'a HeaderValue>,
    dialect: Dialect,
    places: &mut [Option<Candidate<'a>>],
) -> usize {
    let mut count = 0;
    for header in headers {
        for value in cookie.find(header, dialect) {
            // An empty cookie is none in Flask.
            let is_none = value.is_empty() && dialect == Dialect::Werkzeug;
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
