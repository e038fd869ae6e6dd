//! What a session writes into a response's headers, whatever type a framework has for them.

use http::header::{CACHE_CONTROL, COOKIE, MaxSizeReached, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::Error;

/// A response's headers. Implemented for [`HeaderMap`]; a framework that has others implements it for a type that holds a
/// reference to them.
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
    /// Whether there is such a header.
    fn contains(&self, name: &'static HeaderName) -> bool;

    /// The values of all headers of this name, in order.
    fn values(&self, name: &'static HeaderName) -> Vec<&[u8]>;

    /// Removes all headers of this name.
    fn remove(&mut self, name: &'static HeaderName);

    /// Adds a header behind those of the same name.
    ///
    /// # Errors
    /// The type takes no more headers.
    fn append(
        &mut self,
        name: &'static HeaderName,
        value: HeaderValue,
    ) -> Result<(), MaxSizeReached>;
}

impl ResponseHeaders for HeaderMap {
    fn contains(&self, name: &'static HeaderName) -> bool {
        // A response has few headers: to compare their names costs less than to hash this one.
        self.keys().any(|found| found == name)
    }

    fn values(&self, name: &'static HeaderName) -> Vec<&[u8]> {
        self.get_all(name)
            .iter()
            .map(HeaderValue::as_bytes)
            .collect()
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

static VARY_NAME: HeaderName = VARY;
static SET_COOKIE_NAME: HeaderName = SET_COOKIE;
static CACHE_CONTROL_NAME: HeaderName = CACHE_CONTROL;
/// Caches between us and the browser obey these before Cache-Control (RFC 9213, section 2; Edge Architecture 1.0).
static TARGETED: [HeaderName; 2] = [
    HeaderName::from_static("cdn-cache-control"),
    HeaderName::from_static("surrogate-control"),
];
/// A list, so that a handler's own line of it stands beside ours (W3C Clear Site Data, section 3.1).
static CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// Adds `Cookie` to Vary unless it is there, in any case; one header, as Werkzeug's `HeaderSet` writes it.
pub(crate) fn vary_cookie(headers: &mut impl ResponseHeaders) -> Result<(), Error> {
    let mut value = HeaderValue::from_static("Cookie");
    if headers.contains(&VARY_NAME) {
        let mut all = headers.values(&VARY_NAME);
        if has_token(&all, COOKIE.as_str()) {
            return Ok(());
        }
        // Some frameworks let handlers write what HTTP forbids.
        all.retain(|value| HeaderValue::from_bytes(value).is_ok());
        all.push(b"Cookie");
        value = HeaderValue::from_bytes(&all.join(&b", "[..]))
            .map_err(|_| Error::TooManyHeaders("Vary"))?;
        headers.remove(&VARY_NAME);
    }
    append(headers, &VARY_NAME, value, "Vary")
}

pub(crate) fn set_cookie(
    headers: &mut impl ResponseHeaders,
    cookie: HeaderValue,
) -> Result<(), Error> {
    append(headers, &SET_COOKIE_NAME, cookie, "Set-Cookie")
}

/// Has the browser delete all cookies.
pub(crate) fn clear_cookies(headers: &mut impl ResponseHeaders) -> Result<(), Error> {
    append(
        headers,
        &CLEAR_SITE_DATA,
        HeaderValue::from_static("\"cookies\""),
        "Clear-Site-Data",
    )
}

/// For a response that depends on a session, unless the handler has said something about it.
pub(crate) fn private(headers: &mut impl ResponseHeaders) -> Result<(), Error> {
    match headers.contains(&CACHE_CONTROL_NAME) {
        true => Ok(()),
        false => append(
            headers,
            &CACHE_CONTROL_NAME,
            HeaderValue::from_static("private"),
            "Cache-Control",
        ),
    }
}

/// A response that sets a session cookie must not be kept by any cache (CVE-2025-48947, CVE-2025-64762). Tells whether the
/// handler had said otherwise.
pub(crate) fn no_store(headers: &mut impl ResponseHeaders) -> Result<bool, Error> {
    let mut replaced = false;
    for name in &TARGETED {
        if headers.contains(name) {
            headers.remove(name);
            replaced = true;
        }
    }
    if headers.contains(&CACHE_CONTROL_NAME) {
        if has_token(&headers.values(&CACHE_CONTROL_NAME), "no-store") {
            return Ok(replaced);
        }
        headers.remove(&CACHE_CONTROL_NAME);
        replaced = true;
    }
    append(
        headers,
        &CACHE_CONTROL_NAME,
        HeaderValue::from_static("no-store"),
        "Cache-Control",
    )?;
    Ok(replaced)
}

/// Whether a comma-separated header has this member, in any case.
fn has_token(values: &[&[u8]], token: &str) -> bool {
    let mut members = values
        .iter()
        .flat_map(|value| value.split(|byte| *byte == b','));
    members.any(|member| member.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

fn append(
    headers: &mut impl ResponseHeaders,
    name: &'static HeaderName,
    value: HeaderValue,
    shown: &'static str,
) -> Result<(), Error> {
    headers
        .append(name, value)
        .map_err(|_| Error::TooManyHeaders(shown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::outgoing::Outgoing;
    use proptest::prelude::*;

    /// The plainest headers there are.
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
        /// What goes out does not depend on the type of the headers, and what is not the session's stays.
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

    /// As Rocket does, where a handler writes what it likes.
    #[test]
    fn what_http_forbids_is_left_out() {
        let mut headers = Lines(vec![
            ("vary".into(), b"Accept\r\nX: y".into()),
            ("vary".into(), b"Origin".into()),
        ]);
        vary_cookie(&mut headers).unwrap();
        assert_eq!(headers.values(&VARY_NAME), [b"Origin, Cookie"]);
    }
}
