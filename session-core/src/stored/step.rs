//! A step of an exchange: a result, or a request to a store.

use std::fmt;
use std::time::Duration;

use crate::error::Error;
use crate::record::store::{StoreReply, StoreRequest};
use crate::response::outgoing::Outgoing;

/// A step of an exchange: a result, or a request to a store, whose reply leads to the next step.
///
/// If the session is in its cookie, a step is always a result. With a store, a driver carries each
/// request to the store and the reply back, and decides nothing:
///
/// ```
/// use session_core::protocol::{StoreReply, StoreRequest, Step};
///
/// fn drive<T>(mut step: Step<T>, store: impl Fn(&StoreRequest) -> StoreReply) -> T {
///     loop {
///         match step {
///             Step::Done(result) => return result,
///             Step::Pending(pending) => {
///                 let reply = store(pending.request());
///                 step = pending.reply(reply);
///             }
///         }
///     }
/// }
/// # use session_core::{protocol::{Loaded, Inserted}, SecretKey, Sessions};
/// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
/// # let store = |request: &StoreRequest| match request {
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
#[must_use = "a step may be a request to a store, and then nothing has happened yet"]
#[derive(Debug)]
pub enum Step<T> {
    /// The result.
    Done(T),
    /// A request to a store.
    Pending(Pending<T>),
}

impl<T: 'static> Step<T> {
    /// Returns the result. Returns `None` if this is a request to a store, and drops the request.
    /// For sessions in cookies, which need no store.
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

    /// A request to a store. `next` continues with the reply.
    pub(crate) fn request(
        request: StoreRequest,
        timeout: Duration,
        next: impl FnOnce(StoreReply, Attempt) -> Self + Send + 'static,
    ) -> Self {
        Self::Pending(Pending(Box::new(PendingRequest {
            request,
            timeout,
            attempt: Attempt::First,
            next: Box::new(next),
        })))
    }

    /// Continues with the result, which may lead to more requests.
    pub(crate) fn and_then<U: 'static>(
        self,
        next: impl FnOnce(T) -> Step<U> + Send + 'static,
    ) -> Step<U> {
        let pending = match self {
            Self::Done(result) => return next(result),
            Self::Pending(Pending(pending)) => *pending,
        };
        let before = pending.next;
        // The request has not been sent yet, so it is a first attempt.
        Step::request(pending.request, pending.timeout, move |reply, attempt| {
            before(reply, attempt).and_then(next)
        })
    }

    /// Converts the result.
    pub(crate) fn map<U: 'static>(self, convert: impl FnOnce(T) -> U + Send + 'static) -> Step<U> {
        self.and_then(|result| Step::Done(convert(result)))
    }
}

/// A request to a store. Its reply leads to the next step.
///
/// ```
/// use std::time::Duration;
/// use session_core::{Error, protocol::{StoreReply, StoreRequest, Step}, SecretKey, Sessions};
///
/// let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
/// let exchange = sessions.exchange(&http::HeaderMap::new());
/// exchange.open().done().unwrap()?.insert("a", 1)?;
/// let Step::Pending(pending) = exchange.close() else { unreachable!("a new session is stored") };
/// assert_eq!((pending.request().verb(), pending.timeout()), ("insert", Duration::from_secs(5)));
/// let failed = pending.reply(StoreReply::Unavailable).done().unwrap().apply(&mut http::HeaderMap::new());
/// assert_eq!(failed, Err(Error::Unavailable));
/// # Ok::<(), Error>(())
/// ```
#[must_use = "a request that is not sent to the store has no effect"]
pub struct Pending<T>(Box<PendingRequest<T>>);

struct PendingRequest<T> {
    request: StoreRequest,
    timeout: Duration,
    attempt: Attempt,
    next: Box<dyn FnOnce(StoreReply, Attempt) -> Step<T> + Send>,
}

/// Whether a request was sent once before its reply came, or several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    First,
    /// The request may have had its effect before.
    Retried,
}

impl<T> Pending<T> {
    /// Returns the request. It may be sent again until a reply comes: every request is safe to
    /// repeat, if the driver then calls [`mark_retried`](Self::mark_retried).
    #[must_use]
    pub fn request(&self) -> &StoreRequest {
        &self.0.request
    }

    /// Returns how long all requests of one open or one close may take together. When this time has
    /// passed since the first request, the reply is [`StoreReply::Unavailable`].
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.0.timeout
    }

    /// Says that the request was sent more than once: a reply was lost, and the request may have
    /// had its effect.
    ///
    /// A write that is repeated is recognised by its id among the last eight of the record. If so
    /// many others have written since that this cannot be decided, the session closes with
    /// [`Error::Unavailable`](crate::Error::Unavailable) and does not make a change twice.
    ///
    /// ```
    /// use session_core::{protocol::{StoreReply, StoreRequest, Step}, StoredSessions};
    ///
    /// fn drive<T>(mut step: Step<T>, store: impl Fn(&StoreRequest) -> Option<StoreReply>) -> T {
    ///     loop {
    ///         let mut pending = match step {
    ///             Step::Done(result) => return result,
    ///             Step::Pending(pending) => pending,
    ///         };
    ///         let reply = store(pending.request()).or_else(|| {
    ///             pending.mark_retried();
    ///             store(pending.request())
    ///         });
    ///         step = pending.reply(reply.unwrap_or(StoreReply::Unavailable));
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
        self.0.attempt = Attempt::Retried;
    }

    /// Continues with the store's reply. A reply to another kind of request has the effect of
    /// [`StoreReply::Unavailable`].
    pub fn reply(self, reply: StoreReply) -> Step<T> {
        (self.0.next)(reply, self.0.attempt)
    }
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pending").field(&self.0.request).finish()
    }
}

impl Outgoing {
    /// Returns the outcome of a close that failed before it was decided. A driver uses it when it cannot ask the store.
    ///
    /// ```
    /// use session_core::{Error, protocol::Outgoing};
    ///
    /// let applied = Outgoing::failed(Error::Unavailable).apply(&mut http::HeaderMap::new());
    /// assert_eq!(applied, Err(Error::Unavailable));
    /// ```
    pub fn failed(error: Error) -> Self {
        Self {
            error: Some(error.into()),
            ..Self::default()
        }
    }
}
