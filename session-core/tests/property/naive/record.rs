//! Encrypted records.

use std::sync::LazyLock;

use aes_gcm_siv::aead::{Aead, KeyInit as _, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use sha2::{Digest as _, Sha256};

use super::super::NOW;
use super::derived;

static RECORD: LazyLock<Aes256GcmSiv> =
    LazyLock::new(|| Aes256GcmSiv::new_from_slice(&derived(4)).unwrap());

/// Decrypts a record: 02, key id 4, nonce 12, AES-256-GCM-SIV(expires, body). Its associated data
/// are the record's key, its creation time, and two zero bytes and a zero length each for user and
/// label, which it does not have.
pub fn open_record(stored: &[u8], key: &[u8; 32], created: u64) -> Option<Vec<u8>> {
    let (nonce, msg) = stored
        .strip_prefix(&record_head()[..])?
        .split_first_chunk::<12>()?;
    let aad = &[&key[..], &created.to_be_bytes(), &[0; 18]].concat();
    let text = RECORD
        .decrypt(&Nonce::from(*nonce), Payload { msg, aad })
        .ok()?;
    let (expires, body) = text.split_first_chunk()?;
    (u64::from_be_bytes(*expires) > NOW).then(|| body.to_vec())
}

/// Encrypts `text`: the time at which it expires, and the body.
pub fn encrypt_record(nonce: [u8; 12], text: &[u8], key: &[u8; 32], created: u64) -> Vec<u8> {
    let aad = &[&key[..], &created.to_be_bytes(), &[0; 18]].concat();
    let encrypted = RECORD
        .encrypt(&Nonce::from(nonce), Payload { msg: text, aad })
        .unwrap();
    [&record_head()[..], &nonce, &encrypted].concat()
}

/// The id of a key is the first bytes of its SHA-256.
fn record_head() -> [u8; 5] {
    let id = Sha256::digest(derived(4));
    [2, id[0], id[1], id[2], id[3]]
}
