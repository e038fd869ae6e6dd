//! Sessions of each format.

use http::HeaderMap;
use session_core::Session;

use crate::common::formats;

/// A session of each format.
pub(crate) fn each() -> impl Iterator<Item = Session> {
    formats()
        .into_iter()
        .map(|(_, builder)| builder.build().unwrap().open(&HeaderMap::new()))
}
