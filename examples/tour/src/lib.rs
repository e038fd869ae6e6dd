//! The tour: the demo application of the session crates, without its framework.
//!
//! What is here is the same for every web framework: the command line [`options`] and the [`start`] from them, the
//! [`actions`] of the routes on a session, the HTML [`page`]s, which are plain functions from data to text, and the end of
//! it all: when to [`stop`].

pub mod actions;
pub mod options;
pub mod page;
pub mod start;
pub mod stop;
