//! Requirements from OWASP's ASVS, from RFC 6265bis and from vulnerabilities of other libraries,
//! each named by its id. This crate tests those that need only the core; `docs/security.md` lists
//! all of them with their tests.

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

/// Returns a builder of our format whose clock stands at [`NOW`] until the test moves it.
fn ours(time: &common::ManualClock) -> Builder {
    Sessions::builder(common::key(common::KEY)).clock(time.clone())
}
