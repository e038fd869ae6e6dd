//! Sessions without a change: signed again with the payload that came, or left as they are where
//! they cannot be written. A request that only reads never fails because of its session.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod compressed;
mod encryption;
mod helpers;
mod left;
mod refresh;
