//! The fairing: puts an exchange into the request, and closes it on the response.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use http::header::COOKIE;
use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::figment::value::Dict;
use rocket::figment::{Figment, providers::Serialized};
use rocket::{Build, Data, Request, Response, Rocket};
use session_core::{Config, ConfigError, Sessions, StoredSessions};
use session_store::{SessionBackend, Store};
use tracing::error;

use crate::request_state::{Attached, Headers, Held, failure, set, status};

/// Gives the routes of an application their sessions: `.attach(SessionFairing::new(sessions))`.
///
/// What is doubtful about the configuration is written to `tracing` when Rocket ignites. Two fairings for the same session
/// do not ignite.
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
/// assert!(!response.headers().contains("vary")); // nobody asked for the session
/// ```
pub struct SessionFairing<K = ()> {
    source: Box<Find>,
    marker: PhantomData<fn() -> K>,
}

impl SessionFairing {
    /// A fairing for [`Session`](crate::Session).
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

    /// The same for sessions in a store. The store is shared: keep a clone of the `Arc`, or of what is behind it.
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

    /// The same from a table of Rocket's configuration, in its selected profile: [`Config`]'s names, in lower or upper
    /// case. `build` is `Config::build`, `Config::build_flask`, or a closure that gives a [`SessionBackend`]. What is wrong there
    /// stops the launch, and the log says why.
    ///
    /// ```toml
    /// # Rocket.toml
    /// [default.session]
    /// secret_key = "..." # what `openssl rand -base64 33` prints
    /// permanent_session_lifetime = 86400
    /// ```
    ///
    /// In the environment it is one variable, merged over the table: `ROCKET_SESSION='{secret_key="..."}'`. Shells cannot
    /// set `ROCKET_SESSION.SECRET_KEY`, which would do as well. `ROCKET_SECRET_KEY`, Rocket's own `secret_key` outside of
    /// the table, is the key of its private cookies, and never that of sessions.
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
    #[must_use]
    pub fn figment<S: Into<SessionBackend>>(
        table: &'static str,
        build: impl Fn(Config) -> Result<S, ConfigError> + Send + Sync + 'static,
    ) -> Self {
        let source = move |figment: &Figment| {
            Ok(build(read(figment, table)?)
                .map_err(|error| format!("{table}: {error}"))?
                .into())
        };
        Self {
            source: Box::new(source),
            marker: PhantomData,
        }
    }

    /// The same for [`Session<K>`](crate::Session), beside other sessions of the application: with another cookie name,
    /// key or path. `K` is any type of yours.
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
        SessionFairing {
            source: self.source,
            marker: PhantomData,
        }
    }
}

/// For applications that choose between cookies and a store at start.
impl From<SessionBackend> for SessionFairing {
    fn from(source: SessionBackend) -> Self {
        Self {
            source: Box::new(move |_| Ok(source.clone())),
            marker: PhantomData,
        }
    }
}

impl<K> fmt::Debug for SessionFairing<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionFairing").finish_non_exhaustive()
    }
}

/// Called once, at ignition; the error is a message for the developer.
type Find = dyn Fn(&Figment) -> Result<SessionBackend, String> + Send + Sync;

const TWICE: &str =
    "two fairings for one session: leave one out, or mark it by `.marked::<Yours>()`";

/// The settings of a table. No message quotes the table, or what should be a key.
fn read(figment: &Figment, table: &str) -> Result<Config, String> {
    let found = figment.find_value(table).ok();
    let Some(settings) = found.as_ref().and_then(|value| value.as_dict()) else {
        return Err(format!(
            "expected a table `{table}` in Rocket's configuration: add `[default.{table}]` with `secret_key` to \
             Rocket.toml, or set ROCKET_{}='{{secret_key=\"...\"}}'",
            table.to_uppercase()
        ));
    };
    let upper: Dict = settings
        .iter()
        .map(|(name, value)| (name.to_uppercase(), value.clone()))
        .collect();
    if upper.len() < settings.len() {
        return Err(format!(
            "{table}: a name is there twice, in lower and in upper case"
        ));
    }
    Figment::from(Serialized::globals(upper))
        .extract()
        .map_err(|error| format!("{table}: {} for key `{}`", error.kind, error.path.join(".")))
}

#[rocket::async_trait]
impl<K: 'static> Fairing for SessionFairing<K> {
    fn info(&self) -> Info {
        Info {
            name: "Session",
            kind: Kind::Ignite | Kind::Request | Kind::Response,
        }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> fairing::Result {
        let source = match rocket.state::<Attached<K>>() {
            None => (self.source)(rocket.figment()),
            Some(_) => Err(TWICE.to_owned()),
        };
        match source {
            Ok(source) => {
                session_store::trace::announce(&source);
                Ok(rocket.manage(Attached::<K>(source, PhantomData)))
            }
            Err(message) => {
                error!(target: "session", "{message}");
                Err(rocket)
            }
        }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let Some(Attached(source, _)) = request.rocket().state::<Attached<K>>() else {
            return;
        };
        let headers = request
            .headers()
            .iter()
            .filter(|header| header.name() == COOKIE.as_str());
        let mut cookies = headers
            .filter_map(|header| header.value().parse().ok())
            .peekable();
        // Rocket's test client keeps its cookies in the jar alone.
        let jar = cookies.peek().is_none().then(|| request.cookies());
        let kept = jar.and_then(|jar| jar.get(source.cookie_name()));
        let kept =
            kept.and_then(|cookie| format!("{}={}", cookie.name(), cookie.value()).parse().ok());
        Held::put::<K>(request, source.exchange_of(cookies.chain(kept)));
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let Some(held) = Held::find::<K>(request) else {
            return;
        };
        let Some(exchange) = held.take() else { return };
        // The catcher that answered for a guard knows neither of these headers.
        if let Some(error) = held
            .refused
            .get()
            .filter(|error| status(error) == response.status())
        {
            set(
                response,
                session_store::failure::<()>(error.clone()).headers(),
            );
        }
        if let Err(error) = session_store::apply(exchange.close().await, &mut Headers(response)) {
            *response = failure(error);
        }
    }
}
