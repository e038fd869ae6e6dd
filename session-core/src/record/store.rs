//! What the core asks a store, and what a store answers: the vocabulary of the store contract.
//!
//! Times are unix seconds of the application's clock, and travel with each question: a store has no clock of its own.

use crate::record_key::RecordKey;
use std::fmt;
use std::sync::Arc;

/// How many seconds a store keeps the tombstone of a deleted record at least.
///
/// Longer than any question may be under way, so that one that comes late finds the tombstone and not an empty place.
///
/// ```
/// assert_eq!(session_core::protocol::TOMBSTONE_SECONDS, 60);
/// ```
pub const TOMBSTONE_SECONDS: u64 = 60;

/// A session as a store keeps it. Cheap to clone.
///
/// ```
/// use session_core::protocol::Record;
///
/// let record = Record {
///     version: 0x9e37_79b9_7f4a_7c15,
///     expires: 1_702_678_400,
///     created: 1_700_000_000,
///     seen: 1_700_000_000,
///     user: Some("42".into()),
///     label: Some("Firefox on Linux".into()),
///     body: [1, 2, 3].into(),
/// };
/// assert_eq!(format!("{record:?}"), "Record { expires: 1702678400, created: 1700000000, seen: 1700000000, .. }");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Which write made this record: a random number, never a counter.
    pub version: u64,
    /// The second at which it ends. A record is live while `expires > now` and it was not deleted.
    pub expires: u64,
    /// The second at which the session began.
    pub created: u64,
    /// The second at which it was last written or touched.
    pub seen: u64,
    /// Who is logged in.
    pub user: Option<Arc<str>>,
    /// What tells its user which of several sessions it is, such as the name of a browser.
    pub label: Option<Arc<str>>,
    /// The core's own bytes, not to be looked into.
    pub body: Arc<[u8]>,
}

impl fmt::Debug for Record {
    /// Times only: neither who it is nor what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("expires", &self.expires)
            .field("created", &self.created)
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

/// A question to a store. Each is one atomic step there, and safe to repeat: a question whose answer was lost is asked
/// again as it is.
///
/// ```
/// use session_core::{protocol::StoreRequest, RecordKey};
///
/// let question = StoreRequest::Load { key: RecordKey::from_bytes([7; 32]), now: 1_700_000_000 };
/// assert_eq!((question.verb(), format!("{question:?}")), ("load", "StoreRequest(load)".to_owned()));
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreRequest {
    /// What lies under this key? Answered by [`Loaded`].
    Load {
        /// The record's place.
        key: RecordKey,
        /// The time of asking.
        now: u64,
    },
    /// Create a record, if nothing lies there. Answered by [`Inserted`].
    Insert {
        /// The record's place.
        key: RecordKey,
        /// What is to lie there.
        record: Record,
        /// The time of asking.
        now: u64,
    },
    /// Replace a live record that still has this version. Answered by [`Updated`].
    Update {
        /// The record's place.
        key: RecordKey,
        /// The version that is to be replaced.
        version: u64,
        /// What is to lie there instead; its `expires` only counts if it is later.
        record: Record,
        /// The time of asking.
        now: u64,
    },
    /// Extend a live record. Answered by [`Outcome`].
    Touch {
        /// The record's place.
        key: RecordKey,
        /// The second at which it is to end, if that is later than now.
        expires: u64,
        /// The time of asking.
        now: u64,
    },
    /// End a record that still has this version: a tombstone without data stays for [`TOMBSTONE_SECONDS`]. Answered by
    /// [`Updated`].
    Delete {
        /// The record's place.
        key: RecordKey,
        /// The version that is to be ended.
        version: u64,
        /// The time of asking.
        now: u64,
    },
    /// Note that a user may have this record. Answered by [`StoreReply::Noted`].
    Index {
        /// Who.
        user: Arc<str>,
        /// The record's place.
        key: RecordKey,
        /// The second until which the note is needed.
        until: u64,
        /// The time of asking.
        now: u64,
    },
    /// Forget that note. Answered by [`StoreReply::Noted`].
    Unindex {
        /// Who.
        user: Arc<str>,
        /// The record's place.
        key: RecordKey,
    },
    /// End all live records of a user but the newest. Answered by [`TrimResult`].
    Trim {
        /// Who.
        user: Arc<str>,
        /// How many stay.
        keep: usize,
        /// The record that asks: the answer says whether it is still live.
        this: RecordKey,
        /// The time of asking.
        now: u64,
    },
}

impl StoreRequest {
    /// What is asked, in a word: for logs and counters.
    ///
    /// ```
    /// # use session_core::{protocol::StoreRequest, RecordKey};
    /// let question = StoreRequest::Delete { key: RecordKey::from_bytes([7; 32]), version: 1, now: 1_700_000_000 };
    /// assert_eq!(question.verb(), "delete");
    /// ```
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Load { .. } => "load",
            Self::Insert { .. } => "insert",
            Self::Update { .. } => "update",
            Self::Touch { .. } => "touch",
            Self::Delete { .. } => "delete",
            Self::Index { .. } => "index",
            Self::Unindex { .. } => "unindex",
            Self::Trim { .. } => "trim",
        }
    }
}

impl fmt::Debug for StoreRequest {
    /// Neither users nor keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreRequest({})", self.verb())
    }
}

/// What a store answers, by question.
///
/// ```
/// use session_core::{Error, protocol::{StoreReply, Loaded, Step}, SecretKey, Sessions, testing};
///
/// let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
/// let request = testing::stored_request(&sessions); // an id of ours
/// let open = |answer| match sessions.exchange(&request).open() {
///     Step::Pending(ask) => ask.answer(answer).done().unwrap(),
///     Step::Done(_) => unreachable!("an id of ours is looked up"),
/// };
/// assert!(open(StoreReply::Loaded(Loaded::Absent)).unwrap().is_empty());
/// assert_eq!(open(StoreReply::Unavailable).unwrap_err(), Error::Unavailable);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreReply {
    /// To [`StoreRequest::Load`].
    Loaded(Loaded),
    /// To [`StoreRequest::Insert`].
    Inserted(Inserted),
    /// To [`StoreRequest::Update`].
    Updated(Updated),
    /// To [`StoreRequest::Touch`].
    Touched(Outcome),
    /// To [`StoreRequest::Delete`].
    Deleted(Updated),
    /// To [`StoreRequest::Index`] and [`StoreRequest::Unindex`].
    Noted,
    /// To [`StoreRequest::Trim`].
    Trimmed(TrimResult),
    /// To any: no answer came before the deadline, so it is unknown whether the question had its effect.
    Unavailable,
}

/// What lies under a key.
///
/// ```
/// # use session_core::{protocol::{StoreReply, Loaded, Step}, Rejected, SecretKey, Sessions, testing};
/// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
/// # let request = testing::stored_request(&sessions);
/// # let exchange = sessions.exchange(&request);
/// # let Step::Pending(ask) = exchange.open() else { unreachable!() };
/// let expires = u64::MAX;
/// let session = ask.answer(StoreReply::Loaded(Loaded::Dead { expires })).done().unwrap().unwrap();
/// assert_eq!(session.rejected(), Some(Rejected::Gone));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loaded {
    /// A record that was not deleted. Whether it has expired is judged by who asked.
    Live(Record),
    /// The tombstone of a deleted record.
    Dead {
        /// The second at which the tombstone ends: [`TOMBSTONE_SECONDS`] after the record did.
        expires: u64,
    },
    /// Nothing, or a tombstone that has ended.
    Absent,
}

impl Loaded {
    /// What a load at this second answers for what lies in the store: a tombstone that has ended counts as nothing, whether
    /// or not it was removed.
    ///
    /// ```
    /// use session_core::protocol::Loaded;
    ///
    /// let dead = Loaded::Dead { expires: 1_700_000_060 };
    /// assert_eq!(dead.clone().at(1_700_000_059), dead);
    /// assert_eq!(dead.at(1_700_000_060), Loaded::Absent);
    /// ```
    #[must_use]
    pub fn at(self, now: u64) -> Self {
        match self {
            Self::Dead { expires } if expires <= now => Self::Absent,
            there => there,
        }
    }
}

/// What became of an insert.
///
/// ```
/// # use session_core::{protocol::{StoreReply, Inserted, Step}, SecretKey, Sessions};
/// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
/// # let exchange = sessions.exchange(&http::HeaderMap::new());
/// # exchange.open().done().unwrap().unwrap().insert("a", 1).unwrap();
/// # let Step::Pending(ask) = exchange.close() else { unreachable!() };
/// # let mut response = http::HeaderMap::new();
/// let mut outgoing = ask.answer(StoreReply::Inserted(Inserted::Dead)).done().unwrap();
/// outgoing.apply(&mut response).unwrap();
/// assert!(!response.contains_key("set-cookie")); // ended before anybody knew of it
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inserted {
    /// The record was created.
    Done,
    /// There is a record already; it was left as it is. An insert that was repeated meets its own.
    Exists(Record),
    /// There is a tombstone.
    Dead,
}

/// What became of an update, or of a delete of one version.
///
/// ```
/// # use session_core::protocol::{StoreReply, Updated};
/// // A logout has succeeded if the record ended, by whomever.
/// let ended = |answer| matches!(answer, StoreReply::Deleted(Updated::Done | Updated::Gone));
/// assert!(ended(StoreReply::Deleted(Updated::Gone)) && !ended(StoreReply::Unavailable));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Updated {
    /// The record was replaced, or ended.
    Done,
    /// There is a record of another version; it was left as it is.
    Conflict(Record),
    /// There is no record; for an update, no live one.
    Gone,
}

/// What became of a touch, or of a delete whatever the version.
///
/// ```
/// # use session_core::protocol::{StoreReply, Outcome};
/// let extended = |answer| matches!(answer, StoreReply::Touched(Outcome::Done));
/// assert!(extended(StoreReply::Touched(Outcome::Done)) && !extended(StoreReply::Touched(Outcome::Gone)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was carried out.
    Done,
    /// There was nothing to do it to: no live record for a touch; for a delete a tombstone or nothing.
    Gone,
}

/// What became of a trim.
///
/// ```
/// let trimmed = session_core::protocol::TrimResult { ended: 1, alive: false };
/// assert!(!trimmed.alive); // a login that was pushed out sets no cookie
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrimResult {
    /// How many records were ended by this call.
    pub ended: u64,
    /// Whether the record that asked is live after it.
    pub alive: bool,
}
