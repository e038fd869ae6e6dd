//! The cookie that carries an id.
//!
//! A response sets one only if its close generated a new id, and after everything that makes the id
//! valid: the index, the record, and the limit of sessions. It never sets one for a write or a
//! touch, so a slow response cannot overwrite a login.

use http::HeaderValue;

use crate::cookie::template::Expiry;
use crate::error::Error;
use crate::error::config::ConfigError;
use crate::event::{Event, EventKind};
use crate::record::body::Body;
use crate::record::id;
use crate::record::id::Id;
use crate::record::store::Record;
use crate::session::state::signature_end;
use crate::settings::Settings;
use crate::stored::closing::{CloseStep, Closing};
use crate::token::stamp::Stamp;

impl Closing {
    /// Sends the new id, if there is one, and ends the close.
    pub(crate) fn send_new_id(
        mut self,
        record: &Record,
        body: &Body,
        kind: EventKind,
    ) -> CloseStep {
        let Some(id) = &self.new_id else {
            return self.finish();
        };
        let header = match self.render_cookie(id, record.created, body) {
            Ok(header) => header,
            Err(error) => return self.fail(error),
        };
        let event = match kind {
            EventKind::Created => self.created_event(id, &header),
            kind => self.session.event(kind),
        };
        self.outgoing.events.push(event);
        self.outgoing.set_cookie = Some(header);
        self.outgoing.vary = true;
        self.finish()
    }

    /// The event of a new session is about the new cookie. All others are about the cookie of the
    /// request.
    fn created_event(&self, id: &Id, header: &HeaderValue) -> Event {
        let attributes = header.as_bytes().iter().position(|byte| *byte == b';');
        let value = &header.as_bytes()[..attributes.unwrap_or(header.len())];
        let record = match self.policy().events_with_record_keys {
            true => Some(id.record_key()),
            false => None,
        };
        Event {
            kind: EventKind::Created,
            digest: self.settings().digest(&signature_end(value)),
            record,
        }
    }

    fn render_cookie(&self, id: &Id, created: u64, body: &Body) -> Result<HeaderValue, Error> {
        let settings = self.settings();
        let stamp = Stamp {
            permanent: body.permanent,
            // Under a clock that was set back, a session is not older than it was.
            issued: self.now.max(created),
            created,
            authenticated: body.authenticated,
            epoch: body.epoch,
        };
        let current_cookies = self.session.incoming().cookies;
        let (cookie, name) = settings.cookie_to_write(current_cookies, self.now);
        let expiry = match body.permanent {
            true => Expiry::MaxAge(settings.lifetime.max_age_of_id(created, self.now)),
            false => Expiry::Browser,
        };
        let mut header = cookie.target(expiry, None).begin(id::COOKIE_LEN);
        id.write(settings.keys().of(name).signer(), &mut header, &stamp);
        cookie.finish(header, expiry)
    }

    /// Removes the browser's cookie after a logout, whatever it was, and ends the close.
    pub(crate) fn remove_cookie(mut self) -> CloseStep {
        let incoming = self.session.incoming();
        if self.cleared && incoming.cookies + incoming.old_cookies > 0 {
            let (cookie, _) = self.settings().cookie_to_write(incoming.cookies, self.now);
            let removal = cookie.removal.clone();
            self.outgoing.set_cookie = Some(removal);
            self.outgoing.vary = true;
        }
        self.finish()
    }
}

/// Checks that the cookie fits into the limit. An id always has the same length, so this is known
/// before the first one.
pub(crate) fn check_cookie(settings: &Settings) -> Result<(), ConfigError> {
    let Some(limit) = settings.max_cookie_size else {
        return Ok(());
    };
    let longest = Expiry::MaxAge(settings.lifetime.max_age_of_id(0, 0));
    let size = settings.cookie.header_len(id::COOKIE_LEN, longest);
    if size > limit {
        let problem =
            format!("the cookie of a stored session takes {size} bytes, the limit is {limit}");
        return Err(ConfigError::Cookie {
            setting: "MAX_COOKIE_SIZE",
            problem,
        });
    }
    Ok(())
}
