//! The tour on actix-web, with the adapter that `docs/adapters.md` explains.

pub mod adapter;
pub mod routes;
