//! Internals that two targets of `fuzz/` call. Compiled with `--cfg fuzzing`, which cargo-fuzz sets, and otherwise not at all.

use http::HeaderValue;

use crate::cookie::attributes::{Attributes, Prefix};
use crate::cookie::header::Dialect;
use crate::cookie::template::CookieTemplate;
use crate::record::body::Body;

/// Returns the values of a Cookie header under this name, as our own formats read them. None if the name is no cookie name.
pub fn values(name: &str, header: &HeaderValue) -> Vec<Vec<u8>> {
    read(name, header, Dialect::Browser)
}

/// Returns the values of a Cookie header under this name, as Flask's format reads them.
pub fn values_of_flask(name: &str, header: &HeaderValue) -> Vec<Vec<u8>> {
    read(name, header, Dialect::Werkzeug)
}

fn read(name: &str, header: &HeaderValue, dialect: Dialect) -> Vec<Vec<u8>> {
    let (prefix, name) = Prefix::split(name);
    let attributes = Attributes {
        prefix,
        name: name.to_owned(),
        domain: None,
        path: "/".to_owned(),
        secure: true,
        http_only: true,
        same_site: None,
        partitioned: false,
    };
    let mut values = Vec::new();
    if let Ok(template) = CookieTemplate::new(&attributes) {
        for value in template.find(header, dialect) {
            values.push(value.into_owned());
        }
    }
    values
}

/// Decodes the body of a record and encodes it again. `None` if the bytes are no body.
pub fn body(bytes: &[u8]) -> Option<Vec<u8>> {
    Some(Body::decode(bytes)?.encode())
}
