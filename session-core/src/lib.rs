//! Flask's sessions for Rust: a signed cookie that a handler uses like a map.
//!
//! What is not here: no I/O, no async, no runtime, no logger, no framework. The core reads `Cookie` from a
//! [`http::HeaderMap`], and writes `Set-Cookie`, `Vary` and `Cache-Control` into another. Adapters for frameworks
//! (`session-axum` and others) and stores are separate crates.
//!
//! Three lines make a session in any framework:
//!
//! ```
//! # use http::HeaderMap;
//! # use session_core::{SecretKey, Sessions};
//! # let (request, mut response) = (HeaderMap::new(), HeaderMap::new());
//! # let sessions = Sessions::new(SecretKey::generate().unwrap());
//! let session = sessions.open(&request);
//! let visits = session.increment("visits", 1)?;
//! sessions.close(&session, &mut response)?;
//! # assert_eq!(visits, 1);
//! # Ok::<(), session_core::Error>(())
//! ```
//!
//! - [`Sessions`] is configured once: [`Sessions::new`] with secure defaults, [`Sessions::flask`] for the cookies of a
//!   running Flask application, [`Sessions::builder`] for the rest, or a [`Config`] under Flask's own names.
//! - [`Session`] is what a handler holds: get, insert, take, remove, clear, increment, push, update, flash.
//! - [`protocol`]: what adapters and stores are written with; applications need none of it.
//! - [`Error`], [`Rejected`], [`ConfigError`]: the handler's fault, the client's, the developer's.
//!
//! - [`StoredSessions`]: sessions on the server, the cookie holds an id. The core says what to ask a store, and
//!   what its reply means; `session-store` has stores, and carries the one to the other.
//!
//! A session's cookie is signed, and its user can read it, unless it is encrypted (`Builder::encrypted`). Two requests at once each write a whole cookie; the
//! browser keeps whichever response lands last. A cookie that somebody copied is valid until it expires. A stored session
//! knows none of these limits.
//!
//! # Features
//! - `os` (default): clock, random source and environment of the operating system. Without it the builder asks for a
//!   [`Clock`] and an [`EntropySource`].
//! - `encryption`: cookies and records that nobody can read without the key: `Builder::encrypted`.
//! - `testing`: the module of that name, for the tests of applications: a jar with a browser's rules, a clock to move, a session built
//!   from values or read back from a response.
//!
//! # Dependencies
//! | crate | why |
//! |---|---|
//! | `http` | the header types that all frameworks share; in our public API |
//! | `serde`, `serde_json` | values in and out, in our public API; configuration files |
//! | `cookie` | renders Set-Cookie's attributes; the oracle of our tests |
//! | `hmac`, `sha1`, `sha2` | signatures: RustCrypto's, with a keyed state that is wiped; SHA-1 and SHA-512 for Flask's cookies only |
//! | `subtle` | comparing signatures in constant time |
//! | `zeroize` | wiping keys |
//! | `base64` | strict base64url |
//! | `flate2` | zlib in pure Rust, for Flask's compressed cookies and our own large ones |
//! | `time` | the calendar, for Expires and Flask's datetimes; `cookie` has it anyway |
//! | `thiserror` | error messages beside their variants |
//! | `aes-gcm-siv` | AES-256-GCM-SIV in pure Rust: a nonce that repeats does no harm (feature `encryption`) |
//! | `aes`, `polyval` | nothing but their wiping, which `aes-gcm-siv` leaves off (feature `encryption`) |
//! | `getrandom` | the operating system's random source (feature `os`) |
#![doc = ""]
#![doc = include_str!("../FLASK-DIFFERENCES.md")]

// First, so that its documentation begins with the methods of the map.
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
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod json;
mod keys;
pub mod protocol;
mod record;
mod record_key;
mod response;
mod rules;
mod scratch;
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
