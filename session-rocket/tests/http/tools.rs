//! The tests' tools: an application, Rocket's client, and a client that is only a socket.

use std::cell::RefCell;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Mutex, Once};

use rocket::fairing::AdHoc;
use rocket::local::asynchronous::{Client, LocalResponse};
use rocket::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rocket::tokio::net::TcpStream;
use rocket::tokio::sync::oneshot;
use rocket::tokio::task::JoinHandle;
use rocket::{Build, Rocket, Route};
use session_rocket::{SecretKey, SessionFairing, Sessions};

pub(crate) const KEY: &str = "u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c";

pub(crate) struct Admin;

pub(crate) fn sessions() -> Sessions {
    Sessions::new(SecretKey::new(KEY).unwrap())
}

pub(crate) fn app(routes: Vec<Route>) -> Rocket<Build> {
    rocket::build()
        .attach(SessionFairing::new(sessions()))
        .mount("/", routes)
}

/// A client that keeps no cookies.
pub(crate) async fn client(rocket: Rocket<Build>) -> Client {
    Client::untracked(rocket).await.unwrap()
}

pub(crate) fn cookies(response: &LocalResponse<'_>) -> Vec<String> {
    response
        .headers()
        .get("set-cookie")
        .map(str::to_owned)
        .collect()
}

/// Returns the cookies as a browser sends them back.
pub(crate) fn pairs(response: &LocalResponse<'_>) -> Vec<String> {
    cookies(response)
        .iter()
        .map(|cookie| cookie.split(';').next().unwrap().to_owned())
        .collect()
}

thread_local! {
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Returns a function that returns the log of this thread since its last call. All threads share one subscriber: with one for
/// each, `tracing` may cache that no subscriber is interested in a line.
pub(crate) fn logged() -> impl Fn() -> String {
    static SUBSCRIBER: Once = Once::new();
    SUBSCRIBER.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter("session=trace")
            .with_ansi(false);
        subscriber.with_writer(|| Log).init();
    });
    LOG.take();
    || String::from_utf8(LOG.take()).unwrap()
}

/// A server under test. It is stopped when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A response: status, Set-Cookie's pair if there is one, all headers in lower case, body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) cookie: Option<String>,
    #[allow(dead_code, reason = "not every test looks")]
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Server {
    pub(crate) async fn start(rocket: Rocket<Build>) -> Self {
        let (sender, address) = oneshot::channel();
        let sender = Mutex::new(Some(sender));
        let figment = rocket
            .figment()
            .clone()
            .merge(("port", 0))
            .merge(("shutdown.ctrlc", false));
        let rocket =
            rocket
                .configure(figment)
                .attach(AdHoc::on_liftoff("address", move |rocket| {
                    let address = SocketAddr::new(rocket.config().address, rocket.config().port);
                    let _ = sender.lock().unwrap().take().unwrap().send(address);
                    Box::pin(async {})
                }));
        let task = rocket::tokio::spawn(async move {
            let _ = rocket.launch().await;
        });
        Self {
            address: address.await.unwrap(),
            task,
        }
    }

    pub(crate) async fn get(&self, path: &str, cookie: &str) -> Answer {
        self.get_raw(path, cookie.as_bytes(), b"").await
    }

    /// With a cookie that need not be text.
    pub(crate) async fn get_raw(&self, path: &str, cookie: &[u8], rest: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let begin =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: ");
        let request = [begin.as_bytes(), cookie, rest, b"\r\n\r\n"].concat();
        stream.write_all(&request).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let cookie = text
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: "));
        let cookie = cookie.map(|cookie| cookie.split(';').next().unwrap().to_owned());
        let head = head.to_ascii_lowercase();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            cookie,
            head,
            body: body.to_owned(),
        }
    }
}
