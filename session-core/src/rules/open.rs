//! The rules of opening a session that is in its cookie.

use std::sync::{Arc, PoisonError};

use http::HeaderValue;

use crate::error::Rejected;
use crate::session::handle::{Session, Shared};
use crate::session::state::{Accepted, Incoming, State};
use crate::settings::Settings;
use crate::token::format::Wires;
use crate::token::mac::Freshness;

/// More cookies of our name than this are counted but not looked at: each would cost a signature.
const MOST_COOKIES: usize = 4;

impl Settings {
    /// The session that these Cookie headers hold, or an empty one.
    pub(crate) fn open<'a, I: Iterator<Item = &'a HeaderValue>>(
        self: &Arc<Self>,
        headers: impl Fn() -> I,
    ) -> Session {
        let now = self.now().as_secs();
        let fresh = || State::new(&self.lifetime, now);
        // Filled where it stands, since it is large.
        let mut shared = Shared {
            settings: self.clone(),
            incoming: Incoming::NONE,
            state: fresh().into(),
        };
        let Shared {
            incoming, state, ..
        } = &mut shared;
        let state = state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut to_refresh = None;
        let found = self.first(headers, incoming, now, |wires, header, value| {
            let by = wires.open(value, &self.lifetime, now, &mut state.stamp, &mut state.map)?;
            // Few are due, so the others don't pay for a handle.
            let due = self.lifetime.refresh_due(&state.stamp, now);
            to_refresh = if due {
                Accepted::new(header, value)
            } else {
                None
            };
            Ok((by, state.stamp.created))
        });
        match found {
            true => (incoming.stamp, incoming.to_refresh) = (Some(state.stamp), to_refresh),
            false => *state = fresh(),
        }
        Session::of(shared)
    }

    /// Whether one of our cookies is accepted, the first that is: by which key, and when its session began, tells `open`.
    /// `incoming` learns what came, and why the first was not.
    ///
    /// Flask takes the first (Werkzeug's `cookies.get`); we take the first that is valid. A cookie of the old name counts
    /// where none of the new name came, good or bad.
    pub(crate) fn first<'a, I: Iterator<Item = &'a HeaderValue>>(
        &self,
        headers: impl Fn() -> I,
        incoming: &mut Incoming,
        now: u64,
        mut open: impl FnMut(&Wires, &HeaderValue, &[u8]) -> Result<(Freshness, u64), Rejected>,
    ) -> bool {
        // Not a copy: nobody's code runs in here.
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let mut opened = false;
        for header in headers() {
            for value in self.cookie.find(header, self.format.dialect()) {
                incoming.cookies += 1;
                if !opened && self.is_looked_at(incoming.cookies, &value) {
                    let found = open(&keys.cookie, header, &value);
                    opened = incoming.note_opened(&value, found.map(|(by, _)| by));
                }
            }
        }
        if let (Some(old), Some(wires)) = (&self.old, &keys.old) {
            let in_header = |header| {
                let values = old.cookie.find(header, self.format.dialect());
                values.map(move |value| (header, value))
            };
            for (header, value) in headers().flat_map(in_header) {
                incoming.old_cookies += 1;
                if !opened
                    && incoming.cookies == 0
                    && self.is_looked_at(incoming.old_cookies, &value)
                {
                    let found = open(wires, header, &value).and_then(|(by, created)| {
                        let by = if now < old.renamed {
                            by
                        } else {
                            Freshness::Outdated
                        };
                        if created < old.renamed {
                            Ok(by)
                        } else {
                            Err(Rejected::Revoked)
                        }
                    });
                    opened = incoming.note_opened(&value, found);
                }
            }
        }
        opened
    }

    fn is_looked_at(&self, number: usize, value: &[u8]) -> bool {
        if self.format.is_flask() {
            number == 1 && !value.is_empty()
        } else {
            number <= MOST_COOKIES
        }
    }
}
