//! Sessions whose clock and random source the walker owns.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::env::{EntropyError, EntropySource};
use crate::keys::secret_key::SecretKey;
use crate::record::id::VerifierHash;
use crate::record::policy::GonePolicy;
use crate::record_key::RecordKey;
use crate::sessions::Sessions;
use crate::stored::model_check::plan::{Config, IDLE, RENEWAL};
use crate::stored_sessions::StoredSessions;
use crate::testing::ManualClock;

/// When all schedules begin.
pub(super) const START: u64 = 1_700_000_000;

const KEYS: [&str; 2] = [
    "u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c",
    "Qm2Zs8Lw0cVt6Rk1Yp9Xb4Hd7Nf3Jg5TaEuCiOoIlDs",
];

pub(super) struct Server {
    sessions: [StoredSessions; 2],
    pub(super) time: ManualClock,
    pub(super) draws: Draws,
}

impl Server {
    pub(super) fn new(config: Config) -> Self {
        let (time, draws) = (ManualClock::at(START), Draws::default());
        let [old, new] = KEYS.map(|key| SecretKey::new(key).unwrap());
        let build = |key: &SecretKey, verify_only: Option<&SecretKey>| {
            let mut builder = Sessions::builder(key.clone())
                .clock(time.clone())
                .random(draws.clone())
                .idle_lifetime(Duration::from_secs(IDLE))
                .on_reuse(config.reuse)
                .on_gone(if config.conflict {
                    GonePolicy::Conflict
                } else {
                    GonePolicy::Forget
                });
            if config.renew {
                builder = builder.cycle_id_every(Duration::from_secs(RENEWAL));
            }
            if config.cap {
                builder = builder.max_sessions_per_user(1);
            }
            if let Some(absolute) = config.absolute {
                builder = builder.absolute_lifetime(Duration::from_secs(absolute));
            }
            verify_only
                .into_iter()
                .fold(builder, |b, key| b.verify_only(key.clone()))
                .build_stored()
                .unwrap()
        };
        Self {
            sessions: [build(&old, None), build(&new, Some(&old))],
            time,
            draws,
        }
    }

    /// Before the key ring was swapped, or after.
    pub(super) fn sessions(&self, swapped: bool) -> &StoredSessions {
        &self.sessions[usize::from(swapped)]
    }
}

/// The random source: gives each value once, and knows who drew what. What is drawn is recognised by its length.
#[derive(Clone, Default)]
pub(super) struct Draws(Arc<Mutex<Drawn>>);

#[derive(Clone, Default)]
pub(super) struct Drawn {
    /// Who is drawing: a request.
    pub(super) by: usize,
    count: u32,
    pub(super) selectors: Vec<(RecordKey, usize)>,
    pub(super) verifiers: Vec<(VerifierHash, usize)>,
    pub(super) writes: Vec<(u64, usize)>,
    pub(super) flashes: Vec<u32>,
    /// A mutation: write ids are counted, this was the last that was seen.
    pub(super) counted: Option<u64>,
}

impl Draws {
    pub(super) fn drawn(&self) -> MutexGuard<'_, Drawn> {
        self.0.lock().unwrap()
    }
}

impl EntropySource for Draws {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        let mut drawn = self.drawn();
        drawn.count += 1;
        let (count, by) = (drawn.count, drawn.by);
        bytes.fill(0xdd);
        bytes[..4].copy_from_slice(&count.to_be_bytes());
        match bytes.len() {
            4 => drawn.flashes.push(count),
            8 => {
                if let Some(counted) = drawn.counted {
                    bytes.copy_from_slice(&(counted + 1).to_be_bytes());
                }
                let write = u64::from_be_bytes(bytes.try_into().unwrap());
                drawn.writes.push((write, by));
            }
            16 => drawn.selectors.push((RecordKey::of(bytes), by)),
            32 => drawn
                .verifiers
                .push((VerifierHash(Sha256::digest(bytes).into()), by)),
            length => panic!("{length} random bytes: neither flash, write, selector nor verifier"),
        }
        Ok(())
    }
}

impl Drawn {
    /// What was drawn so far was drawn before the schedule.
    pub(super) fn belong_to_nobody(&mut self) {
        self.selectors
            .iter_mut()
            .for_each(|(_, by)| *by = usize::MAX);
        self.verifiers
            .iter_mut()
            .for_each(|(_, by)| *by = usize::MAX);
    }

    pub(super) fn session_name(&self, key: &RecordKey) -> String {
        name("s", self.selectors.iter().position(|(of, _)| of == key))
    }

    pub(super) fn verifier_name(&self, hash: &VerifierHash) -> String {
        name("v", self.verifiers.iter().position(|(of, _)| of == hash))
    }

    pub(super) fn write_name(&self, write: u64) -> String {
        name("w", self.writes.iter().position(|(of, _)| *of == write))
    }
}

fn name(letter: &str, position: Option<usize>) -> String {
    position.map_or_else(|| format!("{letter}?"), |at| format!("{letter}{at}"))
}
