//! Nonces for encryption, drawn from the application's random source in batches. A nonce that is used twice, as after a fork or a
//! snapshot, shows only whether two texts are equal (AES-GCM-SIV).

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::env::{EntropyError, EntropySource};
use crate::token::aead::NONCE;

/// Nonces of a batch.
const BATCH: usize = 32;

#[derive(Default)]
pub(crate) struct Nonces(Mutex<Vec<[u8; NONCE]>>);

impl Nonces {
    pub(crate) fn draw(&self, random: &dyn EntropySource) -> Result<[u8; NONCE], EntropyError> {
        if let Some(nonce) = self.ready().pop() {
            return Ok(nonce);
        }
        let mut bytes = [0; BATCH * NONCE];
        // Application code: it runs while nothing is locked. Two threads may draw a batch each.
        random.fill(&mut bytes)?;
        let (nonces, _) = bytes.as_chunks();
        let (first, others) = nonces.split_first().ok_or(EntropyError)?;
        self.ready().extend_from_slice(others);
        Ok(*first)
    }

    fn ready(&self) -> MutexGuard<'_, Vec<[u8; NONCE]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
