//! Encryption: AES-256-GCM-SIV (RFC 8452), for encrypted cookies and for records at rest.
//!
//! ```text
//! encrypted = nonce 12, ciphertext, tag 16
//! ```
//!
//! If a nonce is used twice, an observer sees whether the two texts are equal, and nothing else (RFC 8452, section 9). With random nonces one
//! key may encrypt 2^48 texts.

use aes_gcm_siv::aead::AeadInOut;
use aes_gcm_siv::{Aes256GcmSiv, KeyInit, Nonce, Tag};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::keys::ring::{DerivedKeys, KeyRing};
use crate::keys::secret::Secret;
use crate::token::mac::Freshness;

pub(crate) const NONCE: usize = 12;
const TAG: usize = 16;
/// The bytes that encryption adds.
pub(crate) const OVERHEAD: usize = NONCE + TAG;

/// The keys that encrypt and decrypt for one purpose.
#[derive(Clone)]
pub(crate) struct Cipher {
    keys: DerivedKeys<Key>,
    /// Texts are padded to a multiple of this number of bytes, so that their lengths tell less.
    block: usize,
}

#[derive(Clone)]
struct Key {
    id: [u8; 4],
    /// In a box, so that a move copies a pointer and leaves no round keys on the stack.
    cipher: Box<Aes256GcmSiv>,
}

impl Key {
    // Not inlined, so that its values are below the caller's frame, where `wipe_stack` overwrites them.
    #[inline(never)]
    fn new(key: &[u8; 32]) -> Self {
        let mut id = [0; 4];
        id.copy_from_slice(&Sha256::digest(key)[..4]);
        Self {
            id,
            cipher: Box::new(Aes256GcmSiv::new(key.into())),
        }
    }

    /// Decrypts in place, between nonce and tag. After `None` the bytes are undefined.
    fn open(&self, encrypted: &mut [u8], associated: &[u8]) -> Option<()> {
        let (nonce, rest) = encrypted.split_first_chunk_mut::<NONCE>()?;
        let (text, tag) = rest.split_last_chunk_mut::<TAG>()?;
        let (nonce, tag) = (Nonce::from(*nonce), Tag::from(*tag));
        let text = text.into();
        let opened = self
            .cipher
            .decrypt_inout_detached(&nonce, associated, text, &tag);
        opened.ok()
    }
}

impl Cipher {
    /// Derives a key from each secret of a ring.
    pub(crate) fn new(
        ring: &KeyRing,
        block: usize,
        derive: impl Fn(&Secret) -> Zeroizing<[u8; 32]>,
    ) -> Self {
        let keys = DerivedKeys::new(ring, |secret| Key::new(&derive(secret)));
        Self { keys, block }
    }

    /// Appends nonce, ciphertext and tag of a text in parts. The text must end with JSON, since it is padded with spaces.
    pub(crate) fn encrypt(
        &self,
        out: &mut Vec<u8>,
        nonce: [u8; NONCE],
        associated: &[u8],
        parts: &[&[u8]],
    ) {
        let mut length = 0;
        for part in parts {
            length += part.len();
        }
        let length = length.next_multiple_of(self.block);
        out.reserve(length + OVERHEAD);
        out.extend_from_slice(&nonce);
        let start = out.len();
        for part in parts {
            out.extend_from_slice(part);
        }
        out.resize(start + length, b' ');
        let text = (&mut out[start..]).into();
        let cipher = &self.keys.primary.cipher;
        match cipher.encrypt_inout_detached(&nonce.into(), associated, text) {
            Ok(tag) => out.extend_from_slice(&tag),
            Err(_) => unreachable!("AES-GCM-SIV encrypts up to 64 GiB"),
        }
    }

    /// Decrypts in place, and returns the text without its padding. After `None` the bytes are undefined.
    pub(crate) fn open<'a>(
        &self,
        encrypted: &'a mut [u8],
        associated: &[u8],
        now: u64,
    ) -> Option<(&'a [u8], Freshness)> {
        self.open_with(None, encrypted, associated, now)
    }

    /// Decrypts in place a text that names the key which encrypted it. Other keys are not tried.
    pub(crate) fn open_by<'a>(
        &self,
        id: [u8; 4],
        encrypted: &'a mut [u8],
        associated: &[u8],
        now: u64,
    ) -> Option<(&'a [u8], Freshness)> {
        self.open_with(Some(id), encrypted, associated, now)
    }

    /// Returns the id of the primary key.
    pub(crate) fn id(&self) -> [u8; 4] {
        self.keys.primary.id
    }

    fn open_with<'a>(
        &self,
        id: Option<[u8; 4]>,
        encrypted: &'a mut [u8],
        associated: &[u8],
        now: u64,
    ) -> Option<(&'a [u8], Freshness)> {
        let others = self.keys.others(now).map(|key| (key, Freshness::Outdated));
        let all = std::iter::once((&self.keys.primary, Freshness::Current)).chain(others);
        // Two keys may have the same id.
        let mut keys = all
            .filter(|(key, _)| id.is_none_or(|id| id == key.id))
            .peekable();
        let freshness = loop {
            let (key, freshness) = keys.next()?;
            // An attempt overwrites the bytes, so the next key needs a copy.
            let copy = keys.peek().map(|_| encrypted.to_vec());
            if key.open(encrypted, associated).is_some() {
                break freshness;
            }
            encrypted.copy_from_slice(&copy?);
        };
        let mut text = encrypted.get(NONCE..encrypted.len() - TAG)?;
        while let [rest @ .., b' '] = text {
            text = rest;
        }
        Some((text, freshness))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8452, appendix C.2 and C.3, and Wycheproof's.
    #[test]
    fn s8_published_vectors() {
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
                .collect()
        };
        let mut rfc = 0;
        for line in include_str!("../../tests/data/rfc8452-aes256.txt").lines() {
            let fields: Vec<&str> = line.split(' ').collect();
            let [key, nonce, associated, text, result] = fields[..] else {
                assert!(line.is_empty() || line.starts_with('#'), "{line}");
                continue;
            };
            let [key, nonce, associated, text, result] = [key, nonce, associated, text, result]
                .map(|field| hex(field.trim_start_matches('-')));
            check(&key, &nonce, &associated, &text, &result, true);
            rfc += 1;
        }
        assert_eq!(rfc, 26);

        let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::AesGcmSiv).unwrap();
        let mut tried = 0;
        for group in set.test_groups.iter().filter(|group| group.key_size == 256) {
            for test in &group.tests {
                let encrypted = [&test.ct[..], &test.tag[..]].concat();
                check(
                    &test.key,
                    &test.nonce,
                    &test.aad,
                    &test.pt,
                    &encrypted,
                    !test.result.must_fail(),
                );
                tried += 1;
            }
        }
        assert!(tried > 100, "{tried}");
    }

    fn check(
        key: &[u8],
        nonce: &[u8],
        associated: &[u8],
        text: &[u8],
        encrypted: &[u8],
        valid: bool,
    ) {
        let key = Key::new(key.try_into().unwrap());
        let Ok(nonce) = <[u8; NONCE]>::try_from(nonce) else {
            assert!(!valid); // GCM-SIV has nonces of one length
            return;
        };
        let whole = [&nonce, encrypted].concat();
        let mut opened = whole.clone();
        assert_eq!(key.open(&mut opened, associated).is_some(), valid);
        assert!(!valid || opened[NONCE..opened.len() - TAG] == *text);
        if valid {
            let mut out = Vec::new();
            let ring = KeyRing::flask("any");
            let keys = DerivedKeys::new(&ring, |_| key.clone());
            let cipher = Cipher { keys, block: 1 };
            cipher.encrypt(&mut out, nonce, associated, &[text]);
            assert_eq!(out, whole);
        }
    }

    #[test]
    fn keys_ends_and_ids() {
        let derive = |secret: &Secret| Zeroizing::new(Sha256::digest(&secret.bytes[..]).into());
        let old = Cipher::new(&KeyRing::flask("old"), 1, derive);
        let ring = KeyRing::flask("new")
            .fallback("older")
            .and(Secret::new("old"), Some(100));
        let new = Cipher::new(&ring, 64, derive);
        let (mut by_old, mut by_new) = (Vec::new(), Vec::new());
        old.encrypt(&mut by_old, [7; NONCE], b"a", &[b"{", b"}"]);
        new.encrypt(&mut by_new, [7; NONCE], b"a", &[b"{}"]);
        assert_eq!(by_new.len(), OVERHEAD + 64);
        let by = |opened: Option<(&[u8], Freshness)>| {
            opened.map(|(text, by)| {
                assert_eq!(text, b"{}");
                by
            })
        };
        assert_eq!(
            by(new.open(&mut by_new.clone(), b"a", 100)),
            Some(Freshness::Current)
        );
        assert_eq!(by(new.open(&mut by_new.clone(), b"b", 100)), None);
        assert_eq!(
            by(new.open(&mut by_old.clone(), b"a", 99)),
            Some(Freshness::Outdated)
        );
        assert_eq!(by(new.open(&mut by_old.clone(), b"a", 100)), None);
        assert_eq!(
            by(new.open_by(old.id(), &mut by_old.clone(), b"a", 99)),
            Some(Freshness::Outdated)
        );
        assert_eq!(
            by(new.open_by(new.id(), &mut by_old.clone(), b"a", 99)),
            None
        );
        assert_eq!(by(old.open(&mut by_new.clone(), b"a", 0)), None);
        for end in 0..by_new.len() {
            assert_eq!(by(new.open(&mut by_new[..end].to_vec(), b"a", 0)), None);
        }
    }
}
