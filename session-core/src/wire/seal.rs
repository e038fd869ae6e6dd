//! Sealing: AES-256-GCM-SIV (RFC 8452), for our sealed cookies and for records at rest.
//!
//! A nonce that comes twice shows that two texts are equal, and nothing else (RFC 8452, section 9). Under one key 2^48
//! texts may be sealed with random nonces.

use aes_gcm_siv::aead::AeadInOut;
use aes_gcm_siv::{Aes256GcmSiv, KeyInit, Tag};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::sign::SignedBy;
use crate::key::Secret;
use crate::ring::KeyRing;

pub(crate) const NONCE: usize = 12;
const TAG: usize = 16;
/// What sealing adds.
pub(crate) const OVERHEAD: usize = NONCE + TAG;

/// The keys of one purpose: the primary seals, all open, the others until their ends.
#[derive(Clone)]
pub(crate) struct Sealer {
    primary: Key,
    verify_only: Vec<(Key, Option<u64>)>,
    /// Texts are filled up to a multiple of so many bytes, so that their lengths tell less.
    block: usize,
}

#[derive(Clone)]
struct Key {
    id: [u8; 4],
    cipher: Aes256GcmSiv,
}

impl Key {
    fn new(key: &[u8; 32]) -> Self {
        let mut id = [0; 4];
        id.copy_from_slice(&Sha256::digest(key)[..4]);
        Self { id, cipher: Aes256GcmSiv::new(key.into()) }
    }

    fn open(&self, sealed: &[u8], associated: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE>()?;
        let (text, tag) = rest.split_last_chunk::<TAG>()?;
        let (mut text, tag) = (text.to_vec(), Tag::from(*tag));
        self.cipher.decrypt_inout_detached(nonce.into(), associated, (&mut text[..]).into(), &tag).ok()?;
        Some(text)
    }
}

impl Sealer {
    /// The keys of a ring, as `derive` makes them of its secrets.
    pub(crate) fn new(ring: &KeyRing, block: usize, derive: impl Fn(&Secret) -> Zeroizing<[u8; 32]>) -> Self {
        let key = |secret: &Secret| Key::new(&derive(secret));
        let verify_only = ring.verify_only.iter().map(|other| (key(&other.secret), other.until)).collect();
        Self { primary: key(&ring.primary), verify_only, block }
    }

    /// Appends nonce, ciphertext and tag of a text, which ends with JSON: spaces at its end mean nothing.
    pub(crate) fn seal(&self, out: &mut Vec<u8>, nonce: [u8; NONCE], associated: &[u8], text: &[u8]) {
        out.extend_from_slice(&nonce);
        let start = out.len();
        out.extend_from_slice(text);
        out.resize(start + text.len().next_multiple_of(self.block), b' ');
        let sealed =
            self.primary.cipher.encrypt_inout_detached(&nonce.into(), associated, (&mut out[start..]).into());
        match sealed {
            Ok(tag) => out.extend_from_slice(&tag),
            Err(_) => unreachable!("AES-GCM-SIV seals up to 64 GiB"),
        }
    }

    /// The text, without what filled it up, and which key sealed it.
    pub(crate) fn open(&self, sealed: &[u8], associated: &[u8], now: u64) -> Option<(Vec<u8>, SignedBy)> {
        self.open_if(sealed, associated, now, |_| true)
    }

    /// The same of what was sealed with a certain key: none is tried in vain, but where two have one id.
    pub(crate) fn open_by(
        &self,
        id: [u8; 4],
        sealed: &[u8],
        associated: &[u8],
        now: u64,
    ) -> Option<(Vec<u8>, SignedBy)> {
        self.open_if(sealed, associated, now, |key| key.id == id)
    }

    /// The primary key's id.
    pub(crate) fn id(&self) -> [u8; 4] {
        self.primary.id
    }

    fn open_if(
        &self,
        sealed: &[u8],
        associated: &[u8],
        now: u64,
        fits: impl Fn(&Key) -> bool,
    ) -> Option<(Vec<u8>, SignedBy)> {
        let others = self.verify_only.iter().filter(|(_, until)| until.is_none_or(|until| now < until));
        let keys = std::iter::once((&self.primary, SignedBy::Primary))
            .chain(others.map(|(key, _)| (key, SignedBy::Other)));
        let (mut text, by) = keys
            .filter(|(key, _)| fits(key))
            .find_map(|(key, by)| key.open(sealed, associated).map(|text| (text, by)))?;
        text.truncate(text.trim_ascii_end().len());
        Some((text, by))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8452, appendix C.2 and C.3, and Wycheproof's.
    #[test]
    fn s8_published_vectors() {
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
        };
        let mut rfc = 0;
        for line in include_str!("../../tests/data/rfc8452-aes256.txt").lines() {
            let fields: Vec<&str> = line.split(' ').collect();
            let [key, nonce, associated, text, result] = fields[..] else {
                assert!(line.is_empty() || line.starts_with('#'), "{line}");
                continue;
            };
            let [key, nonce, associated, text, result] =
                [key, nonce, associated, text, result].map(|field| hex(field.trim_start_matches('-')));
            check(&key, &nonce, &associated, &text, &result, true);
            rfc += 1;
        }
        assert_eq!(rfc, 26);

        let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::AesGcmSiv).unwrap();
        let mut tried = 0;
        for group in set.test_groups.iter().filter(|group| group.key_size == 256) {
            for test in &group.tests {
                let sealed = [&test.ct[..], &test.tag[..]].concat();
                check(&test.key, &test.nonce, &test.aad, &test.pt, &sealed, !test.result.must_fail());
                tried += 1;
            }
        }
        assert!(tried > 100, "{tried}");
    }

    fn check(key: &[u8], nonce: &[u8], associated: &[u8], text: &[u8], sealed: &[u8], valid: bool) {
        let key = Key::new(key.try_into().unwrap());
        let Ok(nonce) = <[u8; NONCE]>::try_from(nonce) else {
            assert!(!valid); // GCM-SIV has nonces of one length
            return;
        };
        let whole = [&nonce, sealed].concat();
        assert_eq!(key.open(&whole, associated), valid.then(|| text.to_vec()));
        if valid {
            let mut out = Vec::new();
            let sealer = Sealer { primary: key, verify_only: Vec::new(), block: 1 };
            sealer.seal(&mut out, nonce, associated, text);
            assert_eq!(out, whole);
        }
    }

    #[test]
    fn keys_ends_and_ids() {
        let derive = |secret: &Secret| Zeroizing::new(Sha256::digest(&secret.bytes[..]).into());
        let old = Sealer::new(&KeyRing::flask("old"), 1, derive);
        let ring = KeyRing::flask("new").fallback("older").and(Secret::new("old"), Some(100));
        let new = Sealer::new(&ring, 64, derive);
        let (mut by_old, mut by_new) = (Vec::new(), Vec::new());
        old.seal(&mut by_old, [7; NONCE], b"a", b"{}");
        new.seal(&mut by_new, [7; NONCE], b"a", b"{}");
        assert_eq!(by_new.len(), OVERHEAD + 64);
        let text = |by| Some((b"{}".to_vec(), by));
        assert_eq!(new.open(&by_new, b"a", 100), text(SignedBy::Primary));
        assert_eq!(new.open(&by_new, b"b", 100), None);
        assert_eq!(new.open(&by_old, b"a", 99), text(SignedBy::Other));
        assert_eq!(new.open(&by_old, b"a", 100), None);
        assert_eq!(new.open_by(old.id(), &by_old, b"a", 99), text(SignedBy::Other));
        assert_eq!(new.open_by(new.id(), &by_old, b"a", 99), None);
        assert_eq!(old.open(&by_new, b"a", 0), None);
        for end in 0..by_new.len() {
            assert_eq!(new.open(&by_new[..end], b"a", 0), None);
        }
    }
}
