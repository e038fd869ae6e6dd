//! Hands the settings of a configuration to a builder.

use crate::builder::Builder;
use crate::config::fields::Fields;
use crate::config::values::{digest, quote, same_site, time};
use crate::cookie::attributes::Prefix;
use crate::cookie::rename::PreviousCookie;
use crate::error::config::ConfigError;
use crate::token::lifetime::Refresh;

/// Calls the builder's method if there is a value: without one the builder's default stays.
fn set<T>(
    builder: Builder,
    value: Option<T>,
    method: impl FnOnce(Builder, T) -> Builder,
) -> Builder {
    match value {
        Some(value) => method(builder, value),
        None => builder,
    }
}

impl Fields {
    pub(super) fn apply(self, builder: Builder) -> Result<Builder, ConfigError> {
        let builder = self.apply_encryption(builder)?;
        let builder = self.apply_cookie(builder)?;
        let mut builder = self.apply_lifetimes(builder)?;
        if let Some(name) = self.session_digest {
            builder = builder.digest(digest(&name)?);
        }
        builder = set(builder, self.session_context, Builder::context);
        builder = set(builder, self.session_salt, Builder::salt);
        builder = set(builder, self.session_cache_headers, Builder::cache_headers);
        builder = set(
            builder,
            self.session_clear_site_data,
            Builder::clear_site_data,
        );
        builder = set(
            builder,
            self.session_warnings_are_errors,
            Builder::warnings_are_errors,
        );
        if self.session_insecure_plain_http == Some(true) {
            builder = builder.insecure_plain_http();
        }
        Ok(builder)
    }

    fn apply_cookie(&self, mut builder: Builder) -> Result<Builder, ConfigError> {
        if let Some(name) = &self.session_cookie_name {
            let (prefix, rest) = Prefix::split(name);
            // A name without a prefix gets the one of our own format, as from the builder. Flask's format has none. A prefix in
            // another case stays as it is, with a warning.
            if builder.flask || Prefix::enforced(name) != Prefix::None {
                builder = builder.prefix(prefix);
            }
            builder = builder.cookie_name(rest);
        }
        // As Flask's `get_cookie_domain` and Werkzeug's `dump_cookie`, which remove the port and the leading dots.
        if let Some(domain) = &self.session_cookie_domain {
            let (host, _port) = domain.split_once(':').unwrap_or((domain, ""));
            builder = builder.domain(host.trim_start_matches('.'));
        }
        // As Flask's `get_cookie_path`.
        let path = match &self.session_cookie_path {
            Some(path) if !path.is_empty() => Some(path),
            _ => self.application_root.as_ref(),
        };
        if let Some(path) = path {
            builder = builder.path(quote(path));
        }
        builder = set(builder, self.session_cookie_secure, Builder::secure);
        builder = set(builder, self.session_cookie_httponly, Builder::http_only);
        builder = set(
            builder,
            self.session_cookie_partitioned,
            Builder::partitioned,
        );
        // As Werkzeug: partitioned overrides SESSION_COOKIE_SECURE, since browsers demand both.
        if self.session_cookie_partitioned == Some(true) {
            builder = builder.secure(true);
        }
        if let Some(text) = &self.session_cookie_samesite {
            builder = builder.same_site(same_site(text)?);
        }
        builder = set(builder, self.max_cookie_size, Builder::max_cookie_size);
        let previous = self.session_renamed_from.clone();
        Ok(set(
            builder,
            previous.map(PreviousCookie::from),
            Builder::renamed_from,
        ))
    }

    fn apply_lifetimes(&self, mut builder: Builder) -> Result<Builder, ConfigError> {
        let permanent = self.permanent_session_lifetime;
        // Flask's one setting is about all sessions. Only beside one for the others it is about permanent sessions.
        builder = match self.session_idle_lifetime {
            None => set(builder, permanent, Builder::idle_lifetime),
            Some(_) if builder.flask => {
                return Err(ConfigError::Format {
                    setting: "SESSION_IDLE_LIFETIME",
                    format: "Flask's format",
                    why: "it has one lifetime for all sessions: set PERMANENT_SESSION_LIFETIME",
                });
            }
            Some(idle) => set(
                builder.idle_lifetime(idle),
                permanent,
                Builder::permanent_lifetime,
            ),
        };
        builder = set(
            builder,
            self.session_anonymous_lifetime,
            Builder::anonymous_lifetime,
        );
        builder = set(
            builder,
            self.session_absolute_lifetime,
            Builder::absolute_lifetime,
        );
        if let Some(each_request) = self.session_refresh_each_request {
            // Not `AfterTenth` for false: in Flask such a session is only written when it changed.
            builder = builder.refresh(if each_request {
                Refresh::EachRequest
            } else {
                Refresh::Never
            });
        }
        builder = set(builder, self.session_permanent, Builder::permanent);
        let not_before = self.session_not_created_before.map(time);
        builder = set(builder, not_before, Builder::not_created_before);
        Ok(set(builder, self.session_epoch, Builder::epoch))
    }
}

#[cfg(feature = "encryption")]
impl Fields {
    fn apply_encryption(&self, mut builder: Builder) -> Result<Builder, ConfigError> {
        let encrypted = self.session_encrypted == Some(true);
        // `Builder::padding` encrypts. A number of bytes alone must not change the format of all cookies.
        if self.session_padding.is_some() && !encrypted {
            return Err(ConfigError::Value(
                "SESSION_PADDING: it needs SESSION_ENCRYPTED".to_owned(),
            ));
        }
        if encrypted {
            builder = builder.encrypted();
        }
        let signed_until = self.session_accept_signed_until.map(time);
        let encrypted_until = self.session_accept_encrypted_until.map(time);
        builder = set(builder, self.session_padding, Builder::padding);
        builder = set(builder, signed_until, Builder::accept_signed_until);
        Ok(set(
            builder,
            encrypted_until,
            Builder::accept_encrypted_until,
        ))
    }
}

#[cfg(not(feature = "encryption"))]
impl Fields {
    /// Refuses each setting of encryption except `SESSION_ENCRYPTED = false`: ignored, it would leave cookies readable.
    fn apply_encryption(&self, builder: Builder) -> Result<Builder, ConfigError> {
        let setting = if self.session_encrypted == Some(true) {
            "SESSION_ENCRYPTED"
        } else if self.session_padding.is_some() {
            "SESSION_PADDING"
        } else if self.session_accept_signed_until.is_some() {
            "SESSION_ACCEPT_SIGNED_UNTIL"
        } else if self.session_accept_encrypted_until.is_some() {
            "SESSION_ACCEPT_ENCRYPTED_UNTIL"
        } else {
            return Ok(builder);
        };
        Err(ConfigError::Format {
            setting,
            format: "this program",
            why: "session-core was built without its feature \"encryption\": add the feature, or leave the setting out",
        })
    }
}
