//! A client that is only a socket.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::place::PATIENCE;

/// The pair that removes the cookie.
pub(crate) const REMOVED: &str = "__Host-session=";

/// A whole response. `cookie` is the pair of its Set-Cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) cookie: Option<String>,
    pub(crate) body: String,
}

/// `request` is method and path. An error where the connection was cut: nobody knows what was done.
///
/// # Panics
/// When there is no answer at all: a server may fail, and must not hang.
pub(crate) async fn send(server: SocketAddr, request: &str, cookie: &str) -> io::Result<Answer> {
    timeout(PATIENCE, exchange(server, request, cookie))
        .await
        .unwrap_or_else(|_| panic!("{request} hangs"))
}

/// For what must be answered.
pub(crate) async fn ask(server: SocketAddr, request: &str, cookie: &str) -> Answer {
    let answer = send(server, request, cookie).await.unwrap();
    assert_eq!(answer.status, 200, "{request}");
    answer
}

async fn exchange(server: SocketAddr, request: &str, cookie: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(server).await?;
    let head = format!(
        "{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n"
    );
    let cookie = if cookie.is_empty() {
        String::new()
    } else {
        format!("Cookie: {cookie}\r\n")
    };
    stream
        .write_all(format!("{head}{cookie}\r\n").as_bytes())
        .await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    answer(&text).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// `None` unless it is whole.
fn answer(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
    let length: usize = header("content-length: ")?.parse().ok()?;
    let cookie = header("set-cookie: ")
        .and_then(|cookie| cookie.split(';').next())
        .map(str::to_owned);
    let status = head.split(' ').nth(1)?.parse().ok()?;
    (body.len() == length).then(|| Answer {
        status,
        cookie,
        body: body.to_owned(),
    })
}
