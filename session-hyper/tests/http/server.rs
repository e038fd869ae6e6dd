//! A service on a socket, and a client that is only a socket.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body, Incoming};
use hyper::service::Service;
use hyper::{Request, Response, client, header};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server under test. It is stopped when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    failures: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A response: status, Set-Cookie's pair if there is one, body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) cookie: Option<String>,
    pub(crate) body: String,
}

impl Server {
    pub(crate) async fn start<S, R>(service: S) -> Self
    where
        S: Service<
                Request<Incoming>,
                Response = Response<R>,
                Error: Into<Box<dyn Error + Send + Sync>>,
            >,
        S: Clone + Send + 'static,
        S::Future: Send + 'static,
        R: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let failures = Arc::new(Mutex::new(Vec::new()));
        let reports = failures.clone();
        let task = tokio::spawn(async move {
            loop {
                let (stream, service) = (listener.accept().await.unwrap().0, service.clone());
                let reports = reports.clone();
                tokio::spawn(async move {
                    let builder = Builder::new(TokioExecutor::new());
                    if let Err(error) = builder
                        .serve_connection(TokioIo::new(stream), service)
                        .await
                    {
                        let why = error.source().map(ToString::to_string).unwrap_or_default();
                        reports.lock().unwrap().push(format!("{error}: {why}"));
                    }
                });
            }
        });
        Self {
            address,
            failures,
            task,
        }
    }

    /// The connections that hyper has cut, and why.
    pub(crate) fn failures(&self) -> Vec<String> {
        self.failures.lock().unwrap().clone()
    }

    /// Sends a request and leaves its answer on the way.
    pub(crate) async fn ask(&self, path: &str, cookie: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// All that comes until the connection ends, however it does.
    pub(crate) async fn send(&self, path: &str, cookie: &str) -> String {
        let mut answer = String::new();
        let _ = self
            .ask(path, cookie)
            .await
            .read_to_string(&mut answer)
            .await;
        answer
    }

    pub(crate) async fn get(&self, path: &str, cookie: &str) -> Answer {
        let text = self.send(path, cookie).await;
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let cookie = head
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: "));
        let cookie = cookie.map(|cookie| cookie.split(';').next().unwrap().to_owned());
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let chunked = head.contains("transfer-encoding: chunked");
        let body = if chunked {
            unchunk(body)
        } else {
            body.to_owned()
        };
        Answer {
            status,
            cookie,
            body,
        }
    }

    /// The same by HTTP/2.
    pub(crate) async fn get_2(&self, mut request: Request<Empty<Bytes>>) -> Response<Full<Bytes>> {
        let stream = TokioIo::new(TcpStream::connect(self.address).await.unwrap());
        let (mut client, connection) = client::conn::http2::handshake(TokioExecutor::new(), stream)
            .await
            .unwrap();
        let connection = tokio::spawn(connection);
        let uri = format!("http://localhost{}", request.uri().path());
        *request.uri_mut() = uri.parse().unwrap();
        let (mut parts, body) = client.send_request(request).await.unwrap().into_parts();
        assert_eq!(parts.version, hyper::Version::HTTP_2);
        parts.headers.remove(header::DATE);
        let body = body.collect().await.unwrap().to_bytes();
        connection.abort();
        Response::from_parts(parts, Full::new(body))
    }
}

/// The chunks of RFC 9112, section 7.1, put together.
fn unchunk(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let (chunk, after) = after.split_at(usize::from_str_radix(size, 16).unwrap());
        if chunk.is_empty() {
            break;
        }
        body += chunk;
        rest = after.strip_prefix("\r\n").unwrap();
    }
    body
}
