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
use crate::data::map::Map;
use crate::error::Rejected;
use crate::session::handle::Session;
use crate::session::state::{Accepted, Incoming};
use crate::settings::Settings;
use crate::token::keyed::CookieName;
use crate::token::mac::Freshness;

/// The number of cookies that are tried.
const MOST_TRIED: usize = 4;

/// A cookie that is tried.
pub(crate) struct Candidate<'a> {
    pub(crate) name: CookieName,
    /// The header that contains it.
    pub(crate) header: &'a HeaderValue,
    pub(crate) value: Cow<'a, [u8]>,
}

/// The session's cookies in a request.
#[derive(Default)]
pub(crate) struct Candidates<'a> {
    /// The number of cookies of the current name, tried or not.
    current: usize,
    /// The number of cookies of the previous name, tried or not.
    previous: usize,
    tried: [Option<Candidate<'a>>; MOST_TRIED],
}

impl<'a> Candidates<'a> {
    /// Returns what is known about a request before a cookie was accepted.
    pub(crate) fn incoming(&self) -> Incoming {
        Incoming {
            cookies: self.current,
            old_cookies: self.previous,
            ..Incoming::NONE
        }
    }

    /// Returns the cookies that are tried, in their order.
    pub(crate) fn tried(&self) -> impl Iterator<Item = &Candidate<'a>> {
        self.tried.iter().flatten()
    }

    /// Counts a cookie, and keeps it if it is to be tried. Cookies of the current name come first.
    fn add(&mut self, cookie: Candidate<'a>, is_flask: bool) {
        let (before, is_tried) = match cookie.name {
            CookieName::Current => (&mut self.current, true),
            CookieName::Previous => (&mut self.previous, self.current == 0),
        };
        if is_tried && within_limit(*before, &cookie.value, is_flask) {
            self.tried[*before] = Some(cookie);
        }
        *before += 1;
    }
}

/// Returns whether a cookie is tried that comes after this number of others.
fn within_limit(before: usize, value: &[u8], is_flask: bool) -> bool {
    if is_flask {
        before == 0 && !value.is_empty()
    } else {
        before < MOST_TRIED
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
        let mut incoming = candidates.incoming();
        // Not a copy of the keys: no application code runs while they are locked.
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        for Candidate {
            name,
            header,
            value,
        } in candidates.tried()
        {
            let opened = match keys.of(*name).open(value, &self.lifetime, now) {
                Ok(opened) => opened,
                Err(rejected) => {
                    incoming.note_opened(value, Err(rejected));
                    continue;
                }
            };
            let accepted = self.accept(*name, opened.stamp.created, opened.freshness, now);
            if incoming.note_opened(value, accepted) {
                incoming.stamp = Some(opened.stamp);
                // Only few are due, and only these keep the header.
                if self.lifetime.refresh_due(&opened.stamp, now) {
                    incoming.to_refresh = Accepted::new(header, value);
                }
                return Session::new(self.clone(), incoming, opened.map, now);
            }
        }
        Session::new(self.clone(), incoming, Map::default(), now)
    }

    /// Finds the session's cookies in a request, under both names.
    pub(crate) fn candidates<'a, I: Iterator<Item = &'a HeaderValue>>(
        &self,
        headers: impl Fn() -> I,
    ) -> Candidates<'a> {
        let (dialect, is_flask) = (self.format.dialect(), self.format.is_flask());
        let mut candidates = Candidates::default();
        for name in [CookieName::Current, CookieName::Previous] {
            let Some(cookie) = self.template(name) else {
                continue;
            };
            for header in headers() {
                for value in cookie.find(header, dialect) {
                    let cookie = Candidate {
                        name,
                        header,
                        value,
                    };
                    candidates.add(cookie, is_flask);
                }
            }
        }
        candidates
    }

    fn template(&self, name: CookieName) -> Option<&CookieTemplate> {
        match name {
            CookieName::Current => Some(&self.cookie),
            CookieName::Previous => Some(&self.previous.as_ref()?.cookie),
        }
    }

    /// Applies the rules of renaming to a valid cookie: under the previous name a session is revoked if it was created after the
    /// renaming, and outdated from the renaming on.
    pub(crate) fn accept(
        &self,
        name: CookieName,
        created: u64,
        freshness: Freshness,
        now: u64,
    ) -> Result<Freshness, Rejected> {
        let previous = match &self.previous {
            Some(previous) if name == CookieName::Previous => previous,
            _ => return Ok(freshness),
        };
        if created >= previous.renamed {
            return Err(Rejected::Revoked);
        }
        if now >= previous.renamed {
            return Ok(Freshness::Outdated);
        }
        Ok(freshness)
    }
}
