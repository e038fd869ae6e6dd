//! The content of a cookie, as its format reads and writes it.

use crate::data::map::Map;
use crate::token::segments::Segments;
use crate::token::stamp::Stamp;

/// The session that a cookie is to hold.
#[derive(Clone, Copy)]
pub(crate) struct Content<'a> {
    pub(crate) map: &'a Map,
    pub(crate) stamp: &'a Stamp,
    /// The value of the request's cookie, if its session is unchanged.
    pub(crate) unchanged: Option<&'a [u8]>,
}

impl<'a> Content<'a> {
    /// Returns the payload of the request's cookie, to be sent back as it is. An encrypted cookie has none.
    pub(crate) fn payload(&self, longest: usize) -> Option<&'a [u8]> {
        Some(Segments::split(self.unchanged?, longest).ok()?.payload)
    }
}
