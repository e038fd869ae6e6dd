//! The guards, and the errors that handlers return.

use std::ops::Deref;
use std::sync::{Arc, Weak};

use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket::response::{self, Responder};
use rocket::{Ignite, Phase, Request, Rocket, Sentinel};
use session_store::{Advice, MissingLayer, SessionSlot};

use crate::fairing::FairingState;
use crate::request_state::RequestState;
use crate::response::error_response;

/// The request's session. It derefs to [`session_core::Session`], which has the methods.
///
/// It is opened the first time that a route, a guard or a catcher asks for it. Ask for it before the response is returned; a
/// body that streams may use it, but neither the body nor a fairing behind ours can ask for it any more
/// ([`TooLate`](session_core::Error::TooLate)). `Option<Session>` is `None` then, and when its store does not answer.
///
/// `Session<K>` is the session of the fairing that is [marked](crate::SessionFairing::marked) with `K`. Without that fairing
/// Rocket does not launch.
///
/// A panic in the request that drops this handle discards the request's changes. An application that catches panics itself
/// and wants the changes saved leaves the session outside of its `catch_unwind`.
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
// Weak, because the state owns the exchange: a request that Rocket drops freezes its session, whatever handles there are.
pub struct Session<K = ()>(session_core::Session, Weak<RequestState<K>>);

impl<K> Clone for Session<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), self.1.clone())
    }
}

impl<K> Deref for Session<K> {
    type Target = session_core::Session;

    fn deref(&self) -> &session_core::Session {
        &self.0
    }
}

/// Rocket catches a handler's panic and answers 500 as for an error. Only a drop during the panic can tell the two apart.
impl<K> Drop for Session<K> {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(request) = self.1.upgrade()
        {
            request.discard_changes();
        }
    }
}

#[rocket::async_trait]
impl<'r, K: 'static> FromRequest<'r> for Session<K> {
    type Error = SessionRejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, SessionRejection> {
        open(request, SessionSlot::open).await
    }
}

async fn open<K: 'static>(
    request: &Request<'_>,
    open: impl AsyncFnOnce(&SessionSlot<K>) -> Result<session_core::Session, session_core::Error>,
) -> Outcome<Session<K>, SessionRejection> {
    let Some(state) = RequestState::find(request) else {
        let missing = missing::<K>(is_attached::<K, _>(request.rocket()));
        return Outcome::Error((Status::InternalServerError, missing));
    };
    match open(&state.slot).await {
        Ok(session) => Outcome::Success(Session(session, Arc::downgrade(&state))),
        Err(error) => {
            let error = state.refused.get_or_init(|| error).clone();
            Outcome::Error((Status::new(error.status().as_u16()), Error(error).into()))
        }
    }
}

/// Returns the error of a missing fairing, and logs it.
fn missing<K: 'static>(is_attached: bool) -> SessionRejection {
    let missing = SessionRejection::MissingFairing(MissingLayer::known::<K>(is_attached));
    tracing::error!(target: "session", "{missing}");
    missing
}

fn is_attached<K: 'static, P: Phase>(rocket: &Rocket<P>) -> bool {
    rocket.state::<FairingState<K>>().is_some()
}

impl<K: 'static> Sentinel for Session<K> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        let is_attached = is_attached::<K, _>(rocket);
        if !is_attached {
            missing::<K>(false);
        }
        !is_attached
    }
}

/// The session for a handler that works without it. If the session is in a store that does not answer, the handler gets an
/// empty session that takes no change and [is unavailable](session_core::Session::is_unavailable). A handler that takes
/// [`Session`] is not called then, and the client gets 503.
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
        open(request, SessionSlot::open_best_effort).await.map(Self)
    }
}

impl<K: 'static> Sentinel for BestEffort<K> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        Session::<K>::abort(rocket)
    }
}

/// What a developer changes who has no session.
const ADVICE: Advice = Advice {
    missing: "add `.attach(SessionFairing::new(sessions){marked})`",
    outside: "attach `SessionFairing::new(sessions){marked}` before the fairing that asks, and in the Rocket instance that asks",
};

/// The reason why a handler that asked for its session was not called: for a handler that asks for
/// `Result<Session, SessionRejection>`.
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
    /// No fairing provides the session, or another fairing asked before it. A route that asks for it does not launch, and Rocket's log has this message. Rocket does
    /// not look into guards and catchers of the application; for these it is a 500, and the message is logged, too.
    #[error("{}", .0.hint(&ADVICE))]
    MissingFairing(MissingLayer),
    /// The session is in a store that did not answer: 503. Or it was asked for when the response was already returned: 500.
    #[error(transparent)]
    Session(#[from] Error),
}

/// An error of a session that is a response: the core's status, and in debug builds the error's text as the body. The error is
/// written to `tracing`. Rocket calls no catcher for it.
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
/// assert!(response.into_string().unwrap().contains("after the head of its response")); // in a debug build
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] pub session_core::Error);

impl<'r> Responder<'r, 'static> for Error {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Ok(error_response(self.0))
    }
}
