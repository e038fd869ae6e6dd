//! The response headers that a session writes, for any framework's header type.

use http::header::{self, MaxSizeReached};
use http::{HeaderName, HeaderValue};

use crate::error::Error;

/// The headers of a response.
///
/// Implemented for [`HeaderMap`](http::HeaderMap). The adapter of a framework with another header type implements this trait for a wrapper
/// around a reference to it.
///
/// ```
/// use http::header::MaxSizeReached;
/// use http::{HeaderName, HeaderValue};
/// use session_core::{protocol::ResponseHeaders, SecretKey, Sessions};
///
/// struct Lines<'a>(&'a mut Vec<(&'static str, Vec<u8>)>);
///
/// impl ResponseHeaders for Lines<'_> {
///     fn contains(&self, name: &'static HeaderName) -> bool {
///         self.0.iter().any(|(found, _)| *found == name.as_str())
///     }
///
///     fn values(&self, name: &'static HeaderName) -> Vec<&[u8]> {
///         let of = self.0.iter().filter(|(found, _)| *found == name.as_str());
///         of.map(|(_, value)| &value[..]).collect()
///     }
///
///     fn remove(&mut self, name: &'static HeaderName) {
///         self.0.retain(|(found, _)| *found != name.as_str());
///     }
///
///     fn append(&mut self, name: &'static HeaderName, value: HeaderValue) -> Result<(), MaxSizeReached> {
///         self.0.push((name.as_str(), value.as_bytes().to_vec()));
///         Ok(())
///     }
/// }
///
/// # let exchange = Sessions::new(SecretKey::generate().unwrap()).exchange(&http::HeaderMap::new());
/// # let _session = exchange.open().done().unwrap().unwrap();
/// let mut response = vec![("vary", b"Accept".to_vec())];
/// exchange.close().done().unwrap().apply(&mut Lines(&mut response)).unwrap();
/// assert_eq!(response, [("vary", b"Accept, Cookie".to_vec()), ("cache-control", b"private".to_vec())]);
/// ```
pub trait ResponseHeaders {
    /// Returns whether the response has a header of this name.
    fn contains(&self, name: &'static HeaderName) -> bool;

    /// Returns the values of all headers of this name, in order.
    fn values(&self, name: &'static HeaderName) -> Vec<&[u8]>;

    /// Removes all headers of this name.
    fn remove(&mut self, name: &'static HeaderName);

    /// Adds a header after those of this name.
    ///
    /// # Errors
    /// [`MaxSizeReached`] when the header type takes no more headers.
    fn append(
        &mut self,
        name: &'static HeaderName,
        value: HeaderValue,
    ) -> Result<(), MaxSizeReached>;
}

/// A header that a session writes: its name, and the name as errors show it.
type Header = (HeaderName, &'static str);

static VARY: Header = (header::VARY, "Vary");
static CACHE_CONTROL: Header = (header::CACHE_CONTROL, "Cache-Control");
pub(crate) static SET_COOKIE: Header = (header::SET_COOKIE, "Set-Cookie");
/// Tells the browser what to delete (W3C Clear Site Data, section 3.1). The value is a list, so a handler's own header of this
/// name stays beside it.
pub(crate) static CLEAR_SITE_DATA: Header = (
    HeaderName::from_static("clear-site-data"),
    "Clear-Site-Data",
);
// Caches between server and browser obey these before Cache-Control (RFC 9213, section 2; Edge Architecture 1.0).
static TARGETED: [HeaderName; 2] = [
    HeaderName::from_static("cdn-cache-control"),
    HeaderName::from_static("surrogate-control"),
];

/// Adds `Cookie` to Vary, unless it is there in any case of letters. The result is one header, as Werkzeug writes it.
pub(crate) fn vary_cookie(headers: &mut impl ResponseHeaders) -> Result<(), Error> {
    if !headers.contains(&VARY.0) {
        let value = HeaderValue::from_static("Cookie");
        return append(headers, &VARY, value);
    }
    let mut values = headers.values(&VARY.0);
    if has_token(&values, "cookie") {
        return Ok(());
    }
    // Some frameworks let a handler write a value that HTTP forbids. It is left out.
    values.retain(|value| HeaderValue::from_bytes(value).is_ok());
    values.push(b"Cookie");
    let Ok(joined) = HeaderValue::from_bytes(&values.join(&b", "[..])) else {
        return Err(Error::TooManyHeaders("Vary"));
    };
    headers.remove(&VARY.0);
    append(headers, &VARY, joined)
}

/// Marks a response that depends on a session as private, unless the handler has set Cache-Control.
pub(crate) fn private(headers: &mut impl ResponseHeaders) -> Result<(), Error> {
    if headers.contains(&CACHE_CONTROL.0) {
        return Ok(());
    }
    let value = HeaderValue::from_static("private");
    append(headers, &CACHE_CONTROL, value)
}

/// Forbids every cache to store a response that sets a session cookie (CVE-2025-48947, CVE-2025-64762). Returns whether
/// this replaced a header of the handler's.
pub(crate) fn no_store(headers: &mut impl ResponseHeaders) -> Result<bool, Error> {
    let mut replaced = false;
    for name in &TARGETED {
        if headers.contains(name) {
            headers.remove(name);
            replaced = true;
        }
    }
    if headers.contains(&CACHE_CONTROL.0) {
        if has_token(&headers.values(&CACHE_CONTROL.0), "no-store") {
            return Ok(replaced);
        }
        headers.remove(&CACHE_CONTROL.0);
        replaced = true;
    }
    let value = HeaderValue::from_static("no-store");
    append(headers, &CACHE_CONTROL, value)?;
    Ok(replaced)
}

/// Returns whether a comma-separated header has this member, in any case of letters.
fn has_token(values: &[&[u8]], token: &str) -> bool {
    for value in values {
        let mut members = value.split(|byte| *byte == b',');
        if members.any(|member| member.trim_ascii().eq_ignore_ascii_case(token.as_bytes())) {
            return true;
        }
    }
    false
}

/// Adds a header after those of its name.
pub(crate) fn append(
    headers: &mut impl ResponseHeaders,
    (name, shown): &'static Header,
    value: HeaderValue,
) -> Result<(), Error> {
    let appended = headers.append(name, value);
    appended.or(Err(Error::TooManyHeaders(shown)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::outgoing::Outgoing;
    use http::HeaderMap;
    use proptest::prelude::*;

    /// A header type as simple as the trait allows.
    #[derive(Default)]
    struct Lines(Vec<(String, Vec<u8>)>);

    impl ResponseHeaders for Lines {
        fn contains(&self, name: &'static HeaderName) -> bool {
            self.0.iter().any(|(found, _)| found == name.as_str())
        }

        fn values(&self, name: &'static HeaderName) -> Vec<&[u8]> {
            self.0
                .iter()
                .filter(|(found, _)| found == name.as_str())
                .map(|(_, value)| &value[..])
                .collect()
        }

        fn remove(&mut self, name: &'static HeaderName) {
            self.0.retain(|(found, _)| found != name.as_str());
        }

        fn append(
            &mut self,
            name: &'static HeaderName,
            value: HeaderValue,
        ) -> Result<(), MaxSizeReached> {
            self.0.push((name.to_string(), value.as_bytes().to_vec()));
            Ok(())
        }
    }

    const NAMES: [&str; 7] = [
        "vary",
        "cache-control",
        "cdn-cache-control",
        "surrogate-control",
        "clear-site-data",
        "set-cookie",
        "content-type",
    ];

    proptest! {
        /// The response does not depend on the header type, and headers of others stay.
        #[test]
        fn one_result_for_all_types(
            lines in prop::collection::vec(
                (prop::sample::select(NAMES.to_vec()), prop::sample::select(vec!["", "Accept", "a, COOKIE ,b", "no-store", "public, x"])),
                0..6,
            ),
            vary: bool, sets: bool, renamed: bool, cache_headers: bool, clear_site_data: bool,
        ) {
            let cookie = |value| HeaderValue::from_static(value);
            let outgoing = || Outgoing {
                vary,
                set_cookie: sets.then(|| cookie("session=new")),
                old_cookie: renamed.then(|| cookie("old=").into()),
                cache_headers,
                clear_site_data,
                ..Outgoing::default()
            };
            let (mut ours, mut map, mut plain) = (outgoing(), HeaderMap::new(), Lines::default());
            for (name, value) in &lines {
                map.append(*name, cookie(value));
                plain.0.push(((*name).to_owned(), value.as_bytes().to_vec()));
            }
            let mut same = outgoing();
            prop_assert_eq!((ours.apply(&mut map), same.apply(&mut plain)), (Ok(()), Ok(())));
            prop_assert_eq!(ours.events().len(), same.events().len());
            for name in NAMES {
                let of_map: Vec<_> = map.get_all(name).iter().map(HeaderValue::as_bytes).collect();
                let of_plain: Vec<_> = plain.0.iter().filter(|(found, _)| found == name).map(|(_, value)| &value[..]).collect();
                prop_assert_eq!(of_map, of_plain, "{}", name);
            }
            let given = |name| lines.iter().filter(move |(found, _)| *found == name).count();
            prop_assert_eq!(map.get_all("content-type").iter().count(), given("content-type"));
            prop_assert_eq!(map.get_all("set-cookie").iter().count(), given("set-cookie") + usize::from(sets) + usize::from(sets && renamed));
        }
    }

    /// Rocket lets a handler write any bytes.
    #[test]
    fn a_value_that_http_forbids_is_left_out() {
        let mut headers = Lines(vec![
            ("vary".into(), b"Accept\r\nX: y".into()),
            ("vary".into(), b"Origin".into()),
        ]);
        vary_cookie(&mut headers).unwrap();
        assert_eq!(headers.values(&VARY.0), [b"Origin, Cookie"]);
    }
}
