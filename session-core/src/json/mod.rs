//! JSON text: the scanner, canonical text, and Flask's tags.
//!
//! Imports run one way: `string_end`, `scan`, `unescape`, `text`, `object`, `float`, `view`, `tag`, `tagged`, `verbatim`, `canonical`,
//! `untag`, `de`, `ser`, each of the modules before it.

pub(crate) mod canonical;
pub(crate) mod de;
pub(crate) mod float;
pub(crate) mod object;
pub(crate) mod scan;
pub(crate) mod ser;
pub(crate) mod string_end;
pub(crate) mod tag;
pub mod tagged;
pub(crate) mod text;
pub(crate) mod unescape;
pub(crate) mod untag;
pub(crate) mod verbatim;
pub(crate) mod view;

#[cfg(test)]
mod tests;
