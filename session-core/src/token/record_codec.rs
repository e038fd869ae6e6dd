//! The encodings of records at rest, plain or encrypted, with their keys.

use crate::keys::ring::KeyRing;
use crate::keys::secret::Purpose;
use crate::token::aead::Cipher;
use crate::token::encrypted;
use crate::token::key_context::KeyContext;

/// How the bodies of records are encoded.
#[derive(Default)]
pub(crate) struct RecordCodec {
    /// `None`: a body is written as it is.
    pub(crate) encrypted: Option<Cipher>,
    /// The other encoding (`None`: plain), and the second until which it is read as well.
    pub(crate) also: Option<(Option<Cipher>, u64)>,
}

impl RecordCodec {
    pub(crate) fn new(context: &KeyContext, ring: &KeyRing) -> Self {
        let mut codec = Self::default();
        if !context.stored {
            return codec;
        }
        if let Some(block) = context.encrypted {
            codec.encrypted = Some(cipher(context, ring, block));
        }
        if let Some(end) = context.other_until {
            let other = match context.encrypted {
                Some(_) => None,
                None => Some(cipher(context, ring, 1)),
            };
            codec.also = Some((other, end));
        }
        codec
    }
}

fn cipher(context: &KeyContext, ring: &KeyRing, block: usize) -> Cipher {
    // Without the cookie's name: a record stays where it is when the cookie is renamed.
    encrypted::cipher(ring, Purpose::RecordAtRest, "", &context.context, block)
}
