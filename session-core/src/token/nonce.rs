//! Nonces for encryption, from the application's random source, many at a time: asking the operating system for each would cost
//! more than encryption does. One that comes twice, as after a fork or a snapshot, does no harm.

use std::sync::{Mutex, PoisonError};

use crate::env::{EntropyError, EntropySource};
use crate::token::aead::NONCE;

const AT_ONCE: usize = 32;

#[derive(Default)]
pub(crate) struct Nonces(Mutex<Vec<[u8; NONCE]>>);

impl Nonces {
    pub(crate) fn draw(&self, random: &dyn EntropySource) -> Result<[u8; NONCE], EntropyError> {
        let ready = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(nonce) = ready().pop() {
            return Ok(nonce);
        }
        let mut bytes = [0; AT_ONCE * NONCE];
        random.fill(&mut bytes)?; // an application's source: not while anything is locked
        let (nonces, _) = bytes.as_chunks();
        let (first, others) = nonces.split_first().ok_or(EntropyError)?;
        ready().extend_from_slice(others);
        Ok(*first)
    }
}
