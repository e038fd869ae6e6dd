//! Requirements of OWASP's ASVS, of RFC 6265bis and from the accidents of other libraries, each by its id. Here: those that
//! need nothing but the core. `docs/security.md` has the table of all, and names the tests that stand elsewhere.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unit_arg
)]

#[path = "../common/mod.rs"]
mod common;

mod attributes;
mod cookie_value;
mod http;
mod lifetime;
mod ops;
mod token;
mod windows;

use session_core::{Builder, Sessions};

const NOW: u64 = 1_700_000_000;

/// Our format's builder with a clock that stands at [`NOW`] until it is moved.
fn ours(time: &common::ManualClock) -> Builder {
    Sessions::builder(common::key(common::KEY)).clock(time.clone())
}
