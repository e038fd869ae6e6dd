//! The server under test: its address, the kind of its sessions, and its framework's own behaviour.

use std::net::SocketAddr;

use crate::client::Request;

/// A server under test.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name in reports.
    pub name: String,
    /// The address, in plain HTTP.
    pub address: SocketAddr,
    /// The kind of its sessions.
    pub mode: Mode,
    /// The framework's behaviour that no adapter can change.
    pub nature: Nature,
}

/// The kind of the sessions. The suite expects the defaults of the kind: names, attributes,
/// lifetimes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A signed cookie in our format.
    Ours,
    /// A cookie in Flask's format.
    Flask,
    /// In a store on the server.
    Stored,
}

impl Mode {
    /// Returns the name of the cookie.
    #[must_use]
    pub fn cookie_name(self) -> &'static str {
        if self == Self::Flask {
            "session"
        } else {
            "__Host-session"
        }
    }
}

/// A framework's own behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nature {
    /// The answer when a handler panics.
    pub panics: Panics,
    /// Whether the port also speaks HTTP/2, with prior knowledge.
    pub http2: bool,
    /// Whether a header that is not UTF-8 does not reach the handler.
    pub drops_what_is_no_text: bool,
    /// Whether it is Flask itself: it saves the changes of a handler that fails, drops late changes
    /// silently, sends neither text/plain nor Cache-Control, joins several `Cookie` headers by
    /// commas, and its own server closes each connection.
    pub is_flask: bool,
}

/// The answer when a handler panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panics {
    /// The connection is cut.
    Cut,
    /// The status is 500.
    Answered,
}

impl Nature {
    /// The behaviour of hyper, and of most frameworks that use it.
    pub const HYPER: Self = Self {
        panics: Panics::Cut,
        http2: true,
        drops_what_is_no_text: false,
        is_flask: false,
    };
    /// The behaviour of Flask on Werkzeug's server.
    pub const FLASK: Self = Self {
        panics: Panics::Answered,
        http2: false,
        drops_what_is_no_text: false,
        is_flask: true,
    };

    /// Asks a server for the properties that can be asked for: HTTP/2 and panics.
    #[must_use]
    pub fn of(address: SocketAddr) -> Self {
        let answered = Request::get("/panic").try_send(address).is_ok();
        let panics = if answered {
            Panics::Answered
        } else {
            Panics::Cut
        };
        Self {
            panics,
            http2: crate::http2::is_spoken(address),
            ..Self::HYPER
        }
    }
}
