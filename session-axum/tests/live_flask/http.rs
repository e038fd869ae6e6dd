//! A browser in a few lines: HTTP/1.1 over a socket of its own for each request, and a jar for the one cookie.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::Cookie;
use cookie::time::OffsetDateTime;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    method: &'static str,
    path: String,
    form: Option<String>,
}

impl Request {
    pub(crate) fn get(path: &str) -> Self {
        Self { method: "GET", path: path.to_owned(), form: None }
    }

    pub(crate) fn head(path: &str) -> Self {
        Self { method: "HEAD", path: path.to_owned(), form: None }
    }

    pub(crate) fn post(path: &str, form: &[(&str, &str)]) -> Self {
        let pairs: Vec<_> =
            form.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        Self { method: "POST", path: path.to_owned(), form: Some(pairs.join("&")) }
    }

    pub(crate) fn send(&self, to: SocketAddr, jar: &Jar) -> Response {
        let mut text =
            format!("{} {} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n", self.method, self.path);
        if let Some(value) = &jar.0 {
            write!(text, "Cookie: session={value}\r\n").unwrap();
        }
        if let Some(form) = &self.form {
            let length = form.len();
            write!(text, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n")
                .unwrap();
        }
        text.push_str("\r\n");
        text.push_str(self.form.as_deref().unwrap_or_default());

        let mut stream = TcpStream::connect_timeout(&to, PATIENCE).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        Response::read(BufReader::new(stream), self.method != "HEAD")
    }
}

/// Percent-encoded, so that any text fits into a path segment or a form.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").unwrap();
        }
        out
    })
}

#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    /// Reads no further than the response goes: Flask's server closes 10 ms after it, the client at once.
    fn read(mut stream: impl BufRead, has_body: bool) -> Self {
        let mut line = || {
            let mut line = String::new();
            stream.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        let status = line().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = std::iter::from_fn(|| Some(line()).filter(|line| !line.is_empty()));
        let headers = headers.map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        });
        let mut response = Self { status, headers: headers.collect(), body: String::new() };
        let length = response.header("content-length").map_or(0, |length| length.parse().unwrap());
        assert_eq!(response.header("transfer-encoding"), None, "this client reads no chunks");
        if has_body {
            stream.take(length).read_to_string(&mut response.body).unwrap();
            assert_eq!(response.body.len() as u64, length, "the body was cut off");
        }
        response
    }

    /// The value of a header that may come once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values =
            self.headers.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str());
        let value = values.next();
        assert_eq!(values.next(), None, "{name} came twice");
        value
    }

    pub(crate) fn set_cookie(&self) -> Option<SetCookie> {
        self.header("set-cookie").map(SetCookie::parse)
    }

    pub(crate) fn varies_by_cookie(&self) -> bool {
        self.header("vary")
            .is_some_and(|vary| vary.split(',').any(|name| name.trim().eq_ignore_ascii_case("cookie")))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.body))
    }
}

/// What the browser makes of `Set-Cookie`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SetCookie {
    pub(crate) value: String,
    /// Sorted, since their order means nothing.
    pub(crate) attributes: Vec<String>,
    pub(crate) expires: Option<i64>,
    is_removal: bool,
}

impl SetCookie {
    pub(crate) fn parse(header: &str) -> Self {
        let parsed = Cookie::parse(header).unwrap();
        assert_eq!(parsed.name(), "session");
        let mut attributes: Vec<_> = header.split("; ").skip(1).map(str::to_owned).collect();
        attributes.sort();
        let expires = parsed.expires_datetime();
        let is_removal = parsed.max_age().is_some_and(|age| !age.is_positive())
            || expires.is_some_and(|then| then <= OffsetDateTime::now_utc());
        let expires = expires.map(OffsetDateTime::unix_timestamp);
        Self { value: parsed.value().to_owned(), attributes, expires, is_removal }
    }

    pub(crate) fn content(&self) -> Option<Content> {
        (!self.is_removal).then(|| Content::read(&self.value))
    }
}

/// What is inside a cookie of Flask's; its signature is for the servers to check.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Content {
    pub(crate) json: String,
    pub(crate) compressed: bool,
    pub(crate) written: u64,
    /// Octets of the signature.
    pub(crate) signature: usize,
}

impl Content {
    pub(crate) fn read(value: &str) -> Self {
        let parts: Vec<&str> = value.rsplitn(3, '.').collect();
        let [signature, written, payload] = parts[..] else { panic!("{value:?} has no three parts") };
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let json = match payload.strip_prefix('.') {
            None => bytes(payload),
            Some(payload) => {
                let mut json = Vec::new();
                flate2::read::ZlibDecoder::new(&*bytes(payload)).read_to_end(&mut json).unwrap();
                json
            }
        };
        Self {
            json: String::from_utf8(json).unwrap(),
            compressed: payload.starts_with('.'),
            written: bytes(written).iter().fold(0, |number, byte| number << 8 | u64::from(*byte)),
            signature: bytes(signature).len(),
        }
    }
}

/// The value of the cookie `session`, if there is one. As in a browser it is the same for every port of a host.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Jar(pub(crate) Option<String>);

impl Jar {
    pub(crate) fn keep(&mut self, set_cookie: Option<&SetCookie>) {
        if let Some(set) = set_cookie {
            self.0 = (!set.is_removal).then(|| set.value.clone());
        }
    }

    /// Sends a request and keeps the cookie that comes back; the answer must be no error.
    pub(crate) fn send(&mut self, to: SocketAddr, request: &Request) -> Response {
        let response = request.send(to, self);
        assert!(response.status < 400, "{request:?}: {response:?}");
        self.keep(response.set_cookie().as_ref());
        response
    }

    pub(crate) fn get(&mut self, to: SocketAddr, path: &str) -> Response {
        self.send(to, &Request::get(path))
    }

    pub(crate) fn post(&mut self, to: SocketAddr, path: &str, form: &[(&str, &str)]) -> Response {
        self.send(to, &Request::post(path, form))
    }

    pub(crate) fn content(&self) -> Content {
        Content::read(self.0.as_deref().unwrap())
    }
}
