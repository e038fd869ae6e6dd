//! The tour on actix-web.
