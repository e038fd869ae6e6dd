//! The bytes of a cookie's value, one layer in each file. A file uses only files above it in this list.
//!
//! | file | content |
//! |---|---|
//! | `stamp` | times and flags, 18 bytes |
//! | `payload`, `deflate` | the JSON text, plain or compressed |
//! | `segments` | a cookie's three parts |
//! | `lifetime`, `record_lifetime` | whether a stamp is still valid |
//! | `mac` | signatures |
//! | `aead`, `nonce` | encryption |
//! | `content` | a cookie's session, to be read and to be written |
//! | `signed`, `encrypted`, `flask` | the formats |
//! | `format` | which format reads a cookie |
//! | `key_context`, `record_codec`, `keyed`, `derive` | all keys of a configuration |

#[cfg(feature = "encryption")]
pub(crate) mod aead;
#[cfg(not(feature = "encryption"))]
#[path = "no_aead.rs"]
pub(crate) mod aead;
pub(crate) mod content;
pub(crate) mod deflate;
mod derive;
pub(crate) mod encrypted;
pub(crate) mod flask;
pub(crate) mod format;
pub(crate) mod key_context;
pub(crate) mod keyed;
pub(crate) mod lifetime;
pub(crate) mod mac;
pub(crate) mod nonce;
pub(crate) mod payload;
pub(crate) mod record_codec;
pub(crate) mod record_lifetime;
pub(crate) mod segments;
pub(crate) mod signed;
pub(crate) mod stamp;
