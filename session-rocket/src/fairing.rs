//! The fairing: begins an exchange for each request, and closes it on the response.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use http::HeaderValue;
use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::figment::{Figment, value::Value};
use rocket::{Build, Data, Request, Response, Rocket};
use session_core::{Config, ConfigError, Error, Sessions, StoredSessions};
use session_store::{CookieOwners, SessionBackend, Store};

use crate::request_state::RequestState;
use crate::response::{Headers, error_headers, error_response};

/// Gives the routes of an application their sessions: `.attach(SessionFairing::new(sessions))`.
///
/// Warnings about the configuration are written to `tracing` when Rocket ignites. With two fairings for one session, or for one
/// cookie, it does not ignite.
///
/// ```
/// # use rocket::local::blocking::Client;
/// # use session_rocket::{SecretKey, SessionFairing, Sessions};
/// #[rocket::get("/")]
/// fn hello() -> &'static str {
///     "Hello"
/// }
///
/// # let sessions = Sessions::new(SecretKey::generate().unwrap());
/// let rocket = rocket::build().attach(SessionFairing::new(sessions)).mount("/", rocket::routes![hello]);
/// # let client = Client::untracked(rocket).unwrap();
/// let response = client.get("/").dispatch();
/// assert!(!response.headers().contains("vary")); // no handler asked for the session
/// ```
pub struct SessionFairing<K = ()>(Box<FindBackend>, PhantomData<fn() -> K>);

impl SessionFairing {
    /// Returns a fairing for [`Session`](crate::Session), whose sessions are in their cookies.
    ///
    /// ```
    /// # use rocket::local::blocking::Client;
    /// # use session_rocket::{Error, SecretKey, Session, SessionFairing, Sessions};
    /// #[rocket::get("/")]
    /// fn set(session: Session) -> Result<(), Error> {
    ///     Ok(session.insert("a", 1)?)
    /// }
    ///
    /// # let sessions = Sessions::new(SecretKey::generate().unwrap());
    /// let rocket = rocket::build().attach(SessionFairing::new(sessions)).mount("/", rocket::routes![set]);
    /// # let client = Client::untracked(rocket).unwrap();
    /// let response = client.get("/").dispatch();
    /// assert!(response.headers().get_one("set-cookie").unwrap().starts_with("__Host-session="));
    /// ```
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        SessionBackend::new(sessions).into()
    }

    /// Returns a fairing for [`Session`](crate::Session), whose sessions are in a store. The store is shared: keep a clone of
    /// the `Arc` for what else the application asks it.
    ///
    /// ```
    /// # use rocket::local::blocking::Client;
    /// # use session_rocket::{Error, MemoryStore, SecretKey, Session, SessionFairing, Sessions};
    /// # #[rocket::get("/")]
    /// # fn set(session: Session) -> Result<(), Error> { Ok(session.insert("a", 1)?) }
    /// use std::sync::Arc;
    ///
    /// let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// let fairing = SessionFairing::stored(sessions, Arc::new(MemoryStore::new()));
    /// # let client = Client::untracked(rocket::build().attach(fairing).mount("/", rocket::routes![set])).unwrap();
    /// let response = client.get("/").dispatch();
    /// assert_eq!(response.headers().get_one("set-cookie").unwrap().matches('.').count(), 2); // an id
    /// ```
    #[must_use]
    pub fn stored(sessions: StoredSessions, store: Arc<dyn Store>) -> Self {
        SessionBackend::stored(sessions, store).into()
    }

    /// Returns a fairing that is configured by a table of Rocket's configuration, in its selected profile. The table has
    /// [`Config`]'s names, in lower or upper case; a misspelt one is an error. `build` is `Config::build`, `Config::build_flask`,
    /// or a closure that returns a [`SessionBackend`], for sessions in a store. An error in the table stops the launch, and the
    /// log says which.
    ///
    /// ```toml
    /// # Rocket.toml
    /// [default.session]
    /// secret_key = "..." # what `openssl rand -base64 33` prints
    /// permanent_session_lifetime = 86400
    /// ```
    ///
    /// In the environment one variable is merged over the table: `ROCKET_SESSION='{secret_key="..."}'`. Rocket also reads
    /// `ROCKET_SESSION.SECRET_KEY`, but shells cannot set it. `ROCKET_SECRET_KEY`, or `secret_key` outside of the table, is the
    /// key of Rocket's private cookies. It is never used for sessions.
    ///
    /// ```
    /// use rocket::local::blocking::Client;
    /// use session_rocket::{Config, Session, SessionFairing};
    ///
    /// #[rocket::get("/")]
    /// fn index(session: Session) -> String {
    ///     session.to_json()
    /// }
    ///
    /// # const KEY: &str = "u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c";
    /// let app = |figment| {
    ///     rocket::custom(figment)
    ///         .attach(SessionFairing::figment("session", Config::build))
    ///         .mount("/", rocket::routes![index])
    /// };
    /// let figment = rocket::Config::figment().merge(("session.secret_key", KEY));
    /// assert!(Client::untracked(app(figment)).is_ok());
    /// # use rocket::error::ErrorKind::FailedFairings;
    /// let error = Client::untracked(app(rocket::Config::figment())).unwrap_err(); // no table, no key
    /// assert!(matches!(error.kind(), FailedFairings(_)));
    /// ```
    ///
    /// With a store:
    ///
    /// ```
    /// # use rocket::local::blocking::Client;
    /// use std::sync::Arc;
    /// use session_rocket::{Config, MemoryStore, SessionBackend, SessionFairing};
    ///
    /// # const KEY: &str = "u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c";
    /// let store = Arc::new(MemoryStore::new());
    /// let build = move |config: Config| Ok(SessionBackend::stored(config.build_stored()?, store.clone()));
    /// let fairing = SessionFairing::figment("session", build);
    /// # let figment = rocket::Config::figment().merge(("session.secret_key", KEY));
    /// # assert!(Client::untracked(rocket::custom(figment).attach(fairing)).is_ok());
    /// ```
    #[must_use]
    pub fn figment<S: Into<SessionBackend>>(
        table: &'static str,
        build: impl Fn(Config) -> Result<S, ConfigError> + Send + Sync + 'static,
    ) -> Self {
        let find_backend = move |figment: &Figment| {
            let Ok(settings @ Value::Dict(..)) = figment.find_value(table) else {
                let upper = table.to_uppercase();
                return Err(format!(
                    "expected a table `{table}` in Rocket's configuration: add `[default.{table}]` with `secret_key` to \
                     Rocket.toml, or set ROCKET_{upper}='{{secret_key=\"...\"}}'; `openssl rand -base64 33` prints a key"
                ));
            };
            match Config::from_table(&settings).and_then(&build) {
                Ok(sessions) => Ok(sessions.into()),
                Err(error) => Err(format!("{table}: {error}")),
            }
        };
        Self(Box::new(find_backend), PhantomData)
    }

    /// Makes it the fairing for [`Session<K>`](crate::Session), for a further session of the application with another cookie
    /// name, key or path. `K` is any type of the application.
    ///
    /// ```
    /// use rocket::local::blocking::Client;
    /// use session_rocket::{Error, SecretKey, Session, SessionFairing, Sessions};
    ///
    /// struct Admin;
    ///
    /// #[rocket::get("/admin")]
    /// fn panel(site: Session, admin: Session<Admin>) -> Result<String, Error> {
    ///     Ok(format!("{} {}", site.increment("visits", 1)?, admin.increment("actions", 1)?))
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let site = Sessions::new(SecretKey::generate()?);
    /// let admin = Sessions::builder(SecretKey::generate()?).cookie_name("admin").build()?;
    /// let rocket = rocket::build()
    ///     .attach(SessionFairing::new(site))
    ///     .attach(SessionFairing::new(admin).marked::<Admin>())
    ///     .mount("/", rocket::routes![panel]);
    /// # let client = Client::untracked(rocket).unwrap();
    /// assert_eq!(client.get("/admin").dispatch().into_string().unwrap(), "1 1");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn marked<K>(self) -> SessionFairing<K> {
        SessionFairing(self.0, PhantomData)
    }
}

/// For an application that chooses between cookies and a store when it starts.
impl From<SessionBackend> for SessionFairing {
    fn from(backend: SessionBackend) -> Self {
        Self(Box::new(move |_| Ok(backend.clone())), PhantomData)
    }
}

impl<K> fmt::Debug for SessionFairing<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionFairing").finish_non_exhaustive()
    }
}

/// Called once, when Rocket ignites. The error is a message for the developer.
type FindBackend = dyn Fn(&Figment) -> Result<SessionBackend, String> + Send + Sync;

const TWICE: &str =
    "two fairings provide one session: remove one, or mark it with `.marked::<Yours>()`";

/// Every fairing runs for every request, so no two of them may write one cookie.
fn own_cookie<K: 'static>(rocket: &Rocket<Build>, backend: &SessionBackend) -> Result<(), String> {
    match rocket.state::<CookieOwners>() {
        Some(owners) => owners.add::<K>(backend),
        None => Ok(()),
    }
}

/// Managed by a Rocket whose fairing for the session that is marked with `K` is attached.
pub(crate) struct FairingState<K>(SessionBackend, PhantomData<fn() -> K>);

#[rocket::async_trait]
impl<K: 'static> Fairing for SessionFairing<K> {
    fn info(&self) -> Info {
        Info {
            name: "Session",
            kind: Kind::Ignite | Kind::Request | Kind::Response,
        }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> fairing::Result {
        // The feature `log` of tracing is on, and Rocket has a logger.
        session_store::trace::shown_elsewhere();
        let rocket = match rocket.state::<CookieOwners>() {
            Some(_) => rocket,
            None => rocket.manage(CookieOwners::default()),
        };
        let message = match (self.0)(rocket.figment()) {
            Ok(_) if rocket.state::<FairingState<K>>().is_some() => TWICE.to_owned(),
            Ok(backend) => match own_cookie::<K>(&rocket, &backend) {
                Ok(()) => {
                    session_store::trace::log_warnings(&backend);
                    return Ok(rocket.manage(FairingState::<K>(backend, PhantomData)));
                }
                Err(message) => message,
            },
            Err(message) => message,
        };
        tracing::error!(target: "session", "{message}");
        Err(rocket)
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        if let Some(FairingState(backend, _)) = request.rocket().state::<FairingState<K>>() {
            let sent = request.headers().get("cookie");
            let mut cookies: Vec<HeaderValue> = sent.flat_map(HeaderValue::from_str).collect();
            // Rocket's test client keeps its cookies in the jar and sends no header.
            if cookies.is_empty()
                && let Some(cookie) = request.cookies().get(backend.cookie_name())
            {
                cookies.extend(cookie.stripped().to_string().parse::<HeaderValue>());
            }
            RequestState::<K>::put(request, backend, cookies);
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        if let Some(FairingState(backend, _)) = request.rocket().state::<FairingState<K>>()
            && let Some(state) = RequestState::<K>::find(request)
            && let Some(exchange) = state.take_exchange()
        {
            // A catcher has answered for the guard that failed. It does not know the headers that belong to the guard's error.
            if let Some(error) = state.refused.get()
                && error.status() == response.status().code
            {
                answer_for_guard(request, response, error);
            }
            let outgoing = backend.close(exchange).await;
            if let Err(error) = session_store::write_headers(outgoing, &mut Headers(response)) {
                *response = error_response(error);
            }
            let headers = request.headers();
            if let Some(plain_http) =
                backend.plain_http(|name| headers.get_one(name).map(str::as_bytes))
            {
                plain_http.warn_of(response.headers().get("set-cookie").map(str::as_bytes));
            }
        }
    }
}

/// Adds the headers of a guard's error to its catcher's response. A catcher of the application keeps its page; in debug
/// builds Rocket's own page is replaced by the error's text.
fn answer_for_guard(request: &Request<'_>, response: &mut Response<'_>, error: &Error) {
    let status = error.status().as_u16();
    let mut catchers = request.rocket().catchers();
    let has_page = catchers.any(|catcher| catcher.code.is_none_or(|code| code == status));
    let answer = match has_page {
        true => error_headers(error.clone()),
        false => error_response(error.clone()),
    };
    response.merge(answer);
}
