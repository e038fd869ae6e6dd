//! The tour on actix-web, with the adapter that `docs/adapters.md` tells how to write.

pub mod adapter;
pub mod routes;

/// The programs of the guide compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/adapters.md")]
struct Guide;
