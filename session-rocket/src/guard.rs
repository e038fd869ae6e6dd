//! The guard and the errors that handlers return.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::{Arc, Weak};

use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket::response::{self, Responder};
use rocket::tokio::task::{Id, try_id};
use rocket::{Ignite, Request, Rocket, Sentinel};
use session_store::{LazySession, Missing};
use tracing::error;

use crate::request_state::{Attached, Held, failure, status};

/// The request's session: derefs to [`session_core::Session`], where the methods are.
///
/// Opened the first time a route, a guard or a catcher asks for it. Asked for only while the response's body streams, or by a
/// fairing behind ours, it is [`TooLate`](session_core::Error::TooLate): ask before, and move it into the body.
/// `Option<Session>` is `None` then, and where its store gives no answer. `Session<K>` is that of the fairing
/// [marked](crate::SessionFairing::marked) with `K`; without that fairing Rocket does not launch.
///
/// Dropped by a panic in its request, it takes the request's changes with it. An application that catches panics itself and
/// wants to keep them leaves the session outside of its `catch_unwind`.
///
/// ```
/// # use rocket::local::blocking::Client;
/// # use session_rocket::{Error, SecretKey, Session, SessionFairing, Sessions};
/// #[rocket::get("/")]
/// fn hello(session: Session) -> Result<String, Error> {
///     let name = session.get_or_insert_with("name", || "nobody".to_owned())?;
///     Ok(format!("Hello, {name}"))
/// }
/// # let fairing = SessionFairing::new(Sessions::new(SecretKey::generate().unwrap()));
/// # let client = Client::untracked(rocket::build().attach(fairing).mount("/", rocket::routes![hello])).unwrap();
/// let response = client.get("/").dispatch();
/// assert!(response.headers().contains("set-cookie"));
/// ```
#[derive(Debug)]
pub struct Session<K = ()> {
    session: session_core::Session,
    /// Not kept alive: a request that is given up freezes its session, whoever still has a handle.
    held: Weak<Held>,
    /// Of the request, so that a panic in a task that it spawned does not count.
    task: Option<Id>,
    marker: PhantomData<fn() -> K>,
}

impl<K> Session<K> {
    fn new(session: session_core::Session, held: &Arc<Held>) -> Self {
        Self {
            session,
            held: Arc::downgrade(held),
            task: try_id(),
            marker: PhantomData,
        }
    }
}

impl<K> Clone for Session<K> {
    fn clone(&self) -> Self {
        Self {
            session: self.session.clone(),
            held: self.held.clone(),
            ..*self
        }
    }
}

impl<K> Deref for Session<K> {
    type Target = session_core::Session;

    fn deref(&self) -> &session_core::Session {
        &self.session
    }
}

/// Rocket turns a panic into a 500 like any other; only who is dropped by it can tell.
impl<K> Drop for Session<K> {
    fn drop(&mut self) {
        if std::thread::panicking() && self.task == try_id() {
            self.held
                .upgrade()
                .iter()
                .for_each(|held| held.discard_changes());
        }
    }
}

#[rocket::async_trait]
impl<'r, K: 'static> FromRequest<'r> for Session<K> {
    type Error = SessionRejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, SessionRejection> {
        open(request, async |opener| opener.open().await).await
    }
}

async fn open<K: 'static>(
    request: &Request<'_>,
    open: impl AsyncFnOnce(&LazySession) -> Result<session_core::Session, session_core::Error>,
) -> Outcome<Session<K>, SessionRejection> {
    let Some(held) = Held::find::<K>(request) else {
        return Outcome::Error((
            Status::InternalServerError,
            SessionRejection::missing::<K>(),
        ));
    };
    match open(&held.opener).await {
        Ok(session) => Outcome::Success(Session::new(session, &held)),
        Err(error) => {
            let error = held.refused.get_or_init(|| error).clone();
            Outcome::Error((status(&error), Error(error).into()))
        }
    }
}

impl<K: 'static> Sentinel for Session<K> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        rocket
            .state::<Attached<K>>()
            .is_none()
            .then(SessionRejection::missing::<K>)
            .is_some()
    }
}

/// The session for a handler that can do without: if it is in a store that gives no answer, the others are answered 503,
/// and this one gets an empty session that takes no change and [says so](session_core::Session::is_unavailable).
///
/// ```
/// # use rocket::local::blocking::Client;
/// # use session_rocket::{BestEffort, SecretKey, SessionFairing, Sessions};
/// #[rocket::get("/")]
/// fn news(session: BestEffort) -> String {
///     let BestEffort(session) = session;
///     match session.get::<String>("name") {
///         _ if session.is_unavailable() => "News. Logins are not available at the moment.".to_owned(),
///         Ok(Some(name)) => format!("News for {name}"),
///         _ => "News".to_owned(),
///     }
/// }
/// # let fairing = SessionFairing::new(Sessions::new(SecretKey::generate().unwrap()));
/// # let client = Client::untracked(rocket::build().attach(fairing).mount("/", rocket::routes![news])).unwrap();
/// assert_eq!(client.get("/").dispatch().into_string().unwrap(), "News");
/// ```
#[derive(Debug)]
pub struct BestEffort<K = ()>(pub Session<K>);

#[rocket::async_trait]
impl<'r, K: 'static> FromRequest<'r> for BestEffort<K> {
    type Error = SessionRejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, SessionRejection> {
        open(request, async |opener| opener.open_best_effort().await)
            .await
            .map(Self)
    }
}

impl<K: 'static> Sentinel for BestEffort<K> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        Session::<K>::abort(rocket)
    }
}

/// Why a handler that asked for its session was not called; for applications that ask for `Result<Session, _>`.
///
/// ```
/// # use rocket::{error::ErrorKind::SentinelAborts, local::blocking::Client};
/// # use session_rocket::{Session, SessionRejection};
/// #[rocket::get("/")]
/// fn index(_session: Result<Session, SessionRejection>) {}
///
/// let rocket = rocket::build().mount("/", rocket::routes![index]); // and no fairing
/// assert!(matches!(Client::untracked(rocket).unwrap_err().kind(), SentinelAborts(_)));
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SessionRejection {
    /// No fairing provides the session. For routes Rocket finds that out at launch, with this message in its log; its
    /// sentinels do not look into guards and catchers of the application, for which it is a 500, and logged too.
    #[error(
        "a session is asked for, but no fairing provides it: add `.attach({})`",
        .0.line("SessionFairing::new(sessions)")
    )]
    MissingFairing(Missing),
    /// The session is in a store that gave no answer: 503. Or it was asked for behind the fairing, or while the body streams:
    /// 500.
    #[error(transparent)]
    Session(#[from] Error),
}

impl SessionRejection {
    /// Says so in the log.
    fn missing<K: 'static>() -> Self {
        let missing = Self::MissingFairing(Missing::of::<K>());
        error!(target: "session", "{missing}");
        missing
    }
}

/// An error of a session, as a response: the core's status, no body. It is written to `tracing`. No catcher sees it.
///
/// ```
/// # use rocket::local::blocking::Client;
/// use session_rocket::Error;
///
/// #[rocket::get("/")]
/// fn late() -> Result<(), Error> {
///     Err(Error(session_core::Error::TooLate))
/// }
/// # let client = Client::untracked(rocket::build().mount("/", rocket::routes![late])).unwrap();
/// let response = client.get("/").dispatch();
/// assert_eq!(response.status().code, 500);
/// assert_eq!(response.into_string(), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] pub session_core::Error);

impl<'r> Responder<'r, 'static> for Error {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Ok(failure(self.0))
    }
}
