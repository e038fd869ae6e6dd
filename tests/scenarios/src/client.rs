//! HTTP/1.1 over a socket. Requests may have several `Cookie` headers, and bytes that are no text.

use std::fmt;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Error, ErrorKind, Result, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::jar::SetCookie;

/// The longest time to wait for an answer.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A request. [`Request::send`] adds `Host` and the length of the body.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, Vec<u8>)>,
    pub(crate) body: String,
}

impl Request {
    /// Returns a `GET` request.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self {
            method: "GET",
            path: path.to_owned(),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    /// Returns a `HEAD` request.
    #[must_use]
    pub fn head(path: &str) -> Self {
        Self {
            method: "HEAD",
            ..Self::get(path)
        }
    }

    /// Returns a `POST` request of a form.
    #[must_use]
    pub fn post(path: &str, form: &[(&str, &str)]) -> Self {
        let pairs: Vec<_> = form
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        Self {
            method: "POST",
            body: pairs.join("&"),
            ..Self::get(path)
        }
        .header("content-type", "application/x-www-form-urlencoded")
    }

    /// Adds a header, beside others of the same name.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds a `Cookie` header.
    #[must_use]
    pub fn cookie(self, pairs: impl Into<Vec<u8>>) -> Self {
        self.header("cookie", pairs)
    }

    /// Sends the request over a connection of its own, and returns the answer.
    ///
    /// # Panics
    /// Panics without an answer.
    #[must_use]
    pub fn send(&self, to: SocketAddr) -> Response {
        self.try_send(to)
            .unwrap_or_else(|error| panic!("{error}: {self:?} to {to}"))
    }

    /// Sends the request over a connection of its own, and returns the answer.
    ///
    /// # Errors
    /// An I/O error when the server refuses the connection, or cuts it before the end of its
    /// answer.
    pub fn try_send(&self, to: SocketAddr) -> Result<Response> {
        Connection::open(to)?.exchange(self, "close")
    }
}

/// Prints the request as it is sent, without `Host` and `Connection`.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        for (name, value) in &self.headers {
            write!(f, " [{name}: {}]", value.escape_ascii())?;
        }
        if self.body.is_empty() {
            Ok(())
        } else {
            write!(f, " {}", self.body)
        }
    }
}

/// Percent-encodes a text, so that it fits into a path segment or a form.
#[must_use]
pub fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").unwrap();
        }
        out
    })
}

/// A connection for several requests.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
    host: SocketAddr,
}

impl Connection {
    /// Opens a connection.
    ///
    /// # Errors
    /// An I/O error when the server refuses it.
    pub fn open(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream: BufReader::new(stream),
            host: to,
        })
    }

    /// Sends a request and returns the answer. The connection stays open.
    ///
    /// # Errors
    /// An I/O error when the connection was cut.
    pub fn send(&mut self, request: &Request) -> Result<Response> {
        self.exchange(request, "keep-alive")
    }

    /// Sends a request, and does not wait for the answer.
    ///
    /// # Errors
    /// An I/O error when the connection was cut.
    pub fn ask(&mut self, request: &Request) -> Result<()> {
        self.write(request, "close")
    }

    fn exchange(&mut self, request: &Request, connection: &str) -> Result<Response> {
        self.write(request, connection)?;
        Response::read(&mut self.stream, request.method != "HEAD")
    }

    fn write(&mut self, request: &Request, connection: &str) -> Result<()> {
        let Request {
            method,
            path,
            headers,
            body,
        } = request;
        let mut bytes = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: {connection}\r\n",
            self.host
        )
        .into_bytes();
        for (name, value) in headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        if *method == "POST" {
            write!(bytes, "Content-Length: {}\r\n", body.len())?;
        }
        bytes.extend([b"\r\n", body.as_bytes()].concat());
        self.stream.get_mut().write_all(&bytes)
    }
}

/// An answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers, with names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, which is text.
    pub body: String,
}

impl Response {
    /// Reads an answer and no further: Flask's server closes 10 ms later, the client at once.
    fn read(stream: &mut impl BufRead, has_body: bool) -> Result<Self> {
        let status = line(stream)?;
        let status = status
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let mut response = Self {
            status: status.ok_or_else(|| broken("status"))?,
            headers: Vec::new(),
            body: String::new(),
        };
        loop {
            let line = line(stream)?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(|| broken("header"))?;
            response
                .headers
                .push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut body = Vec::new();
        if has_body && response.header("transfer-encoding") == Some("chunked") {
            loop {
                let length = usize::from_str_radix(&line(stream)?, 16)
                    .map_err(|_| broken("length of a chunk"))?;
                let begun = body.len();
                body.resize(begun + length, 0);
                stream.read_exact(&mut body[begun..])?;
                line(stream)?;
                if length == 0 {
                    break;
                }
            }
        } else if let (true, Some(length)) = (has_body, response.header("content-length")) {
            body.resize(length.parse().map_err(|_| broken("content-length"))?, 0);
            stream.read_exact(&mut body)?;
        } else if has_body {
            stream.read_to_end(&mut body)?;
        }
        response.body = String::from_utf8(body).map_err(|_| broken("text in the body"))?;
        Ok(response)
    }

    /// Returns the value of a header that may occur once.
    ///
    /// # Panics
    /// Panics when it occurs twice.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self
            .headers
            .iter()
            .filter(|(other, _)| other == name)
            .map(|(_, value)| value.as_str());
        let value = values.next();
        assert_eq!(values.next(), None, "{name} came twice");
        value
    }

    /// Returns the `Set-Cookie`, of which there may be one.
    ///
    /// # Panics
    /// Panics when there are two, or when no browser could read it.
    #[must_use]
    pub fn set_cookie(&self) -> Option<SetCookie> {
        self.header("set-cookie").map(SetCookie::parse)
    }

    /// Whether `Vary` names `Cookie`.
    #[must_use]
    pub fn varies_by_cookie(&self) -> bool {
        self.header("vary").is_some_and(|vary| {
            vary.split(',')
                .any(|name| name.trim().eq_ignore_ascii_case("cookie"))
        })
    }

    /// Returns the body as JSON.
    ///
    /// # Panics
    /// Panics when it is no JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {:?}", self.body))
    }
}

/// Prints the headers that matter, and the beginning of the body.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        for (name, value) in &self.headers {
            if [
                "content-type",
                "location",
                "vary",
                "cache-control",
                "set-cookie",
            ]
            .contains(&name.as_str())
            {
                write!(f, " [{name}: {value}]")?;
            }
        }
        write!(f, " {:?}", self.body.chars().take(200).collect::<String>())
    }
}

fn line(stream: &mut impl BufRead) -> Result<String> {
    let mut line = Vec::new();
    stream.read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(Error::new(
            ErrorKind::UnexpectedEof,
            "the connection was cut",
        ));
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

fn broken(what: &str) -> Error {
    Error::new(
        ErrorKind::InvalidData,
        format!("no {what} that can be read"),
    )
}
