//! From the command line and the environment to sessions: the same start for every framework.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use session_core::{Builder, ConfigError, SecretKey, Sessions};
use session_store::{MemoryStore, Source};

use crate::options::{Options, Parsed, Store, parse};

/// A tour that is ready to be served.
#[derive(Debug, Clone)]
pub struct Tour {
    /// The framework's name.
    pub framework: &'static str,
    /// What the sessions are, for the page.
    pub mode: &'static str,
    /// Where the sessions are, if not in their cookies.
    pub place: Option<&'static str>,
    /// Where to listen.
    pub bind: SocketAddr,
    /// The sessions.
    pub source: Source,
}

impl Tour {
    /// Reads arguments and `SECRET_KEY`; says on standard error what is wrong, and on standard output where the tour is.
    ///
    /// # Errors
    /// The exit code: 0 after `--help`, 2 for what cannot be started.
    #[allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a command line program's start")]
    pub fn start(framework: &'static str, default_port: u16) -> Result<Self, ExitCode> {
        // A key that is no text is worth an error, which must not quote it.
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
        let source = source(&options).map_err(|error| refuse(&error.to_string()))?;
        let (mode, place) = match (options.flask, options.store) {
            (true, _) => ("Flask's signed cookie", None),
            (false, Store::Cookie) => ("signed cookie", None),
            (false, Store::Memory) => ("on the server", Some("the memory of this process")),
        };
        Ok(Self { framework, mode, place, bind: options.bind, source })
    }

    /// Says where the tour is, once it listens there: with port 0 the system chose one.
    #[allow(clippy::print_stdout, reason = "it is a command line program's start")]
    pub fn announce(&self, address: SocketAddr) {
        println!("The tour with {} is on http://{address}", self.framework);
    }

    /// Says why the tour cannot be served.
    #[allow(clippy::print_stderr, reason = "it is a command line program's start")]
    pub fn failed(&self, error: &std::io::Error) -> ExitCode {
        let bind = self.bind;
        eprintln!("The tour cannot be served on {bind}: {error}. Another address is chosen by --bind ADDR.");
        ExitCode::FAILURE
    }
}

#[allow(clippy::print_stderr, reason = "it is a command line program's start")]
fn refuse(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::from(2)
}

fn source(options: &Options) -> Result<Source, ConfigError> {
    let builder = builder(options)?;
    Ok(match options.store {
        Store::Cookie => Source::new(builder.build()?),
        Store::Memory => Source::stored(builder.build_stored()?, Arc::new(MemoryStore::new())),
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
    Ok(if options.insecure { builder.insecure_plain_http() } else { builder })
}
