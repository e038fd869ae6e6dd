//! The events of a session that concern its cookie.

use crate::cookie::template::{CookieTemplate, Expiry, LARGEST};
use crate::data::map::Map;
use crate::error::{Error, Rejected};
use crate::event::{Event, EventKind};
use crate::session::handle::Session;
use crate::settings::Settings;
use crate::token::encrypted;

impl Session {
    /// Reports a rejected cookie, and several cookies of one name.
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
        let record = match &self.settings().stored {
            Some(stored) if stored.events_with_record_keys => {
                self.incoming().loaded_from.record_key()
            }
            _ => None,
        };
        Event {
            kind,
            digest: self.digest(),
            record,
        }
    }

    /// Reports a session that will not fit into its cookie once encryption begins: encrypted cookies are not compressed.
    pub(crate) fn report_too_large_to_encrypt(
        &self,
        map: &Map,
        expiry: Expiry,
        now: u64,
        events: &mut Vec<Event>,
    ) {
        let settings = self.settings();
        if !settings.format.is_encrypted_next(now) {
            return;
        }
        let (cookie, _) = settings.cookie_to_write(self.incoming().cookies, now);
        if let Err(Error::TooLarge { size, limit, .. }) =
            fits_encrypted(settings, cookie, map, expiry)
        {
            events.push(self.event(EventKind::TooLargeToEncrypt { size, limit }));
        }
    }
}

impl Settings {
    /// Returns the event of a session that begins. `text_end` is the end of its cookie.
    pub(crate) fn created(&self, text_end: &[u8]) -> Event {
        Event {
            kind: EventKind::Created,
            digest: self.digest(text_end),
            record: None,
        }
    }
}

/// Checks whether this content fits into an encrypted cookie.
fn fits_encrypted(
    settings: &Settings,
    cookie: &CookieTemplate,
    map: &Map,
    expiry: Expiry,
) -> Result<(), Error> {
    let value = encrypted::length(map);
    cookie.check_size(cookie.name.len() + value, LARGEST)?;
    match settings.max_cookie_size {
        Some(limit) => cookie.check_size(cookie.header_len(value, expiry), limit),
        None => Ok(()),
    }
}
