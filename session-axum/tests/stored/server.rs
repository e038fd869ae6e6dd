//! An application with every kind of change, served over a socket, and a client that is only a socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Router, serve};
use session_axum::session_core::{Builder, testing::ManualClock};
use session_axum::{BestEffort, Error, SecretKey, Session, SessionLayer, Sessions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::watched::{Gate, Watched};

pub(crate) const KEY: &str = "u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c";

/// A server under test. It is stopped when it is dropped.
pub(crate) struct Server {
    pub(crate) store: Arc<Watched>,
    pub(crate) time: ManualClock,
    /// Holds the handlers of paths that end with `/held`.
    pub(crate) gate: Gate,
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A response: status, Set-Cookie's pair if there is one, all headers, body.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) cookie: Option<String>,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// The handler: changes its session as the path says, and answers the session as JSON.
async fn act(
    session: Session,
    State(gate): State<Gate>,
    Path((action, argument)): Path<(String, String)>,
) -> Result<String, Error> {
    let (what, held) = argument
        .strip_suffix("-held")
        .map_or((&*argument, false), |what| (what, true));
    if held {
        gate.hold().await;
    }
    match &*action {
        "read" => {}
        "count" => drop(session.increment("count", 1)?),
        "insert" => session.insert(what, what)?,
        "remove" => drop(session.remove(what)?),
        "push" => session.push("list", what)?,
        "flash" => session.flash(what, "info")?,
        "all" => {
            session.insert(what, what)?;
            session.increment("count", 1)?;
            session.push("list", what)?;
            session.flash(what, "info")?;
        }
        "flashes" => {
            let flashes = session.take_flashes()?;
            return Ok(flashes
                .iter()
                .map(|flash| flash.message())
                .collect::<Vec<_>>()
                .join(" "));
        }
        "login" => {
            session.log_in(what)?;
            session.insert("user", what)?;
        }
        "logout" => session.clear()?,
        "remember" => session.set_permanent(what == "yes")?,
        "cycle_id" => session.cycle_id()?,
        _ => {}
    }
    Ok(session.to_json())
}

async fn news(BestEffort(session): BestEffort) -> String {
    let change = session.insert("read", "news");
    let (degraded, user) = (session.is_unavailable(), session.get::<String>("user"));
    format!("degraded: {degraded}; user: {user:?}; change: {change:?}")
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(|builder| builder).await
    }

    pub(crate) async fn start_with(configure: impl FnOnce(Builder) -> Builder) -> Self {
        Self::start_over(Watched::default(), configure).await
    }

    pub(crate) async fn start_over(
        store: Watched,
        configure: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let (store, time, gate) = (Arc::new(store), ManualClock::at(1_700_000_000), Gate::new());
        let builder = Sessions::builder(SecretKey::new(KEY).unwrap()).clock(time.clone());
        let sessions = configure(builder).build_stored().unwrap();
        let app = Router::new()
            .route("/{action}/{argument}", get(act))
            .route("/news", get(news))
            .route("/untouched", get(async || "nothing"))
            .layer(SessionLayer::stored(sessions, store.clone()))
            .with_state(gate.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { serve(listener, app).await.unwrap() });
        Self {
            store,
            time,
            gate,
            address,
            task,
        }
    }

    pub(crate) async fn send(&self, path: &str, cookie: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    pub(crate) async fn get(&self, path: &str, cookie: &str) -> Answer {
        receive(self.send(path, cookie).await).await
    }

    /// The cookie of a session that a request for this path began.
    pub(crate) async fn begin(&self, path: &str) -> String {
        let answer = self.get(path, "").await;
        self.store.calls();
        answer.cookie.unwrap()
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.time.advance(Duration::from_secs(seconds));
    }
}

pub(crate) async fn receive(mut stream: TcpStream) -> Answer {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    // Header names in lower case; the cookie itself is case-sensitive.
    let cookie = text
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "));
    let cookie = cookie.map(|cookie| cookie.split(';').next().unwrap().to_owned());
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        cookie,
        head,
        body: body.to_owned(),
    }
}
