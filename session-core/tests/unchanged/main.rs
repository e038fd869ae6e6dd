//! Sessions that nobody changed: written anew with the payload that came, or, where they cannot be written, left as they are. A
//! request that only reads never fails by its session.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod compressed;
mod encryption;
mod helpers;
mod left;
mod refresh;
