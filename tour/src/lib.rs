//! The tour: the demo application of the session crates, without its framework.
//!
//! What is here is the same for every web framework: the command line [`options`] and the HTML
//! [`page`]s, which are plain functions from data to text and know nothing about sessions.

pub mod options;
pub mod page;
