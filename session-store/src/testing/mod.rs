//! Helpers for the tests of applications (feature `testing`): those of [`session_core::testing`], and for sessions in a store
//! those of [`stored`]. The adapters have this module, too: `session_axum::testing`, `session_hyper::testing`,
//! `session_rocket::testing`.

pub mod stored;

#[doc(no_inline)]
pub use session_core::testing::*;
