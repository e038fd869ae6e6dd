//! The bytes of a cookie's value, one layer in each file.
//!
//! The configuration alone decides how a value is read: a value names no algorithm, no key and no format.

#[cfg(feature = "encryption")]
pub(crate) mod aead;
#[cfg(not(feature = "encryption"))]
#[path = "no_aead.rs"]
pub(crate) mod aead;
pub(crate) mod encrypted;
pub(crate) mod flask;
pub(crate) mod format;
pub(crate) mod keyed;
pub(crate) mod lifetime;
pub(crate) mod mac;
pub(crate) mod nonce;
pub(crate) mod payload;
pub(crate) mod signed;
pub(crate) mod stamp;
