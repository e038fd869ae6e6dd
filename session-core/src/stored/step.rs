//! A step of an exchange: a result, or a question to a store.

use std::fmt;
use std::time::Duration;

use crate::record::store::{StoreReply, StoreRequest};

/// A step of an exchange: a result, or a question to a store whose answer leads to the next step.
///
/// With a cookie a step is always a result. With a store, whoever drives the steps carries each question to the store
/// and the answer back, and decides nothing:
///
/// ```
/// use session_core::protocol::{StoreReply, StoreRequest, Step};
///
/// fn drive<T>(mut step: Step<T>, store: impl Fn(&StoreRequest) -> StoreReply) -> T {
///     loop {
///         match step {
///             Step::Done(result) => return result,
///             Step::Pending(ask) => {
///                 let answer = store(ask.question());
///                 step = ask.answer(answer);
///             }
///         }
///     }
/// }
/// # use session_core::{protocol::{Loaded, Inserted}, SecretKey, Sessions};
/// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
/// # let store = |question: &StoreRequest| match question {
/// #     StoreRequest::Insert { .. } => StoreReply::Inserted(Inserted::Done),
/// #     _ => StoreReply::Unavailable,
/// # };
/// # let exchange = sessions.exchange(&http::HeaderMap::new());
/// let session = drive(exchange.open(), store).unwrap();
/// session.insert("a", 1).unwrap();
/// let mut response = http::HeaderMap::new();
/// drive(exchange.close(), store).apply(&mut response).unwrap();
/// assert!(response.contains_key("set-cookie"));
/// ```
#[must_use = "a step may be a question, and then nothing has happened yet"]
#[derive(Debug)]
pub enum Step<T> {
    /// The result.
    Done(T),
    /// A question to a store.
    Pending(Pending<T>),
}

impl<T: 'static> Step<T> {
    /// The result; `None` if this is a question, which is dropped. For sessions in cookies, which ask nobody.
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&http::HeaderMap::new());
    /// let session = exchange.open().done().unwrap().unwrap();
    /// assert!(session.is_empty());
    /// ```
    pub fn done(self) -> Option<T> {
        match self {
            Self::Done(result) => Some(result),
            Self::Pending(_) => None,
        }
    }

    pub(crate) fn ask(
        question: StoreRequest,
        within: Duration,
        next: impl FnOnce(StoreReply, Attempt) -> Self + Send + 'static,
    ) -> Self {
        Self::Pending(Pending(Box::new(Asking {
            question,
            within,
            asked: Attempt::Once,
            next: Box::new(next),
        })))
    }

    pub(crate) fn and_then<U: 'static>(
        self,
        next: impl FnOnce(T) -> Step<U> + Send + 'static,
    ) -> Step<U> {
        match self {
            Self::Done(done) => next(done),
            Self::Pending(Pending(ask)) => {
                let Asking {
                    question,
                    within,
                    next: before,
                    ..
                } = *ask;
                Step::ask(question, within, move |answer, asked| {
                    before(answer, asked).and_then(next)
                })
            }
        }
    }
}

/// A question to a store, and what follows from the answer.
///
/// ```
/// use std::time::Duration;
/// use session_core::{Error, protocol::{StoreReply, StoreRequest, Step}, SecretKey, Sessions};
///
/// let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
/// let exchange = sessions.exchange(&http::HeaderMap::new());
/// exchange.open().done().unwrap()?.insert("a", 1)?;
/// let Step::Pending(ask) = exchange.close() else { unreachable!("a new session is stored") };
/// assert_eq!((ask.question().verb(), ask.within()), ("insert", Duration::from_secs(5)));
/// let failed = ask.answer(StoreReply::Unavailable).done().unwrap().apply(&mut http::HeaderMap::new());
/// assert_eq!(failed, Err(Error::Unavailable));
/// # Ok::<(), Error>(())
/// ```
#[must_use = "a question that is not asked leads nowhere"]
pub struct Pending<T>(Box<Asking<T>>);

struct Asking<T> {
    question: StoreRequest,
    within: Duration,
    asked: Attempt,
    next: Box<dyn FnOnce(StoreReply, Attempt) -> Step<T> + Send>,
}

/// How often a question was asked before its answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    Once,
    /// It may have had its effect before.
    Again,
}

impl<T> Pending<T> {
    /// What is asked. It may be asked again and again until an answer comes: every question is safe to repeat, if that is
    /// [told](Self::mark_retried).
    #[must_use]
    pub fn question(&self) -> &StoreRequest {
        &self.0.question
    }

    /// How long all questions of one step, an open or a close, may take together: when that much time has passed since the
    /// first, the answer is [`StoreReply::Unavailable`].
    #[must_use]
    pub fn within(&self) -> Duration {
        self.0.within
    }

    /// Tells that the question was asked more than once: an answer was lost, and the question may have had its effect.
    ///
    /// A write that is repeated knows itself by its id among the last eight of the record. If so many others have written
    /// since that nobody can tell whether it was among them, the session closes with
    /// [`Error::Unavailable`](crate::Error::Unavailable), rather than count a change twice.
    ///
    /// ```
    /// use session_core::{protocol::{StoreReply, StoreRequest, Step}, StoredSessions};
    ///
    /// fn drive<T>(mut step: Step<T>, store: impl Fn(&StoreRequest) -> Option<StoreReply>) -> T {
    ///     loop {
    ///         let mut ask = match step {
    ///             Step::Done(result) => return result,
    ///             Step::Pending(ask) => ask,
    ///         };
    ///         let answer = store(ask.question()).or_else(|| {
    ///             ask.mark_retried();
    ///             store(ask.question())
    ///         });
    ///         step = ask.answer(answer.unwrap_or(StoreReply::Unavailable));
    ///     }
    /// }
    /// # use session_core::{protocol::Inserted, SecretKey, Sessions};
    /// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// # let exchange = sessions.exchange(&http::HeaderMap::new());
    /// # exchange.open().done().unwrap().unwrap().insert("a", 1).unwrap();
    /// # let lost = std::cell::Cell::new(true);
    /// # let store = |_: &StoreRequest| if lost.replace(false) { None } else { Some(StoreReply::Inserted(Inserted::Done)) };
    /// # assert!(drive(exchange.close(), store).apply(&mut http::HeaderMap::new()).is_ok());
    /// ```
    pub fn mark_retried(&mut self) {
        self.0.asked = Attempt::Again;
    }

    /// Goes on. An answer to another kind of question counts as [`StoreReply::Unavailable`].
    pub fn answer(self, answer: StoreReply) -> Step<T> {
        (self.0.next)(answer, self.0.asked)
    }
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pending").field(&self.0.question).finish()
    }
}
