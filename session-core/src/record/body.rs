//! The core's own bytes in a record. A store holds them, and does not look into them.
//!
//! All numbers are big-endian, times are unix seconds. A body has exactly one encoding:
//!
//! | bytes | meaning |
//! |---|---|
//! | 1 | 1: this encoding |
//! | 1 | flags: bit 0 permanent, 1 authenticated, 2 previous verifier, 3 the previous verifier has an end; the others are 0 |
//! | 4 | epoch: of the application, of the user |
//! | 8 | when the verifier was generated |
//! | 8 | when the user's index was last written |
//! | 32 | SHA-256 of the verifier |
//! | 8, with flag 1 | when the user logged in |
//! | 32, with flag 2 | SHA-256 of the previous verifier |
//! | 8, with flag 3 | when the previous verifier ends |
//! | 1 | the number of write ids, 1 to 8 |
//! | 8 each | the write ids, newest first |
//! | the rest | the session's content, as our cookies hold it: JSON |

use std::fmt;
use std::sync::Arc;

use crate::data::map::Map;
use crate::record::id::VerifierHash;
use crate::token::lifetime::Lifetime;
use crate::token::stamp::Epoch;

/// How many of the last writes a record knows by their ids. A write that is repeated after more
/// writes than these cannot be recognised.
pub(crate) const RECENT_WRITES: usize = 8;
/// The deepest nesting of the content.
const DEPTH: usize = 128;

/// The first byte of a body.
pub(crate) const ENCODING: u8 = 1;
const PERMANENT: u8 = 1;
const AUTHENTICATED: u8 = 2;
const HAS_PREVIOUS: u8 = 4;
const PREVIOUS_ENDS: u8 = 8;
const ALL_FLAGS: u8 = PERMANENT | AUTHENTICATED | HAS_PREVIOUS | PREVIOUS_ENDS;

/// A record's body. The other fields of a record are columns of the store.
#[derive(Clone, PartialEq)]
pub(crate) struct Body {
    pub(crate) permanent: bool,
    pub(crate) epoch: Epoch,
    /// When the verifier was generated.
    pub(crate) verifier_created: u64,
    /// When the user's index was last written.
    pub(crate) indexed: u64,
    pub(crate) verifier: VerifierHash,
    /// When the user logged in.
    pub(crate) authenticated: Option<u64>,
    pub(crate) previous_verifier: Option<PreviousVerifier>,
    /// The ids of the last writes, newest first.
    pub(crate) recent_writes: Vec<u64>,
    pub(crate) data: Arc<str>,
}

/// The verifier before the last renewal. It opens the record until the new one was presented, and a
/// little longer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PreviousVerifier {
    pub(crate) hash: VerifierHash,
    /// The second at which it ends. `None` until the new verifier was presented.
    pub(crate) valid_until: Option<u64>,
}

/// How a verifier relates to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VerifierMatch {
    /// It is the record's verifier.
    Current,
    /// It is the previous verifier, and still valid.
    Previous,
    /// It is the previous verifier, and no longer valid.
    Reused,
    /// It is neither.
    Unknown,
}

impl fmt::Debug for Body {
    /// Omits the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("permanent", &self.permanent)
            .field("verifier_created", &self.verifier_created)
            .field("bytes", &self.data.len())
            .finish_non_exhaustive()
    }
}

impl VerifierMatch {
    /// Whether a request with this verifier may read the record, write to it, merge its changes
    /// into it, and end it.
    pub(crate) fn is_valid(self) -> bool {
        matches!(self, Self::Current | Self::Previous)
    }
}

impl Body {
    /// Returns the idle lifetime of the session, in seconds.
    pub(crate) fn idle(&self, lifetime: &Lifetime) -> u64 {
        lifetime.idle_of(self.permanent, self.authenticated)
    }

    /// Returns how this verifier relates to the record at this second. Nothing else decides which
    /// verifier opens a record.
    pub(crate) fn match_verifier(&self, verifier: &VerifierHash, now: u64) -> VerifierMatch {
        if self.verifier == *verifier {
            return VerifierMatch::Current;
        }
        match self.previous_verifier {
            Some(previous) if previous.hash == *verifier => match previous.valid_until {
                Some(end) if end <= now => VerifierMatch::Reused,
                _ => VerifierMatch::Previous,
            },
            _ => VerifierMatch::Unknown,
        }
    }

    /// Returns the content as a map that records its changes. Returns `None` if the content cannot
    /// be read.
    pub(crate) fn map(&self) -> Option<Map> {
        let mut map = Map::default();
        map.read_ours(self.data.clone(), DEPTH).ok()?;
        // The user is a column of the record. Content that names one was not written by us.
        if map.has_user() {
            return None;
        }
        Some(map.recording())
    }

    /// Encodes the body. The layout is above.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let previous_ends = match self.previous_verifier {
            Some(previous) => previous.valid_until,
            None => None,
        };
        let mut flags = 0;
        for (is_set, flag) in [
            (self.permanent, PERMANENT),
            (self.authenticated.is_some(), AUTHENTICATED),
            (self.previous_verifier.is_some(), HAS_PREVIOUS),
            (previous_ends.is_some(), PREVIOUS_ENDS),
        ] {
            if is_set {
                flags |= flag;
            }
        }
        // All fields but the content take at most 167 bytes. Few bodies have them all.
        let mut bytes = Vec::with_capacity(160 + self.data.len());
        bytes.extend_from_slice(&[ENCODING, flags]);
        bytes.extend_from_slice(&self.epoch.encode());
        bytes.extend_from_slice(&self.verifier_created.to_be_bytes());
        bytes.extend_from_slice(&self.indexed.to_be_bytes());
        bytes.extend_from_slice(&self.verifier.0);
        if let Some(authenticated) = self.authenticated {
            bytes.extend_from_slice(&authenticated.to_be_bytes());
        }
        if let Some(previous) = self.previous_verifier {
            bytes.extend_from_slice(&previous.hash.0);
        }
        if let Some(end) = previous_ends {
            bytes.extend_from_slice(&end.to_be_bytes());
        }
        // Never more than 8, so the count fits into its byte.
        let writes = &self.recent_writes[..self.recent_writes.len().min(RECENT_WRITES)];
        bytes.push(u8::try_from(writes.len()).unwrap_or_default());
        for write in writes {
            bytes.extend_from_slice(&write.to_be_bytes());
        }
        bytes.extend_from_slice(self.data.as_bytes());
        bytes
    }

    /// Decodes a body. Returns `None` for bytes that [`encode`](Self::encode) does not write.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = Reader(bytes);
        let flags = rest.flags()?;
        let epoch = Epoch::decode(rest.bytes()?);
        let verifier_created = rest.number()?;
        let indexed = rest.number()?;
        let verifier = VerifierHash(rest.bytes()?);
        let (mut authenticated, mut previous_verifier) = (None, None);
        if flags & AUTHENTICATED != 0 {
            authenticated = Some(rest.number()?);
        }
        if flags & HAS_PREVIOUS != 0 {
            let hash = VerifierHash(rest.bytes()?);
            let valid_until = match flags & PREVIOUS_ENDS {
                0 => None,
                _ => Some(rest.number()?),
            };
            previous_verifier = Some(PreviousVerifier { hash, valid_until });
        }
        let recent_writes = rest.write_ids()?;
        let data = std::str::from_utf8(rest.0).ok()?;
        Some(Self {
            permanent: flags & PERMANENT != 0,
            epoch,
            verifier_created,
            indexed,
            verifier,
            authenticated,
            previous_verifier,
            recent_writes,
            data: data.into(),
        })
    }
}

/// Bytes that are still to be read.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn number(&mut self) -> Option<u64> {
        let bytes = self.bytes()?;
        Some(u64::from_be_bytes(bytes))
    }

    /// Reads the encoding and the flags.
    fn flags(&mut self) -> Option<u8> {
        let [ENCODING, flags] = self.bytes::<2>()? else {
            return None;
        };
        // The end of a previous verifier that is not there would be a second encoding of one body.
        let ends_without_previous = flags & PREVIOUS_ENDS != 0 && flags & HAS_PREVIOUS == 0;
        if flags & !ALL_FLAGS != 0 || ends_without_previous {
            return None;
        }
        Some(flags)
    }

    fn write_ids(&mut self) -> Option<Vec<u64>> {
        let [count] = self.bytes()?;
        let count = usize::from(count);
        // Every record has at least the write that made it.
        if !(1..=RECENT_WRITES).contains(&count) {
            return None;
        }
        let mut ids = Vec::with_capacity(count);
        for _ in 0..count {
            ids.push(self.number()?);
        }
        Some(ids)
    }
}

#[cfg(test)]
mod tests;
