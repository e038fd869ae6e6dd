//! The core's own bytes in a record. A store keeps them and does not look into them.
//!
//! | bytes | meaning |
//! |---|---|
//! | 1 | 1: this encoding |
//! | 1 | flags: bit 0 permanent, 1 authenticated, 2 an earlier verifier, 3 which has an end; the others 0 |
//! | 4 | epoch |
//! | 8 | when the verifier was minted |
//! | 8 | when the user's index was last told |
//! | 32 | SHA-256 of the verifier |
//! | 8 | when somebody logged in (flag 1) |
//! | 32 | SHA-256 of the verifier before (flag 2) |
//! | 8 | when that one ends (flag 3) |
//! | 1, 8 each | how many write ids, 1 to 8, and the ids, newest first |
//! | rest | the session's content, as our cookies hold it: JSON |
//!
//! All big-endian, times in unix seconds. There is one encoding of one body.

use std::fmt;
use std::sync::Arc;

use crate::data::map::Map;
use crate::record::id::VerifierHash;
use crate::token::lifetime::Lifetime;
use crate::token::stamp::Epoch;

/// So many of the last writes are known by their ids: whether one that is repeated later than this was there, nobody can tell.
pub(crate) const RECENT: usize = 8;
/// The deepest nesting of the content.
const DEPTH: usize = 128;

pub(crate) const ENCODING: u8 = 1;
const PERMANENT: u8 = 1;
const AUTHENTICATED: u8 = 2;
const EARLIER: u8 = 4;
const ENDS: u8 = 8;

/// What a record says, besides its columns.
#[derive(Clone, PartialEq)]
pub(crate) struct Body {
    pub(crate) permanent: bool,
    pub(crate) epoch: Epoch,
    pub(crate) minted: u64,
    pub(crate) indexed: u64,
    pub(crate) verifier: VerifierHash,
    pub(crate) authenticated: Option<u64>,
    pub(crate) earlier: Option<Earlier>,
    /// Ids of the last writes, newest first.
    pub(crate) recent: Vec<u64>,
    pub(crate) data: Arc<str>,
}

/// The verifier before a periodic renewal: it opens the record until the new one was presented, and a little longer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Earlier {
    pub(crate) verifier: VerifierHash,
    /// None: the new one was not presented yet.
    pub(crate) until: Option<u64>,
}

/// What a verifier is to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VerifierMatch {
    /// It is the record's.
    Current,
    /// It was the one before, and still counts.
    Alias,
    /// It was the one before, and no longer counts.
    Reused,
    /// It opens nothing.
    Stale,
}

impl fmt::Debug for Body {
    /// Without the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("permanent", &self.permanent)
            .field("minted", &self.minted)
            .field("bytes", &self.data.len())
            .finish_non_exhaustive()
    }
}

impl VerifierMatch {
    /// Whether a request that presented this verifier may see the record, write to it, merge its changes into it, and end it.
    pub(crate) fn admits(self) -> bool {
        matches!(self, Self::Current | Self::Alias)
    }
}

impl Body {
    /// The idle lifetime that applies to the session, in seconds.
    pub(crate) fn idle(&self, lifetime: &Lifetime) -> u64 {
        lifetime.idle_for(self.permanent, self.authenticated.is_some())
    }

    /// What this verifier is to the record at this second: the one place that decides it.
    pub(crate) fn opens(&self, verifier: &VerifierHash, now: u64) -> VerifierMatch {
        let earlier = self
            .earlier
            .as_ref()
            .filter(|earlier| earlier.verifier == *verifier);
        match earlier {
            _ if self.verifier == *verifier => VerifierMatch::Current,
            Some(earlier) if earlier.until.is_none_or(|until| now < until) => VerifierMatch::Alias,
            Some(_) => VerifierMatch::Reused,
            None => VerifierMatch::Stale,
        }
    }

    /// The content, with a record of what is done to it. Who is logged in, the record's user tells, and nothing here.
    pub(crate) fn map(&self) -> Option<Map> {
        let map = Map::from_ours(self.data.clone(), DEPTH).ok()?;
        (!map.has_user()).then(|| map.recording())
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let ends = self.earlier.and_then(|earlier| earlier.until);
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        let mut bytes = Vec::with_capacity(160 + self.data.len());
        bytes.push(ENCODING);
        bytes.push(
            flag(self.permanent, PERMANENT)
                | flag(self.authenticated.is_some(), AUTHENTICATED)
                | flag(self.earlier.is_some(), EARLIER)
                | flag(ends.is_some(), ENDS),
        );
        bytes.extend_from_slice(&self.epoch.encode());
        bytes.extend_from_slice(&self.minted.to_be_bytes());
        bytes.extend_from_slice(&self.indexed.to_be_bytes());
        bytes.extend_from_slice(&self.verifier.0);
        bytes.extend(
            self.authenticated
                .iter()
                .flat_map(|then| then.to_be_bytes()),
        );
        bytes.extend(self.earlier.iter().flat_map(|earlier| earlier.verifier.0));
        bytes.extend(ends.iter().flat_map(|then| then.to_be_bytes()));
        let recent = &self.recent[..self.recent.len().min(RECENT)];
        bytes.push(u8::try_from(recent.len()).unwrap_or_default());
        bytes.extend(recent.iter().flat_map(|id| id.to_be_bytes()));
        bytes.extend_from_slice(self.data.as_bytes());
        bytes
    }

    /// `None` for what [`encode`](Self::encode) does not write.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = Reader(bytes);
        let flags = match rest.take::<2>()? {
            [ENCODING, flags] if flags < 16 => flags,
            _ => return None,
        };
        let has = |flag: u8| flags & flag != 0;
        if has(ENDS) && !has(EARLIER) {
            return None;
        }
        let epoch = Epoch::decode(rest.take()?);
        let (minted, indexed) = (rest.number()?, rest.number()?);
        let verifier = VerifierHash(rest.take()?);
        let authenticated = if has(AUTHENTICATED) {
            Some(rest.number()?)
        } else {
            None
        };
        let earlier = if has(EARLIER) {
            Some(VerifierHash(rest.take()?))
        } else {
            None
        };
        let until = if has(ENDS) {
            Some(rest.number()?)
        } else {
            None
        };
        let [count] = rest.take()?;
        if !(1..=RECENT).contains(&usize::from(count)) {
            return None;
        }
        let recent = (0..count)
            .map(|_| rest.number())
            .collect::<Option<Vec<_>>>()?;
        Some(Self {
            permanent: has(PERMANENT),
            epoch,
            minted,
            indexed,
            verifier,
            authenticated,
            earlier: earlier.map(|verifier| Earlier { verifier, until }),
            recent,
            data: std::str::from_utf8(rest.0).ok()?.into(),
        })
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn number(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_body() -> impl Strategy<Value = Body> {
        let hash = || any::<[u8; 32]>().prop_map(VerifierHash);
        let earlier = (hash(), any::<Option<u64>>())
            .prop_map(|(verifier, until)| Earlier { verifier, until });
        let times = (any::<u64>(), any::<u64>(), any::<Option<u64>>());
        let recent = prop::collection::vec(any::<u64>(), 1..=RECENT);
        (
            any::<bool>(),
            any::<[u8; 4]>(),
            times,
            hash(),
            prop::option::of(earlier),
            recent,
            any::<String>(),
        )
            .prop_map(
                |(
                    permanent,
                    epoch,
                    (minted, indexed, authenticated),
                    verifier,
                    earlier,
                    recent,
                    data,
                )| {
                    Body {
                        permanent,
                        epoch: Epoch::decode(epoch),
                        minted,
                        indexed,
                        verifier,
                        authenticated,
                        earlier,
                        recent,
                        data: data.into(),
                    }
                },
            )
    }

    proptest! {
        #[test]
        fn bodies_survive(body in any_body()) {
            prop_assert_eq!(Body::decode(&body.encode()), Some(body));
        }

        /// Nothing panics, and what is accepted is what would be written.
        #[test]
        fn one_text_for_one_body(mut bytes in prop::collection::vec(any::<u8>(), 0..300), flags in 0..16_u8, count in 0..10_u8) {
            if let [first, second, ..] = &mut bytes[..] {
                (*first, *second) = (ENCODING, flags);
            }
            let optional = [(AUTHENTICATED, 8), (EARLIER, 32), (ENDS, 8)];
            let place = 54 + optional.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, size)| size).sum::<usize>();
            if let Some(byte) = bytes.get_mut(place) {
                *byte = count;
                // The rest as text.
                bytes.iter_mut().skip(place + 1 + 8 * usize::from(count)).for_each(|byte| *byte &= 0x7f);
            }
            if let Some(body) = Body::decode(&bytes) {
                prop_assert_eq!(body.encode(), bytes);
            }
        }

        #[test]
        fn a_cut_body_is_none(body in any_body(), cut: prop::sample::Index) {
            let bytes = body.encode();
            let head = bytes.len() - body.data.len();
            prop_assert_eq!(Body::decode(&bytes[..cut.index(head)]), None);
        }
    }

    fn hash(byte: u8) -> VerifierHash {
        VerifierHash([byte; 32])
    }

    fn body(until: Option<u64>) -> Body {
        Body {
            permanent: false,
            epoch: Epoch::default(),
            minted: 0,
            indexed: 0,
            verifier: hash(1),
            authenticated: None,
            earlier: Some(Earlier {
                verifier: hash(2),
                until,
            }),
            recent: vec![1],
            data: "{}".into(),
        }
    }

    #[test]
    fn what_has_other_flags_is_none() {
        let bytes = Body {
            earlier: None,
            ..body(None)
        }
        .encode();
        assert_eq!(bytes[1], 0);
        for flags in 1..=u8::MAX {
            let mut other = bytes.clone();
            other[1] = flags;
            // Permanence alone takes no more room.
            assert_eq!(
                Body::decode(&other).is_some(),
                flags == PERMANENT,
                "{flags}"
            );
        }
    }

    #[test]
    fn what_opens() {
        for (until, verifier, now, expected) in [
            (None, 1, 0, VerifierMatch::Current),
            (None, 2, u64::MAX, VerifierMatch::Alias),
            (Some(100), 2, 99, VerifierMatch::Alias),
            (Some(100), 2, 100, VerifierMatch::Reused),
            (Some(100), 1, 100, VerifierMatch::Current),
            (None, 3, 0, VerifierMatch::Stale),
        ] {
            assert_eq!(
                body(until).opens(&hash(verifier), now),
                expected,
                "{until:?} {verifier} {now}"
            );
        }
        assert_eq!(
            Body {
                earlier: None,
                ..body(None)
            }
            .opens(&hash(2), 0),
            VerifierMatch::Stale
        );
    }
}
