//! One request and its response, as steps. All adapters stand on this.

use crate::response::outgoing::Outgoing;
use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use http::HeaderValue;

use crate::error::Error;
use crate::session::handle::Session;
use crate::settings::Settings;
use crate::stored;
use crate::stored::step::Step;

/// One request and its response.
///
/// The adapter keeps it, gives [`opener`](Self::opener)s to the request, and closes it when the response's headers are
/// there. From then on no session is opened, since the headers could not say any more that the response depends on it.
/// Dropped unclosed, it freezes the session and forgets it: nothing is sent, and later changes and opens are
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
pub struct Exchange(Arc<Shared>);

/// What a request carries: opens the exchange's session, at most once. Cheap to clone.
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
pub struct LazySession(Arc<Shared>);

struct Shared {
    settings: Arc<Settings>,
    // Almost every request has one Cookie header, so that one needs no Vec.
    first: Option<HeaderValue>,
    more: Vec<HeaderValue>,
    session: OnceLock<Session>,
    /// How far the request is: bits of [`OPENED`], [`DISCARDED`] and [`CLOSED`], which are set and never reset.
    phase: AtomicU8,
}

/// Somebody got a handle, so the response depends on the session.
const OPENED: u8 = 1;
/// The request's changes are dropped.
const DISCARDED: u8 = 2;
/// The response is decided: nobody gets a handle any more.
const CLOSED: u8 = 4;

impl fmt::Debug for Shared {
    /// Not the headers: they hold cookies.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("core", &self.settings)
            .field("session", &self.session)
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

impl Exchange {
    pub(crate) fn new(
        settings: Arc<Settings>,
        mut cookies: impl Iterator<Item = HeaderValue>,
    ) -> Self {
        Self(Arc::new(Shared {
            settings,
            first: cookies.next(),
            more: cookies.collect(),
            session: OnceLock::new(),
            phase: AtomicU8::new(0),
        }))
    }

    /// A handle for the request.
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

    /// Opens the session, the first time; later the same one. See [`LazySession::open`].
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
        self.0.open(Shared::admit)
    }

    /// Drops what the request did to its session: the handler failed in the middle, but there will be a response. Until the
    /// close the session can be opened and read, and every change is [`Error::TooLate`]; the close sends `Vary` if the
    /// session was opened, and no cookie, and asks no store.
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

    /// Closes the session and says what is to be sent. A session that nobody opened costs nothing here, unless
    /// [`Refresh::EachRequest`](crate::Refresh::EachRequest) makes the core open it now.
    ///
    /// ```
    /// # use session_core::{Error, SecretKey, Sessions};
    /// # let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&http::HeaderMap::new());
    /// let session = exchange.open().done().unwrap().unwrap();
    /// let outgoing = exchange.close().done().unwrap();
    /// assert_eq!(session.insert("a", 1), Err(Error::TooLate));
    /// ```
    pub fn close(self) -> Step<Outgoing> {
        let before = self.0.phase.fetch_or(CLOSED, Ordering::AcqRel);
        let opened = before & OPENED != 0;
        if before & DISCARDED != 0 {
            let cache_headers = self.0.settings.cache_headers;
            return Step::Done(Outgoing {
                vary: opened,
                cache_headers,
                ..Outgoing::default()
            });
        }
        match self.0.session.get().filter(|_| opened) {
            Some(session) => close(session, true),
            // Nobody else gets this session.
            None if self.0.refreshes_unasked() => self
                .0
                .begin(|_, session| session)
                .and_then(|session| close(&session, false)),
            None => Step::Done(Outgoing::default()),
        }
    }
}

fn close(session: &Session, accessed: bool) -> Step<Outgoing> {
    match session.settings().stored {
        None => Step::Done(session.close(accessed)),
        Some(_) => stored::close::close(session, accessed),
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.0.end(CLOSED);
    }
}

impl LazySession {
    /// Opens the session, the first time; later the same one.
    ///
    /// A session that is not open when the exchange closes, or is dropped, cannot be opened any more, also when its store was
    /// asked before: the response has left without `Vary`, so nothing in it may come from the session. A handle from before
    /// stays readable.
    ///
    /// # Errors
    /// [`Error::TooLate`] when the exchange was closed or dropped. [`Error::Unavailable`] when the session is stored and the
    /// store gave no answer, this time or the first. A session in a cookie opens always until then.
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
        self.0.open(Shared::admit)
    }

    /// The same for a handler that can do without its session: if the store gives no answer, an empty session that takes
    /// no change and [says so](Session::is_unavailable).
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
    /// # let answered = ask.answer(StoreReply::Unavailable);
    /// let session = answered.done().unwrap()?; // the store is down
    /// assert!(session.is_unavailable() && session.is_empty());
    /// assert_eq!(opener.open().done().unwrap().unwrap_err(), Error::Unavailable);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn open_best_effort(&self) -> Step<Result<Session, Error>> {
        self.0.open(Shared::admit_degraded)
    }
}

impl Shared {
    fn open(
        self: &Arc<Self>,
        admit: fn(&Self, Session) -> Result<Session, Error>,
    ) -> Step<Result<Session, Error>> {
        if self.is_closed() {
            Step::Done(Err(Error::TooLate))
        } else {
            self.begin(admit)
        }
    }

    fn begin<T: 'static>(self: &Arc<Self>, then: fn(&Self, Session) -> T) -> Step<T> {
        if let Some(session) = self.session.get() {
            return Step::Done(then(self, session.clone()));
        }
        let headers = || self.first.iter().chain(&self.more);
        match &self.settings.stored {
            None => Step::Done(then(
                self,
                self.session
                    .get_or_init(|| self.settings.open(headers))
                    .clone(),
            )),
            Some(policy) => {
                let shared = self.clone();
                let opened = stored::open::open(&self.settings, policy, headers);
                // Two that opened at once get the same one.
                opened.map(move |session| {
                    then(&shared, shared.session.get_or_init(|| session).clone())
                })
            }
        }
    }

    fn admit(&self, session: Session) -> Result<Session, Error> {
        let session = self.admit_degraded(session)?;
        if session.is_unavailable() {
            Err(Error::Unavailable)
        } else {
            Ok(session)
        }
    }

    /// Hands out the session, unless the close was first. Both change one word: either the close sees that the session was
    /// opened, or this sees the close. So nobody gets a handle while the response goes without `Vary`.
    fn admit_degraded(&self, session: Session) -> Result<Session, Error> {
        let before = self.phase.fetch_or(OPENED, Ordering::AcqRel);
        if before & CLOSED != 0 {
            return Err(Error::TooLate);
        }
        if before & DISCARDED != 0 {
            session.freeze();
        }
        Ok(session)
    }

    fn is_closed(&self) -> bool {
        self.phase.load(Ordering::Acquire) & CLOSED != 0
    }

    /// Sets the bit first: whoever opens at the same time either sees it, or has left the session here.
    fn end(&self, bit: u8) {
        self.phase.fetch_or(bit, Ordering::AcqRel);
        if let Some(session) = self.session.get() {
            session.freeze();
        }
    }

    /// A request without Cookie has nothing to refresh.
    fn refreshes_unasked(&self) -> bool {
        self.first.is_some() && self.settings.lifetime.refresh == crate::Refresh::EachRequest
    }
}
