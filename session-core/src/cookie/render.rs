//! The fixed texts of a cookie, rendered once from its checked attributes.

use http::HeaderValue;

use crate::cookie::attributes::{Attributes, SameSite};
use crate::cookie::template::{CookieTemplate, EPOCH, EXPIRES};
use crate::error::config::ConfigError;

impl CookieTemplate {
    pub(crate) fn new(attributes: &Attributes) -> Result<Self, ConfigError> {
        attributes.check()?;
        let name = attributes.full_name();
        let mut cookie = cookie::Cookie::build((&name, ""))
            .path(&attributes.path)
            .secure(attributes.secure)
            .http_only(attributes.http_only)
            .partitioned(attributes.partitioned);
        if let Some(same_site) = attributes.same_site {
            cookie = cookie.same_site(match same_site {
                SameSite::Strict => cookie::SameSite::Strict,
                SameSite::Lax => cookie::SameSite::Lax,
                SameSite::None => cookie::SameSite::None,
            });
        }
        if let Some(domain) = &attributes.domain {
            cookie = cookie.domain(domain);
        }
        // `name=; Attribute; ..`, with an empty value.
        let rendered = cookie.build().to_string();
        let attributes = rendered[name.len() + 1..].to_owned();
        // A browser deletes only a cookie with the attributes that it was set with (RFC 6265bis, section 5.7).
        let removal = format!("{rendered}; Max-Age=0{EXPIRES}{EPOCH}");
        let Ok(mut removal) = HeaderValue::try_from(removal) else {
            return Err(ConfigError::Cookie {
                setting: "SESSION_COOKIE_*",
                problem: "it is no header".to_owned(),
            });
        };
        removal.set_sensitive(true);
        Ok(Self {
            name,
            attributes,
            removal,
        })
    }
}
