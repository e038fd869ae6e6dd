//! JSON text: the scanner, canonical text, and Flask's tags.

pub(crate) mod canonical;
pub(crate) mod de;
pub(crate) mod scan;
pub(crate) mod ser;
pub(crate) mod string_end;
pub(crate) mod tag;
pub mod tagged;
pub(crate) mod text;
pub(crate) mod untag;
pub(crate) mod verbatim;

#[cfg(test)]
mod tests;
