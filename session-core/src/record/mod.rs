//! A stored session as data: its record, its id, the requests to a store and their replies.
//!
//! Each file imports only from those above it in this list.
//!
//! | file | what is there |
//! |---|---|
//! | `store` | the requests to a store, and its replies |
//! | `id` | the id that a browser holds |
//! | `body` | the core's own bytes in a record |
//! | `at_rest` | how a store holds these bytes: plain or encrypted |
//! | `base` | what a session was opened from |
//! | `policy` | the settings of stored sessions |

pub(crate) mod at_rest;
pub(crate) mod base;
pub(crate) mod body;
pub(crate) mod id;
pub(crate) mod policy;
pub(crate) mod store;
