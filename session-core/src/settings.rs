//! A checked configuration in the form that the code uses, and the current keys.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, UNIX_EPOCH};

use crate::cookie::rename::Previous;
use crate::cookie::template::CookieTemplate;
use crate::env::{Clock, EntropySource};
use crate::error::config::Warning;
use crate::event::LogDigest;
use crate::record::policy::StorePolicy;
use crate::token::key_context::KeyContext;
use crate::token::keyed::{CookieName, Keys};
use crate::token::lifetime::Lifetime;
use crate::token::nonce::Nonces;

/// The checked configuration.
pub(crate) struct Settings {
    pub(crate) format: KeyContext,
    pub(crate) keys: RwLock<Arc<Keys>>,
    pub(crate) nonces: Nonces,
    /// None: sessions are in their cookies.
    pub(crate) stored: Option<StorePolicy>,
    pub(crate) lifetime: Lifetime,
    pub(crate) cookie: CookieTemplate,
    /// The same under its previous name.
    pub(crate) previous: Option<Previous>,
    /// A limit for the whole of Set-Cookie: an error in our formats, an event in Flask's.
    pub(crate) max_cookie_size: Option<usize>,
    /// Whether Cache-Control is ours to set.
    pub(crate) cache_headers: bool,
    /// Whether a logout has the browser delete all cookies.
    pub(crate) clear_site_data: bool,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) random: Box<dyn EntropySource>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) warnings_are_errors: bool,
}

impl Settings {
    /// Returns the cookie that is written: the previous name before the time of the renaming, unless the request has a cookie of the
    /// current name.
    pub(crate) fn cookie_to_write(
        &self,
        current_cookies: usize,
        now: u64,
    ) -> (&CookieTemplate, CookieName) {
        match &self.previous {
            Some(previous) if now < previous.renamed && current_cookies == 0 => {
                (&previous.cookie, CookieName::Previous)
            }
            _ => (&self.cookie, CookieName::Current),
        }
    }

    /// The keys of this moment.
    pub(crate) fn keys(&self) -> Arc<Keys> {
        self.keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Returns the time since 1970; zero for an earlier time.
    pub(crate) fn now(&self) -> Duration {
        let since = self.clock.now().duration_since(UNIX_EPOCH);
        since.unwrap_or_default()
    }

    /// K(5) over the end of a cookie: its signature, if it has one.
    pub(crate) fn digest(&self, tail: &[u8]) -> LogDigest {
        let code = self.keys().log.tag(tail);
        let mut digest = [0; 8];
        digest.copy_from_slice(&code.as_slice()[..8]);
        LogDigest(digest)
    }
}
