//! What the targets of `fuzz/` need and nobody else: compiled for them alone.

use http::HeaderValue;

use crate::cookie::attributes::{Attributes, Prefix};
use crate::cookie::header::Dialect;
use crate::cookie::template::CookieTemplate;
use crate::record::body::Body;

/// The values of the cookies of a name in a Cookie header, as our formats read them; none if it is no name.
pub fn values(name: &str, header: &HeaderValue) -> Vec<Vec<u8>> {
    read(name, header, Dialect::Browser)
}

/// As Flask's format reads them.
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
    let template = CookieTemplate::new(&attributes);
    let values = |template: CookieTemplate| {
        template
            .find(header, dialect)
            .map(std::borrow::Cow::into_owned)
            .collect()
    };
    template.map(values).unwrap_or_default()
}

/// The body of a record, decoded and encoded again; `None` if it is none.
pub fn body(bytes: &[u8]) -> Option<Vec<u8>> {
    Body::decode(bytes).map(|body| body.encode())
}
