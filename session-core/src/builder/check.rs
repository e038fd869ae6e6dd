//! Settings that a format does not support. They are errors and not ignored: a lifetime, for example, that the format cannot
//! enforce must not look as if it were enforced.

use crate::builder::Builder;
use crate::error::config::ConfigError;

/// A setting that a format does not support.
struct Unsupported {
    /// The builder's method.
    setting: &'static str,
    is_set: bool,
    /// The reason and the remedy: the end of the error's sentence.
    why: &'static str,
}

fn unsupported(setting: &'static str, is_set: bool, why: &'static str) -> Unsupported {
    Unsupported {
        setting,
        is_set,
        why,
    }
}

impl Builder {
    /// Finds the first setting that the format does not support.
    pub(super) fn check_format(&self) -> Result<(), ConfigError> {
        let (format, mut settings) = if self.flask {
            ("Flask's format", self.unsupported_by_flask())
        } else {
            ("our own format", self.unsupported_by_ours())
        };
        settings.extend(self.needless());
        match settings.iter().find(|setting| setting.is_set) {
            Some(Unsupported { setting, why, .. }) => Err(ConfigError::Format {
                setting,
                format,
                why,
            }),
            None => Ok(()),
        }
    }

    fn unsupported_by_flask(&self) -> Vec<Unsupported> {
        // The timestamp of itsdangerous is the only time in Flask's cookie, and each write replaces it.
        const NO_CREATION: &str = "its cookie holds only the time of its last write, not that of its creation; leave it out, or use our own format";
        const ONE_LIFETIME: &str =
            "it has one lifetime for all sessions, PERMANENT_SESSION_LIFETIME: use idle_lifetime";
        const NO_EPOCH: &str =
            "its cookie has no field for an epoch; leave it out, or use our own format";
        const SIGNED_ONLY: &str =
            "Flask reads and writes signed cookies only; leave it out, or use our own format";
        let lifetime = &self.lifetime;
        let encryption = &self.encryption;
        vec![
            unsupported(
                "absolute_lifetime",
                lifetime.absolute < u64::MAX,
                NO_CREATION,
            ),
            unsupported(
                "permanent_lifetime",
                lifetime.permanent_idle.is_some(),
                ONE_LIFETIME,
            ),
            unsupported(
                "anonymous_lifetime",
                lifetime.anonymous_idle.is_some(),
                ONE_LIFETIME,
            ),
            unsupported(
                "not_created_before",
                lifetime.not_before.is_some(),
                NO_CREATION,
            ),
            unsupported("epoch", lifetime.epoch > 0, NO_EPOCH),
            // A cookie under the old name is accepted only if it was created before the renaming.
            unsupported("renamed_from", self.renamed_from.is_some(), NO_CREATION),
            unsupported("encrypted", encryption.block.is_some(), SIGNED_ONLY),
            unsupported(
                "accept_encrypted_until",
                encryption.encrypted_until.is_some(),
                SIGNED_ONLY,
            ),
            unsupported(
                "permanent",
                lifetime.permanent,
                "each session holds it under its key _permanent: call set_permanent on the session",
            ),
            unsupported(
                "context",
                self.context.is_some(),
                "its salt separates applications that share a secret: use salt",
            ),
        ]
    }

    fn unsupported_by_ours(&self) -> Vec<Unsupported> {
        vec![
            unsupported(
                "digest",
                self.digest.is_some(),
                "it always signs with HMAC-SHA256; leave it out",
            ),
            unsupported(
                "salt",
                self.salt.is_some(),
                "its context separates applications that share a secret: use context",
            ),
        ]
    }

    /// Acceptance of the format that is written, which needs no end: probably the two were mixed up, and the cookies that
    /// were meant would be rejected.
    fn needless(&self) -> [Unsupported; 2] {
        let encryption = &self.encryption;
        let is_encrypted = encryption.block.is_some();
        [
            unsupported(
                "accept_signed_until",
                encryption.signed_until.is_some() && !is_encrypted,
                "without encrypted() signed sessions are always accepted; leave it out, or add encrypted()",
            ),
            unsupported(
                "accept_encrypted_until",
                encryption.encrypted_until.is_some() && is_encrypted,
                "with encrypted() encrypted sessions are always accepted; leave it out",
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::cookie::rename::PreviousCookie;
    use crate::keys::ring::KeyRing;
    use crate::token::mac::Digest;

    type Configure = fn(Builder) -> Builder;

    fn error(builder: Builder) -> String {
        builder.check_format().unwrap_err().to_string()
    }

    /// Each row of the tables: the error names the setting and the format.
    #[test]
    fn each_unsupported_setting_is_named() {
        const SECOND: Duration = Duration::from_secs(1);
        let flask: [(&str, Configure); 7] = [
            ("absolute_lifetime", |builder| {
                builder.absolute_lifetime(SECOND)
            }),
            ("permanent_lifetime", |builder| {
                builder.permanent_lifetime(SECOND)
            }),
            ("anonymous_lifetime", |builder| {
                builder.anonymous_lifetime(SECOND)
            }),
            ("not_created_before", |builder| {
                builder.not_created_before(SystemTime::UNIX_EPOCH)
            }),
            ("epoch", |builder| builder.epoch(1)),
            ("renamed_from", |builder| {
                builder.renamed_from(PreviousCookie::new("old", SystemTime::UNIX_EPOCH))
            }),
            ("permanent", |builder| builder.permanent(true)),
        ];
        for (setting, configure) in flask {
            let message = error(configure(Builder::flask(KeyRing::flask("dev"))));
            assert!(
                message.starts_with(&format!("{setting} does not work in Flask's format: ")),
                "{message}"
            );
        }
        let ours: [(&str, Configure); 2] = [
            ("digest", |builder| builder.digest(Digest::Sha1)),
            ("salt", |builder| builder.salt("salt")),
        ];
        for (setting, configure) in ours {
            let message = error(configure(Builder::new(KeyRing::flask("dev"))));
            assert!(
                message.starts_with(&format!("{setting} does not work in our own format: ")),
                "{message}"
            );
        }
    }
}
