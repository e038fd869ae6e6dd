//! Notices a Secure cookie that goes out over plain HTTP, where a browser drops it in silence.
//!
//! A server behind a proxy does not see whether the browser uses TLS, so most requests tell nothing, and these are never
//! warned about. One kind of request is certain. A page that was loaded over plain HTTP sends its own address as `Origin`
//! (with a form) or `Referer` (with a link): `http://192.168.1.5:5000`. If `Host` has the same name and the same port, and the port is
//! written out, this request went to the address that has served the page, and one port does not serve both HTTP and HTTPS.
//!
//! Without a port nothing is certain: a page of `http://shop.example` may post to `https://shop.example`, and the browser
//! then sends `Origin: http://shop.example` with `Host: shop.example`.

use std::sync::atomic::{AtomicBool, Ordering};

use http::HeaderValue;

use crate::adapter::trace;

/// Headers of proxies, any of which may have ended the browser's TLS; and those that a browser sends only where it
/// accepts Secure cookies (W3C Fetch Metadata, section 2).
const UNKNOWN: [&str; 12] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-scheme",
    "x-forwarded-ssl",
    "x-real-ip",
    "front-end-https",
    "sec-fetch-site",
    "sec-fetch-mode",
];

static WARNED: AtomicBool = AtomicBool::new(false);

/// A request that a browser has certainly sent over plain HTTP, and not to its own machine. Made by
/// [`SessionBackend::plain_http`](crate::SessionBackend::plain_http).
#[derive(Debug, Clone)]
pub struct PlainHttp {
    host: HeaderValue,
    cookie: String,
}

impl PlainHttp {
    /// Returns None where it is not certain, and when the warning was given.
    pub(crate) fn of<'a>(
        cookie: &str,
        header: impl Fn(&'static str) -> Option<&'a [u8]>,
    ) -> Option<Self> {
        if WARNED.load(Ordering::Relaxed) {
            return None;
        }
        let host = plain_host(header)?;
        Some(Self {
            host: HeaderValue::from_bytes(host).ok()?,
            cookie: cookie.to_owned(),
        })
    }

    /// Warns if one of the response's `Set-Cookie` values is the session's and is Secure. Once in a process.
    ///
    /// ```
    /// # use std::io::{BufRead, BufReader, pipe};
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::SessionBackend;
    /// # let (log, writer) = pipe().unwrap();
    /// # let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(std::sync::Arc::new(writer));
    /// # let _guard = tracing::subscriber::set_default(subscriber.finish());
    /// let backend = SessionBackend::new(Sessions::new(SecretKey::generate().unwrap()));
    /// let form = |name: &str| match name {
    ///     "host" => Some(&b"192.168.1.5:5000"[..]),
    ///     "origin" => Some(&b"http://192.168.1.5:5000"[..]),
    ///     _ => None,
    /// };
    /// let request = backend.plain_http(form).unwrap();
    /// request.warn_of([&b"__Host-session=...; Secure; Path=/"[..]]);
    /// # let mut logged = String::new();
    /// # BufReader::new(log).read_line(&mut logged).unwrap();
    /// assert!(logged.contains("WARN session: the cookie \"__Host-session\" is Secure, and went to a browser over plain HTTP"));
    /// assert!(logged.contains("\"192.168.1.5:5000\""));
    /// ```
    pub fn warn_of<'a>(&self, set_cookies: impl IntoIterator<Item = &'a [u8]>) {
        for set_cookie in set_cookies {
            if self.is_secure(set_cookie) && !WARNED.swap(true, Ordering::Relaxed) {
                trace::warn(&self.message());
            }
        }
    }

    fn is_secure(&self, set_cookie: &[u8]) -> bool {
        // The attributes are ours, so their case is known.
        let text = String::from_utf8_lossy(set_cookie);
        let value = text.strip_prefix(&self.cookie);
        value.is_some_and(|value| value.starts_with('='))
            && text.split("; ").any(|part| part == "Secure")
    }

    fn message(&self) -> String {
        let Self { host, cookie } = self;
        format!(
            "the cookie {cookie:?} is Secure, and went to a browser over plain HTTP, at {host:?}: the browser drops it, so \
             each request begins a new session. Serve the site over HTTPS. In a trusted network without TLS build the sessions \
             with `insecure_plain_http()`, in Flask's format with SESSION_COOKIE_SECURE=false"
        )
    }
}

/// Returns the host of a request that a browser has certainly sent over plain HTTP, if it is not loopback.
fn plain_host<'a>(header: impl Fn(&'static str) -> Option<&'a [u8]>) -> Option<&'a [u8]> {
    let host = header("host")?;
    // The cheapest check, and the one that ends most requests of a site behind a proxy.
    if !has_port(host) || is_loopback(host) {
        return None;
    }
    let page = header("origin").or_else(|| header("referer"))?;
    // What follows the host in a longer port, or in a name that begins like it, is neither nothing nor a path.
    let rest = page.strip_prefix(b"http://")?.strip_prefix(host)?;
    let is_this_host = rest.is_empty() || rest.starts_with(b"/");
    let is_known = UNKNOWN.iter().all(|name| header(name).is_none());
    (is_this_host && is_known).then_some(host)
}

fn has_port(host: &[u8]) -> bool {
    let Some(colon) = host.iter().rposition(|byte| *byte == b':') else {
        return false;
    };
    let port = &host[colon + 1..];
    !port.is_empty() && port.iter().all(u8::is_ascii_digit)
}

/// Returns whether a browser takes a host with a port for its own machine, and accepts Secure cookies from it.
fn is_loopback(host: &[u8]) -> bool {
    let host = host.to_ascii_lowercase();
    let name = match host.iter().rposition(|byte| *byte == b':') {
        Some(colon) => &host[..colon],
        None => &host[..],
    };
    name == b"localhost"
        || name.ends_with(b".localhost")
        || name.starts_with(b"127.")
        || name == b"[::1]"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns whether the browser's plain HTTP is certain. Each header is `name: value`.
    fn certain(headers: &[&str]) -> bool {
        plain_host(|name| {
            let prefix = format!("{name}: ");
            headers
                .iter()
                .find_map(|header| header.strip_prefix(&*prefix))
                .map(str::as_bytes)
        })
        .is_some()
    }

    #[test]
    fn a_form_and_a_link_of_a_page_over_plain_http() {
        for page in [
            "origin: http://192.168.1.5:5000",
            "referer: http://192.168.1.5:5000/login?next=/",
        ] {
            assert!(certain(&["host: 192.168.1.5:5000", page]), "{page}");
        }
        assert!(certain(&[
            "host: [fd00::5]:80",
            "origin: http://[fd00::5]:80"
        ]));
    }

    #[test]
    fn no_warning_where_it_cannot_be_known() {
        let (host, origin) = (
            "host: shop.example:5000",
            "origin: http://shop.example:5000",
        );
        assert!(certain(&[host, origin]));
        let cases: [&[&str]; 10] = [
            &[],
            &[host],
            &[origin],
            // The page is elsewhere, or is sandboxed.
            &[host, "origin: null"],
            &[host, "origin: http://other.example:5000"],
            &[host, "origin: http://shop.example"],
            &[host, "origin: http://shop.example:50001"],
            &[host, "origin: https://shop.example:5000"],
            &[host, "referer: http://shop.example:5000.evil.example/"],
            // A page over HTTP may post to HTTPS where neither has a port.
            &["host: shop.example", "origin: http://shop.example"],
        ];
        for headers in cases {
            assert!(!certain(headers), "{headers:?}");
        }
    }

    #[test]
    fn no_warning_behind_a_proxy_or_in_a_secure_context() {
        for name in UNKNOWN {
            let header = format!("{name}: x");
            let request = ["host: a.example:80", "origin: http://a.example:80", &header];
            assert!(!certain(&request), "{name}");
        }
    }

    #[test]
    fn no_warning_on_loopback() {
        for host in [
            "localhost",
            "LocalHost",
            "shop.localhost",
            "127.0.0.1",
            "127.1.2.3",
            "[::1]",
        ] {
            let request = [
                &*format!("host: {host}:5000"),
                &format!("origin: http://{host}:5000"),
            ];
            assert!(!certain(&request), "{host}");
        }
        assert!(certain(&[
            "host: localhost.example:5000",
            "origin: http://localhost.example:5000"
        ]));
    }
}
