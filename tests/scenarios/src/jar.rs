//! Reads `Set-Cookie` as a browser does, and stores the one cookie in a jar.

use std::io::Read as _;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::Cookie;
use cookie::time::OffsetDateTime;

use crate::client::{Request, Response};

/// A `Set-Cookie` header, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetCookie {
    /// The cookie's name.
    pub name: String,
    /// The cookie's value.
    pub value: String,
    /// The attributes, sorted, since their order has no meaning.
    pub attributes: Vec<String>,
    /// `Expires`, in seconds since 1970.
    pub expires: Option<i64>,
    /// Whether the browser deletes the cookie.
    pub is_removal: bool,
}

impl SetCookie {
    /// Parses the header's value.
    ///
    /// # Panics
    /// Panics when no browser could read it.
    #[must_use]
    pub fn parse(header: &str) -> Self {
        let parsed = Cookie::parse(header).unwrap();
        let mut attributes: Vec<_> = header.split("; ").skip(1).map(str::to_owned).collect();
        attributes.sort();
        let expires = parsed.expires_datetime();
        let is_removal = parsed.max_age().is_some_and(|age| !age.is_positive())
            || expires.is_some_and(|then| then <= OffsetDateTime::now_utc());
        let expires = expires.map(OffsetDateTime::unix_timestamp);
        let (name, value) = (parsed.name().to_owned(), parsed.value().to_owned());
        Self {
            name,
            value,
            attributes,
            expires,
            is_removal,
        }
    }

    /// Returns the content of a cookie in Flask's format, or `None` for a removal.
    #[must_use]
    pub fn content(&self) -> Option<Content> {
        (!self.is_removal).then(|| Content::read(&self.value))
    }
}

/// The content of a cookie in Flask's format. The servers check its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The session.
    pub json: String,
    /// Whether the cookie is compressed.
    pub compressed: bool,
    /// The time of writing, in seconds since 1970.
    pub written: u64,
    /// The signature's length in bytes.
    pub signature: usize,
}

impl Content {
    /// Parses a cookie's value.
    ///
    /// # Panics
    /// Panics when it is not in Flask's format.
    #[must_use]
    pub fn read(value: &str) -> Self {
        let parts: Vec<&str> = value.rsplitn(3, '.').collect();
        let [signature, written, payload] = parts[..] else {
            panic!("{value:?} has no three parts")
        };
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let json = match payload.strip_prefix('.') {
            None => bytes(payload),
            Some(payload) => {
                let mut json = Vec::new();
                flate2::read::ZlibDecoder::new(&*bytes(payload))
                    .read_to_end(&mut json)
                    .unwrap();
                json
            }
        };
        Self {
            json: String::from_utf8(json).unwrap(),
            compressed: payload.starts_with('.'),
            written: bytes(written)
                .iter()
                .fold(0, |number, byte| number << 8 | u64::from(*byte)),
            signature: bytes(signature).len(),
        }
    }
}

/// A jar for the cookie of one name. As in a browser, it serves every port of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jar {
    /// The name of the cookie.
    pub name: &'static str,
    /// Its value, if there is one.
    pub value: Option<String>,
}

impl Jar {
    /// Returns an empty jar.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, value: None }
    }

    /// Adds the cookie to a request.
    #[must_use]
    pub fn on(&self, request: &Request) -> Request {
        match &self.value {
            None => request.clone(),
            Some(value) => request.clone().cookie(format!("{}={value}", self.name)),
        }
    }

    /// Stores the cookie of an answer.
    ///
    /// # Panics
    /// Panics when the cookie has another name.
    pub fn keep(&mut self, set_cookie: Option<&SetCookie>) {
        if let Some(set) = set_cookie {
            assert_eq!(set.name, self.name, "the name of the cookie");
            self.value = (!set.is_removal).then(|| set.value.clone());
        }
    }

    /// Sends a request and stores the cookie of the answer.
    ///
    /// # Panics
    /// Panics without an answer, and when it is an error.
    pub fn send(&mut self, to: SocketAddr, request: &Request) -> Response {
        let response = self.on(request).send(to);
        assert!(response.status < 400, "{request:?}: {response:?}");
        self.keep(response.set_cookie().as_ref());
        response
    }

    /// Calls [`Jar::send`] with a `GET`.
    pub fn get(&mut self, to: SocketAddr, path: &str) -> Response {
        self.send(to, &Request::get(path))
    }

    /// Calls [`Jar::send`] with a form.
    pub fn post(&mut self, to: SocketAddr, path: &str, form: &[(&str, &str)]) -> Response {
        self.send(to, &Request::post(path, form))
    }

    /// Returns the content of the cookie, which is in Flask's format.
    ///
    /// # Panics
    /// Panics without a cookie.
    #[must_use]
    pub fn content(&self) -> Content {
        Content::read(self.value.as_deref().unwrap())
    }
}
