//! Responses of Rocket, whose headers are text.

use std::io::Cursor;

use http::header::{CONTENT_TYPE, MaxSizeReached, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use rocket::Response;
use rocket::http::Status;
use session_core::{Error, protocol::ResponseHeaders};

/// Returns [`session_store::error_response`] as a response of Rocket.
pub(crate) fn error_response(error: Error) -> Response<'static> {
    let (parts, body) = session_store::error_response(error).into_parts();
    let mut response = with_headers(parts.status, &parts.headers);
    if !body.is_empty() {
        response.set_sized_body(body.len(), Cursor::new(body));
    }
    response
}

/// Returns status and headers of [`error_response`], for a response that has a page.
pub(crate) fn error_headers(error: Error) -> Response<'static> {
    let (mut parts, _) = session_store::error_response(error).into_parts();
    for of_the_text in [CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS] {
        parts.headers.remove(of_the_text);
    }
    with_headers(parts.status, &parts.headers)
}

fn with_headers(status: StatusCode, headers: &HeaderMap) -> Response<'static> {
    let mut response = Response::new();
    response.set_status(Status::new(status.as_u16()));
    for (name, value) in headers {
        response.set_raw_header(name.as_str().to_owned(), text(value));
    }
    response
}

/// All that the core adds is ASCII.
fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// The headers of a response, as the core writes them.
pub(crate) struct Headers<'a, 'r>(pub(crate) &'a mut Response<'r>);

impl ResponseHeaders for Headers<'_, '_> {
    fn contains(&self, name: &'static HeaderName) -> bool {
        self.0.headers().contains(name)
    }

    fn values(&self, name: &'static HeaderName) -> Vec<&[u8]> {
        let values = self.0.headers().get(name.as_str());
        values.map(str::as_bytes).collect()
    }

    fn remove(&mut self, name: &'static HeaderName) {
        self.0.remove_header(name.as_str());
    }

    fn append(
        &mut self,
        name: &'static HeaderName,
        value: HeaderValue,
    ) -> Result<(), MaxSizeReached> {
        self.0.adjoin_raw_header(name.as_str(), text(&value));
        Ok(())
    }
}
