//! JSON: the scanner, canonical text, and Flask's tags.

pub(crate) mod canonical;
mod ends;
pub(crate) mod plain;
pub(crate) mod read;
pub(crate) mod scan;
pub(crate) mod tag;
pub(crate) mod text;
pub(crate) mod verbatim;
pub(crate) mod write;

#[cfg(test)]
mod tests;
