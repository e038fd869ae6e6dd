//! For authors of adapters and stores: a request's session in steps, without I/O.
//!
//! An adapter begins an [`Exchange`] for each request, and opens the session through its
//! [`LazySession`]. It closes the exchange, and writes the [`Outgoing`] into the response; headers
//! of another type than `http`'s are wrapped as [`ResponseHeaders`]. Opening and closing are a
//! [`Step`]: done, or [`Pending`] until a store has carried out a [`StoreRequest`] and its
//! [`StoreReply`] was handed back. A store holds a [`Record`] under each key.
//!
//! `session-store` has this loop for tokio, and the stores. The guide to adapters shows both sides.
//!
//! ```
//! use http::HeaderMap;
//! use session_core::protocol::Step;
//! use session_core::{SecretKey, Sessions};
//!
//! let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&HeaderMap::new());
//! let Step::Done(session) = exchange.open() else { panic!("a cookie session needs no store") };
//! session?.insert("a", 1)?;
//! let Step::Done(mut outgoing) = exchange.close() else { panic!("its close needs none either") };
//! let mut response = HeaderMap::new();
//! outgoing.apply(&mut response)?;
//! assert!(response.contains_key("set-cookie"));
//! # Ok::<(), session_core::Error>(())
//! ```

pub use crate::exchange::{Exchange, LazySession};
pub use crate::record::store::{
    Inserted, Loaded, Outcome, Record, StoreReply, StoreRequest, TOMBSTONE_SECONDS, TrimResult,
    Updated,
};
pub use crate::response::headers::ResponseHeaders;
pub use crate::response::outgoing::Outgoing;
pub use crate::stored::step::{Pending, Step};
