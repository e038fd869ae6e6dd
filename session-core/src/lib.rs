//! Sessions for Rust web applications. A handler uses a session like a map; the browser holds it in a signed cookie. With Flask's
//! format it is the cookie of a running Flask application, byte for byte.
//!
//! This crate is for any framework, and does no I/O. `session-axum`, `session-hyper` and `session-rocket` give its [`Session`] to
//! the handlers of their framework. In another framework, a session is three lines:
//!
//! ```
//! # use http::HeaderMap;
//! # use session_core::testing;
//! # let (request, mut response) = (HeaderMap::new(), HeaderMap::new());
//! # let sessions = testing::sessions(); // a program has its own: Sessions::new(key)
//! let session = sessions.open(&request);
//! let visits = session.increment("visits", 1)?;
//! sessions.close(&session, &mut response)?;
//! # assert_eq!(visits, 1);
//! # assert!(response.contains_key("set-cookie"));
//! # Ok::<(), session_core::Error>(())
//! ```
//!
//! `request` and `response` are headers of the `http` crate. Closing writes `Set-Cookie`, `Vary` and `Cache-Control`.
//!
//! # What a handler can do
//!
//! | to | call |
//! |---|---|
//! | read and write values | [`get`](Session::get), [`insert`](Session::insert), [`take`](Session::take), [`remove`](Session::remove), [`contains_key`](Session::contains_key), [`keys`](Session::keys) |
//! | change a value in one step | [`increment`](Session::increment), [`push`](Session::push), [`update`](Session::update), [`get_or_insert_with`](Session::get_or_insert_with) |
//! | log a user in and out | [`log_in`](Session::log_in), [`user`](Session::user), [`authenticated_within`](Session::authenticated_within), [`clear`](Session::clear) |
//! | show a message on the next page | [`flash`](Session::flash), [`take_flashes`](Session::take_flashes) |
//! | keep the session when the browser is closed | [`set_permanent`](Session::set_permanent) |
//! | learn why a session is empty | [`rejected`](Session::rejected) |
//!
//! # Configuration
//!
//! - [`Sessions::new`]: our own format with secure defaults.
//! - [`Sessions::flask`]: the format, the defaults and the rules of Flask, [with a few differences](#where-flask-mode-differs-from-flask).
//! - [`Sessions::builder`] and [`Sessions::flask_builder`]: the same with your settings, see [`Builder`].
//! - [`Config`]: settings from environment variables or a file, under Flask's names.
//!
//! A wrong configuration is a [`ConfigError`] at start. At run time, [`Error`] is a mistake of the handler or a failure of the server,
//! and [`Rejected`] says why a cookie was not accepted, which is no error: the session is empty then.
//!
//! # In a cookie, or in a store
//!
//! A cookie is signed: its user can read it, but not change it. `Builder::encrypted` hides the content from the user, too. Three
//! limits remain. A cookie holds about 4 KB. A copied cookie is valid until it expires, even after a logout. Of two concurrent requests
//! that change the session, the change of one is lost.
//!
//! A session in a store has none of these limits: the cookie holds an id, and the record may have 1 MiB or more. [`StoredSessions`] decides what to ask a store, and what its
//! answer means; the crate `session-store` has stores, and carries out the requests. [`protocol`] is for authors of stores and adapters.
//!
//! # Features
//!
//! - `os` (default): the clock, the random source and the environment of the operating system. Without it, give the builder a
//!   [`Clock`] and an [`EntropySource`].
//! - `encryption`: encrypted cookies and records, `Builder::encrypted`.
//! - `testing`: the module `testing`, for the tests of applications: a request with a session, the session that a response leaves, a
//!   clock that a test moves, and a browser's cookie jar.
//!
//! # Dependencies
//!
//! | crate | why |
//! |---|---|
//! | `http` | header types that all frameworks share; part of this crate's public API |
//! | `serde`, `serde_json` | values of a session, in the public API; configuration from JSON |
//! | `cookie` | the attributes of `Set-Cookie`; the cookie jar of `testing` |
//! | `hmac`, `sha1`, `sha2` | signatures, by RustCrypto, whose states are wiped; SHA-1 and SHA-512 for Flask's cookies only |
//! | `subtle` | comparison of signatures in constant time |
//! | `zeroize` | wiping of keys |
//! | `base64` | strict base64url |
//! | `flate2` | zlib in Rust, for compressed cookies |
//! | `itoa`, `memchr` | writing numbers, and searching bytes; `serde_json` needs both anyway |
//! | `time` | the calendar, for `Expires` and for Flask's datetimes; `cookie` needs it anyway |
//! | `thiserror` | error messages beside their variants |
//! | `aes-gcm-siv` | AES-256-GCM-SIV in Rust, which stays safe if a nonce repeats (feature `encryption`) |
//! | `aes`, `polyval` | turned on only to wipe their keys, which `aes-gcm-siv` does not do (feature `encryption`) |
//! | `getrandom` | the random source of the operating system (feature `os`) |
#![doc = ""]
#![doc = include_str!("../FLASK-DIFFERENCES.md")]

// First, since rustdoc follows this order: the page of `Session` begins with the methods of the map.
mod session;

mod base64;
mod builder;
mod config;
mod cookie;
mod data;
mod env;
mod error;
mod event;
mod exchange;
// Only for `fuzz/`, which calls two internals.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod json;
mod keys;
mod padded_base64;
pub mod protocol;
mod record;
mod record_key;
mod response;
mod rules;
mod sessions;
mod settings;
mod stored;
mod stored_sessions;
#[cfg(feature = "testing")]
pub mod testing;
mod token;

pub use builder::Builder;
pub use config::Config;
pub use cookie::attributes::{Prefix, SameSite};
pub use cookie::rename::PreviousCookie;
pub use data::flash::Flash;
pub use env::{Clock, EntropyError, EntropySource};
pub use error::config::{ConfigError, Warning, Weakness};
pub use error::{Error, Rejected};
pub use event::{Event, EventKind, LogDigest};
pub use json::tagged;
pub use keys::ring::KeyRing;
pub use keys::secret_key::SecretKey;
pub use record::policy::{GonePolicy, ReusePolicy};
pub use record_key::RecordKey;
pub use session::handle::Session;
pub use sessions::Sessions;
pub use stored_sessions::StoredSessions;
pub use token::lifetime::Refresh;
pub use token::mac::Digest;

/// Compiles the program of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
