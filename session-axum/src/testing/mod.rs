//! Helpers for the tests of applications (feature `testing`): a [`Browser`] that visits a router, and all of
//! [`session_store::testing`]: a request that has a session, the session that a response leaves, a clock that a test moves.
//!
//! ```toml
//! [dev-dependencies]
//! session-axum = { version = "0.1", features = ["testing"] }
//! ```

mod browser;
mod location;
mod page;

pub use browser::Browser;
pub use page::{BrowserError, Page};
#[doc(no_inline)]
pub use session_store::testing::*;
