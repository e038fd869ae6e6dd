//! Derives the keys of a configuration, at its start and when its ring is replaced: which purpose each format has a key for.

use crate::keys::ring::KeyRing;
use crate::keys::secret::{Purpose, wipe_stack};
use crate::token::format::{Format, Formats};
use crate::token::key_context::KeyContext;
use crate::token::keyed::Keys;
use crate::token::mac::{Digest, MacKey};
use crate::token::record_codec::RecordCodec;
use crate::token::{encrypted, flask, signed};

impl Keys {
    pub(crate) fn new(context: &KeyContext, ring: &KeyRing) -> Self {
        let digest_key = ring
            .primary
            .derive(Purpose::LogDigest, &context.name, &context.context);
        let log = MacKey::new(Digest::Sha256, &digest_key[..]);
        wipe_stack();
        // The name is a part of the derivation: a cookie under one name is never valid under the other.
        let previous = context.previous_name.as_deref();
        Self {
            cookie: formats(context, ring, &context.name),
            previous: previous.map(|name| formats(context, ring, name)),
            records: RecordCodec::new(context, ring),
            log,
        }
    }
}

/// Derives the keys of a cookie's formats under one of its names.
fn formats(context: &KeyContext, ring: &KeyRing, name: &str) -> Formats {
    if let Some((digest, salt)) = &context.flask {
        return only(Format::Flask(flask::signer(ring, *digest, salt)));
    }
    if context.stored {
        return only(signed_as(context, ring, Purpose::SignedId, name));
    }
    let signed = signed_as(context, ring, Purpose::SignedPayload, name);
    let (current, other) = match (context.encrypted, context.other_until) {
        (None, None) => return only(signed),
        (Some(block), _) => (encrypted_as(context, ring, name, block), signed),
        (None, Some(_)) => (signed, encrypted_as(context, ring, name, 1)),
    };
    Formats {
        current,
        also_accepted: context.other_until.map(|end| (other, end)),
    }
}

fn only(current: Format) -> Formats {
    Formats {
        current,
        also_accepted: None,
    }
}

fn signed_as(context: &KeyContext, ring: &KeyRing, purpose: Purpose, name: &str) -> Format {
    Format::Signed(signed::signer(ring, purpose, name, &context.context))
}

fn encrypted_as(context: &KeyContext, ring: &KeyRing, name: &str, block: usize) -> Format {
    let purpose = Purpose::EncryptedPayload;
    Format::Encrypted(encrypted::cipher(ring, purpose, name, &context.context, block).into())
}
