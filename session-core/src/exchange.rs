//! One request and its response, as steps.
//!
//! ```text
//! Exchange      closes; freezes the session if dropped ─┐
//!                                                       ├─► Arc<Request> ─► Arc<Settings>
//! LazySession   opens; travels with the request ────────┘         │
//!                                                                 └─► Session, once it is open
//! ```
//!
//! The adapter owns the [`Exchange`]. Clones of its [`LazySession`] go with the request and may outlive it. Both share a
//! `Request`, which has the Cookie headers, and the session once it is open. A session is opened at most once.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use http::HeaderValue;

use crate::error::Error;
use crate::response::outgoing::Outgoing;
use crate::session::handle::Session;
use crate::settings::Settings;
use crate::stored::step::Step;
use crate::stored::{close as stored_close, open as stored_open};
use crate::token::lifetime::Refresh;

/// One request and its response.
///
/// The adapter keeps it, gives an [`opener`](Self::opener) to the request, and [closes](Self::close) it before the response's
/// headers are sent. After that no session is opened, because the headers could no longer say that the response depends
/// on it. Dropping an exchange that is not closed freezes its session: nothing is sent, and later opens and changes are
/// [`Error::TooLate`].
///
/// ```
/// # use session_core::{SecretKey, Sessions};
/// # let (sessions, request) = (Sessions::new(SecretKey::generate().unwrap()), http::HeaderMap::new());
/// # let mut response = http::HeaderMap::new();
/// let exchange = sessions.exchange(&request);
/// let opener = exchange.opener(); // goes along with the request
/// let session = opener.open().done().unwrap().unwrap();
/// session.increment("visits", 1)?;
/// let mut outgoing = exchange.close().done().unwrap();
/// outgoing.apply(&mut response)?;
/// assert!(response.contains_key("set-cookie"));
/// # Ok::<(), session_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Exchange(Arc<Request>);

/// Opens the session of an [`Exchange`]. Goes with the request to its handler; cheap to clone.
///
/// ```
/// # use session_core::{SecretKey, Sessions};
/// # let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&http::HeaderMap::new());
/// let opener = exchange.opener();
/// let (one, same) = (opener.open().done().unwrap(), opener.clone().open().done().unwrap());
/// let (one, same) = (one.unwrap(), same.unwrap());
/// one.insert("a", 1).unwrap();
/// assert_eq!(same.get::<i64>("a").unwrap(), Some(1));
/// ```
#[derive(Debug, Clone)]
pub struct LazySession(Arc<Request>);

/// Shared by the exchange and its openers.
struct Request {
    settings: Arc<Settings>,
    // Almost every request has one Cookie header. It needs no Vec.
    first: Option<HeaderValue>,
    more: Vec<HeaderValue>,
    session: OnceLock<Session>,
    /// [`OPENED`], [`DISCARDED`] and [`CLOSED`]: bits that are set and never reset.
    ///
    /// They are one word, so that an open and a close that run concurrently are ordered: either the close sees OPENED and
    /// sends `Vary`, or the open sees CLOSED and fails.
    phase: AtomicU8,
}

/// The session was asked for, so the response depends on it, even if the handler got an error.
const OPENED: u8 = 1;
/// The request's changes are dropped.
const DISCARDED: u8 = 2;
/// The response is decided. No handle is given out any more.
const CLOSED: u8 = 4;

/// The need of a handler for a stored session.
#[derive(Clone, Copy)]
enum Need {
    /// The session. It is an error if the store does not answer.
    Required,
    /// The session, or an unavailable one if the store does not answer.
    BestEffort,
}

impl Exchange {
    pub(crate) fn new(
        settings: Arc<Settings>,
        mut cookies: impl Iterator<Item = HeaderValue>,
    ) -> Self {
        Self(Arc::new(Request {
            settings,
            first: cookies.next(),
            more: cookies.collect(),
            session: OnceLock::new(),
            phase: AtomicU8::new(0),
        }))
    }

    /// Returns a handle for the request, which opens the session when it is asked for.
    ///
    /// ```
    /// # use session_core::{Error, SecretKey, Sessions};
    /// # let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&http::HeaderMap::new());
    /// let opener = exchange.opener();
    /// let session = opener.open().done().unwrap().unwrap();
    /// drop(exchange); // the client hung up
    /// assert_eq!(session.insert("a", 1), Err(Error::TooLate));
    /// assert_eq!(opener.open().done().unwrap().unwrap_err(), Error::TooLate);
    /// ```
    #[must_use]
    pub fn opener(&self) -> LazySession {
        LazySession(self.0.clone())
    }

    /// Opens the session, or returns it if it is open: [`LazySession::open`].
    ///
    /// # Errors
    /// As [`LazySession::open`].
    ///
    /// ```
    /// # use session_core::{SecretKey, Sessions};
    /// # let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&http::HeaderMap::new());
    /// let session = exchange.open().done().unwrap()?;
    /// session.insert("a", 1)?;
    /// assert!(exchange.open().done().unwrap()?.contains_key("a"));
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn open(&self) -> Step<Result<Session, Error>> {
        self.0.open(Need::Required)
    }

    /// Drops the changes of the request: its handler failed, but there will be a response.
    ///
    /// Until the close, the session can be opened and read, and every change is [`Error::TooLate`]. The close sends `Vary`
    /// if the session was opened; it sends no cookie and asks no store.
    ///
    /// ```
    /// # use session_core::{Error, SecretKey, Sessions};
    /// # let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&http::HeaderMap::new());
    /// # let mut response = http::HeaderMap::new();
    /// let session = exchange.open().done().unwrap().unwrap();
    /// session.insert("half", 1).unwrap();
    /// exchange.discard_changes(); // the handler panicked; an error page is made
    /// assert_eq!(session.insert("a", 1), Err(Error::TooLate));
    /// exchange.close().done().unwrap().apply(&mut response).unwrap();
    /// assert_eq!(response["vary"], "Cookie");
    /// assert!(!response.contains_key("set-cookie"));
    /// ```
    pub fn discard_changes(&self) {
        self.0.end(DISCARDED);
    }

    /// Closes the session and returns what is to be sent.
    ///
    /// A session that was not opened costs nothing here, except with
    /// [`Refresh::EachRequest`](crate::Refresh::EachRequest), which opens it now.
    ///
    /// ```
    /// # use session_core::{Error, SecretKey, Sessions};
    /// # let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&http::HeaderMap::new());
    /// let session = exchange.open().done().unwrap().unwrap();
    /// let outgoing = exchange.close().done().unwrap();
    /// assert_eq!(session.insert("a", 1), Err(Error::TooLate));
    /// ```
    pub fn close(self) -> Step<Outgoing> {
        let request = &self.0;
        let phase = request.phase.fetch_or(CLOSED, Ordering::AcqRel);
        let accessed = phase & OPENED != 0;
        if phase & DISCARDED != 0 {
            return Step::Done(Outgoing {
                vary: accessed,
                cache_headers: request.settings.cache_headers,
                ..Outgoing::default()
            });
        }
        // A session that is open but not yet admitted was not given out: its open will fail with TooLate.
        if let Some(session) = request.session.get()
            && accessed
        {
            return close(session, true);
        }
        if !request.refreshes_each_time() {
            return Step::Done(Outgoing::default());
        }
        request.session().and_then(|session| close(&session, false))
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.0.end(CLOSED);
    }
}

impl LazySession {
    /// Opens the session, or returns it if it is open.
    ///
    /// A session that is not open when its exchange is closed or dropped cannot be opened later, even if its store was asked
    /// before: the response was sent without `Vary`, so nothing in it may come from the session. A handle from before
    /// stays readable.
    ///
    /// # Errors
    /// [`Error::TooLate`] when the exchange was closed or dropped. [`Error::Unavailable`] when the session is stored and the
    /// store did not answer, now or the first time. A session in a cookie always opens until then.
    ///
    /// ```
    /// # use session_core::{Error, SecretKey, Sessions, testing};
    /// # let sessions = Sessions::new(SecretKey::generate().unwrap());
    /// # let request = testing::request(&sessions, |session| session.insert("a", 1)).unwrap();
    /// # let exchange = sessions.exchange(&request);
    /// let opener = exchange.opener();
    /// let session = opener.open().done().unwrap()?;
    /// let _ = exchange.close();
    /// assert_eq!(session.get::<i64>("a")?, Some(1)); // the body may use it while it streams
    /// assert_eq!(session.remove("a"), Err(Error::TooLate));
    /// assert_eq!(opener.open().done().unwrap().unwrap_err(), Error::TooLate);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn open(&self) -> Step<Result<Session, Error>> {
        self.0.open(Need::Required)
    }

    /// Opens the session for a handler that works without it. If the store does not answer, the session is empty, takes
    /// no change, and [is unavailable](Session::is_unavailable).
    ///
    /// # Errors
    /// [`Error::TooLate`], as [`open`](Self::open).
    ///
    /// ```
    /// # use session_core::{Error, protocol::{StoreReply, Step}, SecretKey, Sessions};
    /// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// # let request = session_core::testing::stored_request(&sessions);
    /// # let exchange = sessions.exchange(&request);
    /// let opener = exchange.opener();
    /// # let Step::Pending(ask) = opener.open_best_effort() else { unreachable!() };
    /// # let answered = ask.reply(StoreReply::Unavailable);
    /// let session = answered.done().unwrap()?; // the store is down
    /// assert!(session.is_unavailable() && session.is_empty());
    /// assert_eq!(opener.open().done().unwrap().unwrap_err(), Error::Unavailable);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn open_best_effort(&self) -> Step<Result<Session, Error>> {
        self.0.open(Need::BestEffort)
    }
}

impl Request {
    fn open(self: &Arc<Self>, need: Need) -> Step<Result<Session, Error>> {
        if self.phase.load(Ordering::Acquire) & CLOSED != 0 {
            return Step::Done(Err(Error::TooLate));
        }
        match self.session() {
            Step::Done(session) => Step::Done(self.admit(session, need)),
            pending => {
                let request = self.clone();
                pending.and_then(move |session| Step::Done(request.admit(session, need)))
            }
        }
    }

    /// The session, opened now if it is not open. Nothing is given out yet: see [`admit`](Self::admit).
    fn session(self: &Arc<Self>) -> Step<Session> {
        if let Some(session) = self.session.get() {
            return Step::Done(session.clone());
        }
        let headers = || self.first.iter().chain(&self.more);
        let Some(policy) = &self.settings.stored else {
            let session = self.session.get_or_init(|| self.settings.open(headers));
            return Step::Done(session.clone());
        };
        let request = self.clone();
        let opened = stored_open::open(&self.settings, policy, headers);
        // Of two that open it concurrently, the later gets the session of the earlier.
        opened.map(move |session| request.session.get_or_init(|| session).clone())
    }

    /// Gives out the session, unless the exchange was closed meanwhile.
    fn admit(&self, session: Session, need: Need) -> Result<Session, Error> {
        let phase = self.phase.fetch_or(OPENED, Ordering::AcqRel);
        if phase & CLOSED != 0 {
            return Err(Error::TooLate);
        }
        if phase & DISCARDED != 0 {
            session.freeze();
        }
        match need {
            Need::Required if session.is_unavailable() => Err(Error::Unavailable),
            _ => Ok(session),
        }
    }

    fn end(&self, bit: u8) {
        // The bit is set first. An open that runs concurrently sees it, or has left its session here.
        self.phase.fetch_or(bit, Ordering::AcqRel);
        if let Some(session) = self.session.get() {
            session.freeze();
        }
    }

    /// Whether the cookie is refreshed by a request that does not open its session. Without a cookie nothing is due.
    fn refreshes_each_time(&self) -> bool {
        self.first.is_some() && self.settings.lifetime.refresh == Refresh::EachRequest
    }
}

impl fmt::Debug for Request {
    /// Leaves the headers out: they hold cookies.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("settings", &self.settings)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// Closes the session by the rules for its place: a cookie or a store.
fn close(session: &Session, accessed: bool) -> Step<Outgoing> {
    match session.settings().stored {
        None => Step::Done(session.close(accessed)),
        Some(_) => stored_close::close(session, accessed),
    }
}
