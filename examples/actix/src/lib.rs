//! The tour on actix-web, with the adapter that `docs/adapters.md` tells how to write.

pub mod adapter;
pub mod routes;
