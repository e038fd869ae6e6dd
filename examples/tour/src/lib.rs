//! The tour: the demo application of the session crates, without its framework.
//!
//! Every web framework uses this code: the command line ([`options`]), the [`start`] from it, the
//! [`actions`] of the routes on a session, the HTML [`page`]s, which are plain functions from data
//! to text, and the decision when to [`stop`].

pub mod actions;
#[cfg_attr(not(feature = "stores"), path = "no_databases.rs")]
pub mod databases;
pub mod options;
pub mod page;
pub mod start;
pub mod stop;
