//! Stands for `aead` without the feature `encryption`. The builder then offers no encryption, so no `Cipher` is ever made.

use zeroize::Zeroizing;

use crate::keys::ring::KeyRing;
use crate::keys::secret::Secret;
use crate::token::mac::Freshness;

pub(crate) const NONCE: usize = 12;
pub(crate) const OVERHEAD: usize = NONCE + 16;

const NEVER: &str = "nothing is encrypted without the feature `encryption`";

#[derive(Clone)]
pub(crate) struct Cipher;

impl Cipher {
    pub(crate) fn new(_: &KeyRing, _: usize, _: impl Fn(&Secret) -> Zeroizing<[u8; 32]>) -> Self {
        unreachable!("{NEVER}")
    }

    pub(crate) fn encrypt(&self, _: &mut Vec<u8>, _: [u8; NONCE], _: &[u8], _: &[&[u8]]) {
        unreachable!("{NEVER}")
    }

    pub(crate) fn open<'a>(
        &self,
        _: &'a mut [u8],
        _: &[u8],
        _: u64,
    ) -> Option<(&'a [u8], Freshness)> {
        unreachable!("{NEVER}")
    }

    pub(crate) fn open_by<'a>(
        &self,
        _: [u8; 4],
        _: &'a mut [u8],
        _: &[u8],
        _: u64,
    ) -> Option<(&'a [u8], Freshness)> {
        unreachable!("{NEVER}")
    }

    pub(crate) fn id(&self) -> [u8; 4] {
        unreachable!("{NEVER}")
    }
}
