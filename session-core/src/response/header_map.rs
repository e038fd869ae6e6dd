//! The headers of the `http` crate, as most frameworks have them. Another header type implements the trait in its adapter.

use http::header::MaxSizeReached;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::response::headers::ResponseHeaders;

impl ResponseHeaders for HeaderMap {
    fn contains(&self, name: &'static HeaderName) -> bool {
        // A response has few headers, so comparing their names costs less than hashing this one.
        self.keys().any(|found| found == name)
    }

    fn values(&self, name: &'static HeaderName) -> Vec<&[u8]> {
        let values = self.get_all(name).iter();
        values.map(HeaderValue::as_bytes).collect()
    }

    fn remove(&mut self, name: &'static HeaderName) {
        HeaderMap::remove(self, name);
    }

    fn append(
        &mut self,
        name: &'static HeaderName,
        value: HeaderValue,
    ) -> Result<(), MaxSizeReached> {
        self.try_append(name, value).map(drop)
    }
}
