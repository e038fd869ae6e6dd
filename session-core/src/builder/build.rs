//! `build`: checks all settings together, and derives the keys.

use std::sync::RwLock;

use crate::builder::Builder;
use crate::cookie::attributes::Prefix;
use crate::cookie::template::CookieTemplate;
use crate::error::config::{ConfigError, Warning, name_variables, refuse_if};
use crate::record::policy::StorePolicy;
use crate::sessions::Sessions;
use crate::settings::Settings;
use crate::token::flask;
use crate::token::key_context::KeyContext;
use crate::token::keyed::Keys;
use crate::token::nonce::Nonces;

impl Builder {
    /// Makes each warning about the configuration an error of [`build`](Self::build), and each warning about new keys an
    /// error of [`Sessions::set_keys`]. Default: false, [`Sessions::warnings`] returns them.
    ///
    /// It is for production: a Flask application, whose key may be weak, does not start then.
    ///
    /// ```
    /// # use session_core::{ConfigError, Sessions, Warning, Weakness};
    /// assert!(Sessions::flask_builder("dev").build().is_ok()); // with a warning
    /// let error = Sessions::flask_builder("dev").warnings_are_errors(true).build().unwrap_err();
    /// assert_eq!(error, ConfigError::Warning(Warning::WeakKey(Weakness::Short(3))));
    /// ```
    pub fn warnings_are_errors(mut self, warnings_are_errors: bool) -> Self {
        self.warnings_are_errors = warnings_are_errors;
        self
    }

    /// Checks all settings, and builds sessions that are in their cookies.
    ///
    /// # Errors
    /// [`ConfigError`]: no key, a weak key, too many keys, a cookie that browsers refuse, a setting that the format does not
    /// support, a missing clock or random source; and each warning, if [`warnings_are_errors`](Self::warnings_are_errors)
    /// is set.
    ///
    /// ```
    /// # use session_core::{SameSite, Sessions};
    /// let error = Sessions::flask_builder("dev").same_site(SameSite::None).build().unwrap_err();
    /// assert!(error.to_string().contains("SameSite=None needs Secure"));
    /// ```
    pub fn build(self) -> Result<Sessions, ConfigError> {
        let prefix = self.prefix.clone();
        name_variables(self.build_in_cookies(), &prefix)
    }

    fn build_in_cookies(self) -> Result<Sessions, ConfigError> {
        // A limit on sessions per user, for example, has no effect in a cookie. To ignore it would look like protection.
        if let Some(setting) = self.stored.changed() {
            return Err(ConfigError::Format {
                setting,
                format: "a cookie session",
                why: "it is for sessions in a store: use build_stored",
            });
        }
        let settings = self.settings(None)?;
        Ok(Sessions(settings.into()))
    }

    /// Checks everything that cookie sessions and stored sessions share.
    pub(super) fn settings(mut self, stored: Option<StorePolicy>) -> Result<Settings, ConfigError> {
        self.check_format()?;
        self.ring.check(self.flask)?;
        // Before the cookie is checked: browsers refuse a prefix without Secure.
        if self.plain_http {
            (self.cookie.prefix, self.cookie.secure) = (Prefix::None, false);
        }
        let cookie = CookieTemplate::new(&self.cookie)?;
        let previous = match self.renamed_from.take() {
            Some(previous) => Some(previous.check(&self.cookie, &cookie.name)?),
            None => None,
        };
        let warnings = refuse_if(self.warnings_are_errors, self.warnings())?;
        let flask = if self.flask {
            let salt = self.salt.unwrap_or_else(|| flask::SALT.into());
            Some((self.digest.unwrap_or_default(), salt))
        } else {
            None
        };
        let encryption = self.encryption;
        let format = KeyContext {
            flask,
            stored: stored.is_some(),
            encrypted: encryption.block,
            // `check_format` has refused the one of the two that does not belong to the format that is written.
            other_until: encryption.signed_until.or(encryption.encrypted_until),
            name: cookie.name.clone(),
            previous_name: previous
                .as_ref()
                .map(|previous| previous.cookie.name.clone()),
            context: self.context.unwrap_or_default(),
        };
        Ok(Settings {
            keys: RwLock::new(Keys::new(&format, &self.ring).into()),
            format,
            stored,
            warnings,
            warnings_are_errors: self.warnings_are_errors,
            cookie,
            previous,
            lifetime: self.lifetime,
            max_cookie_size: self.max_cookie_size,
            cache_headers: self.cache_headers,
            clear_site_data: self.clear_site_data,
            clock: self.clock.ok_or(ConfigError::Missing("clock"))?,
            random: self.random.ok_or(ConfigError::Missing("random"))?,
            nonces: Nonces::default(),
        })
    }

    fn warnings(&self) -> Vec<Warning> {
        let mut warnings: Vec<Warning> = self.ring.warnings().collect();
        if self.plain_http {
            warnings.push(Warning::PlainHttp);
        }
        warnings.extend(self.cookie.warnings());
        warnings
    }
}
