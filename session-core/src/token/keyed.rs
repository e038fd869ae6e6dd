//! What is derived from a ring of keys, for one configuration; replaced whole when the ring is.

use crate::cookie::header::Dialect;
use crate::keys::ring::KeyRing;
use crate::keys::secret::{Purpose, wipe_stack};
use crate::token::aead::Cipher;
use crate::token::format::{Wire, Wires};
use crate::token::mac::{Digest, MacKey, Signer};
use crate::token::{flask, signed};

/// For what keys are derived: the part of a configuration that the ring meets.
#[derive(Debug, Clone)]
pub(crate) struct Format {
    /// Flask's digest and salt; `None` in our own formats.
    pub(crate) flask: Option<(Digest, Vec<u8>)>,
    /// Whether the cookie holds an id.
    pub(crate) stored: bool,
    /// Texts are encrypted, filled up to a multiple of so many bytes.
    pub(crate) encrypted: Option<usize>,
    /// Until when the other one of signed and encrypted is read as well.
    pub(crate) other_until: Option<u64>,
    pub(crate) name: String,
    /// What the cookie was called before.
    pub(crate) old_name: Option<String>,
    pub(crate) context: String,
}

/// Keyed states, computed once.
pub(crate) struct Keys {
    /// Of the cookie.
    pub(crate) cookie: Wires,
    /// Of the cookie under its old name.
    pub(crate) old: Option<Wires>,
    /// Of what lies in the store.
    pub(crate) records: Records,
    pub(crate) log: MacKey,
}

/// Of the cookie's two names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    Old,
    New,
}

impl Keys {
    pub(crate) fn of(&self, name: Name) -> &Wires {
        match (name, &self.old) {
            (Name::Old, Some(old)) => old,
            _ => &self.cookie,
        }
    }
}

/// How records are kept.
pub(crate) struct Records {
    /// `None`: as they are.
    pub(crate) encrypted: Option<Cipher>,
    /// How they may be besides, until a time.
    pub(crate) also: Option<(Option<Cipher>, u64)>,
}

impl Format {
    pub(crate) fn is_flask(&self) -> bool {
        self.flask.is_some()
    }

    /// How Cookie headers are read.
    pub(crate) fn dialect(&self) -> Dialect {
        if self.is_flask() {
            Dialect::Werkzeug
        } else {
            Dialect::Browser
        }
    }

    /// Whether encrypted sessions are accepted but not written yet: encryption is about to begin, or was taken back.
    pub(crate) fn is_encrypted_next(&self, now: u64) -> bool {
        self.encrypted.is_none() && self.other_until.is_some_and(|end| now < end)
    }

    pub(crate) fn keys(&self, ring: &KeyRing) -> Keys {
        let key = ring
            .primary
            .derive(Purpose::LogDigest, &self.name, &self.context);
        let log = MacKey::new(Digest::Sha256, &key[..]);
        wipe_stack();
        Keys {
            cookie: self.wires(ring, &self.name),
            old: self.old_name.as_ref().map(|name| self.wires(ring, name)),
            records: self.records(ring),
            log,
        }
    }

    fn wires(&self, ring: &KeyRing, name: &str) -> Wires {
        if let Some((digest, salt)) = &self.flask {
            return Wires {
                written: Wire::Flask(flask::signer(ring, *digest, salt)),
                also: None,
            };
        }
        if self.stored {
            return Wires {
                written: Wire::Signed(self.signer(ring, Purpose::SignedId, name)),
                also: None,
            };
        }
        let signed = || Wire::Signed(self.signer(ring, Purpose::SignedPayload, name));
        let encrypted = |block| {
            Wire::Encrypted(Box::new(self.cipher(
                ring,
                Purpose::EncryptedPayload,
                name,
                block,
            )))
        };
        match self.encrypted {
            Some(block) => Wires {
                written: encrypted(block),
                also: self.other_until.map(|end| (signed(), end)),
            },
            None => Wires {
                written: signed(),
                also: self.other_until.map(|end| (encrypted(1), end)),
            },
        }
    }

    fn records(&self, ring: &KeyRing) -> Records {
        // Without the cookie's name: the record stays where it is when the cookie is renamed.
        let cipher = |block| self.cipher(ring, Purpose::RecordAtRest, "", block);
        match (self.stored, self.encrypted) {
            (false, _) => Records {
                encrypted: None,
                also: None,
            },
            (true, Some(block)) => Records {
                encrypted: Some(cipher(block)),
                also: self.other_until.map(|end| (None, end)),
            },
            (true, None) => Records {
                encrypted: None,
                also: self.other_until.map(|end| (Some(cipher(1)), end)),
            },
        }
    }

    fn signer(&self, ring: &KeyRing, purpose: Purpose, name: &str) -> Signer {
        signed::signer(ring, purpose, name, &self.context)
    }

    fn cipher(&self, ring: &KeyRing, purpose: Purpose, name: &str, block: usize) -> Cipher {
        Cipher::new(ring, block, |key| key.derive(purpose, name, &self.context))
    }
}
