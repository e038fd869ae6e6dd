//! Makes sessions from the command line and the environment, for every framework.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use session_core::{Builder, ConfigError, SecretKey, Sessions};
use session_store::{MemoryStore, SessionBackend, UserSessions, clean};

use crate::options::{Options, Parsed, Store, parse};

/// A tour that is ready to be served.
#[derive(Debug, Clone)]
pub struct Tour {
    /// The framework's name.
    pub framework: &'static str,
    /// Whether the sessions are encrypted.
    pub encrypted: bool,
    /// The kind of the sessions, for the page.
    pub mode: &'static str,
    /// The place of the sessions, if they are not in their cookies.
    pub place: Option<&'static str>,
    /// The address to listen on.
    pub bind: SocketAddr,
    /// The sessions.
    pub source: SessionBackend,
    /// A user's sessions, which can be listed and ended; `None` for sessions in cookies.
    pub sessions: Option<UserSessions>,
}

/// The interval at which expired records are removed, for stores that do not remove them by
/// themselves.
const CLEANING: Duration = Duration::from_secs(600);

impl Tour {
    /// Reads the arguments and `SECRET_KEY`, and connects to the store. Prints faults on standard
    /// error, and the rest on standard output.
    ///
    /// # Errors
    /// The exit code: 0 after `--help`, 2 for a configuration that cannot start, 1 for a store that
    /// cannot be used now.
    #[allow(
        clippy::print_stdout,
        clippy::print_stderr,
        reason = "it is a command line program's start"
    )]
    pub async fn start(framework: &'static str, default_port: u16) -> Result<Self, ExitCode> {
        // A key that is no text is an error, which must not quote it.
        let secret = match std::env::var("SECRET_KEY") {
            Ok(secret) => Some(secret),
            Err(std::env::VarError::NotPresent) => None,
            Err(std::env::VarError::NotUnicode(_)) => {
                return Err(refuse("SECRET_KEY: expected text in UTF-8."));
            }
        };
        let options = match parse(std::env::args().skip(1), secret, default_port) {
            Ok(Parsed::Run(options)) => options,
            Ok(Parsed::Help(text)) => {
                println!("{text}");
                return Err(ExitCode::SUCCESS);
            }
            Err(message) => return Err(refuse(&message)),
        };
        if options.secret.is_none() {
            println!("SECRET_KEY is not set: made a key for this run. Sessions end with it.");
        }
        let builder = builder(&options).map_err(|error| refuse(&error.to_string()))?;
        let (mode, place) = match (options.flask, &options.store) {
            (true, _) => ("Flask's signed cookie", None),
            (false, Store::Cookie) if options.encrypted => ("encrypted cookie", None),
            (false, Store::Cookie) => ("signed cookie", None),
            (false, Store::Memory) => ("on the server", Some("the memory of this process")),
            (false, Store::Database(database)) => ("on the server", Some(database.place())),
        };
        let (source, sessions) = match store(&options.store).await {
            Ok(None) => (
                SessionBackend::new(
                    builder
                        .build()
                        .map_err(|error| refuse(&error.to_string()))?,
                ),
                None,
            ),
            Ok(Some(store)) => {
                let sessions = builder
                    .build_stored()
                    .map_err(|error| refuse(&error.to_string()))?;
                if matches!(&options.store, Store::Database(database) if database.is_cleaned_by_us())
                {
                    tokio::spawn(clean(sessions.clone(), store.clone(), CLEANING));
                }
                let users = UserSessions::new(&sessions, store.clone());
                (SessionBackend::stored(sessions, store), Some(users))
            }
            Err(error) => {
                let place = place.unwrap_or_default();
                let advice = match &options.store {
                    Store::Database(database) => database.advice(),
                    Store::Cookie | Store::Memory => "",
                };
                let causes = causes(&*error);
                eprintln!(
                    "The sessions cannot be in {place}: {causes}.\n{advice}Another place is chosen by --store PLACE; \
                     --help lists them."
                );
                return Err(ExitCode::FAILURE);
            }
        };
        let encrypted = options.encrypted;
        Ok(Self {
            framework,
            encrypted,
            mode,
            place,
            bind: options.bind,
            source,
            sessions,
        })
    }

    /// Prints the tour's address, once it listens there: with port 0 the system chooses one.
    #[allow(clippy::print_stdout, reason = "it is a command line program's start")]
    pub fn announce(&self, address: SocketAddr) {
        println!("The tour with {} is on http://{address}", self.framework);
    }

    /// Prints why the tour cannot be served.
    #[allow(clippy::print_stderr, reason = "it is a command line program's start")]
    pub fn failed(&self, error: &std::io::Error) -> ExitCode {
        let bind = self.bind;
        eprintln!(
            "The tour cannot be served on {bind}: {error}. Another address is chosen by --bind ADDR."
        );
        ExitCode::FAILURE
    }
}

#[allow(clippy::print_stderr, reason = "it is a command line program's start")]
fn refuse(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::from(2)
}

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Returns an error and its causes. None of them quotes the URL.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        // Many errors repeat their cause.
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        next = cause.source();
    }
    text.trim_end_matches('.').to_owned()
}

/// Opens the store, ready for use. Returns `None` for sessions in cookies.
async fn store(place: &Store) -> Result<Option<Arc<dyn session_store::Store>>, Failure> {
    Ok(match place {
        Store::Cookie => None,
        Store::Memory => Some(Arc::new(MemoryStore::new())),
        Store::Database(database) => Some(database.open().await?),
    })
}

fn builder(options: &Options) -> Result<Builder, ConfigError> {
    let secret = match &options.secret {
        Some(secret) => secret.clone().into_bytes(),
        None => SecretKey::generate()?.expose().to_vec(),
    };
    let builder = if options.flask {
        Sessions::flask_builder(secret)
    } else {
        Sessions::builder(SecretKey::new(secret)?)
    };
    let builder = if options.encrypted {
        builder.encrypted()
    } else {
        builder
    };
    Ok(if options.insecure {
        builder.insecure_plain_http()
    } else {
        builder
    })
}
