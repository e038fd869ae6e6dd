//! A response that has begun: the session is closed, over a real socket too.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::body::BodyStream;
use actix_web::dev::{Server, ServerHandle, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, FromRequest, HttpRequest, HttpResponse, HttpServer, web};
use session_store::SessionBackend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tour_actix::adapter::{Error, Session};
use tour_actix::routes;

use crate::{builder, layer, stored, visit};

/// A server in a task of its own.
struct Running {
    address: SocketAddr,
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    fn start(address: SocketAddr, server: Server) -> Self {
        let handle = server.handle();
        let task = tokio::spawn(server);
        Self {
            address,
            handle,
            task,
        }
    }

    /// Returns the bytes that come until the connection is closed.
    async fn ask(&self, path: &str, cookie: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        answer
    }

    async fn stop(self) {
        self.handle.stop(false).await;
        let ended = tokio::time::timeout(Duration::from_secs(20), self.task).await;
        ended.unwrap().unwrap().unwrap();
    }
}

/// Returns the name and the value of the cookie that this answer sets.
fn cookie_of(answer: &str) -> &str {
    let mut lines = answer.lines();
    let cookie = lines.find_map(|line| line.strip_prefix("set-cookie: "));
    cookie.unwrap().split(';').next().unwrap()
}

/// The session is opened while the body streams, by the handler or by a middleware around ours. A
/// handle from before can be read.
#[tokio::test]
async fn a_session_that_is_opened_after_the_close_is_too_late() {
    fn streamed(text: impl Future<Output = String> + 'static) -> HttpResponse {
        let text =
            futures_util::stream::once(async { Ok::<_, Infallible>(web::Bytes::from(text.await)) });
        HttpResponse::Ok().body(BodyStream::new(text))
    }
    async fn opens(request: HttpRequest) -> HttpResponse {
        streamed(async move { too_late(&request).await })
    }
    async fn keeps(session: Session) -> HttpResponse {
        streamed(async move { session.to_json() })
    }
    async fn too_late(request: &HttpRequest) -> String {
        let opened = Session::extract(request).await;
        assert!(matches!(
            opened.unwrap_err(),
            Error(session_core::Error::TooLate)
        ));
        "nothing".to_owned()
    }
    async fn around<B>(
        request: actix_web::dev::ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, actix_web::Error> {
        let response = next.call(request).await?;
        too_late(response.request()).await;
        Ok(response)
    }
    for layer in [layer(), stored()] {
        let application = move || {
            App::new()
                .route("/", web::get().to(visit))
                .route("/opens", web::get().to(opens))
                .route("/keeps", web::get().to(keeps))
                .wrap(layer.middleware())
                .wrap(from_fn(around))
        };
        let server = HttpServer::new(application)
            .workers(1)
            .disable_signals()
            .bind("127.0.0.1:0")
            .unwrap();
        let server = Running::start(server.addrs()[0], server.run());

        let answer = server.ask("/", "").await;
        let cookie = cookie_of(&answer);
        let answer = server.ask("/opens", cookie).await;
        assert!(
            answer.contains("nothing") && !answer.contains("visits"),
            "{answer}"
        );
        assert!(
            !answer.contains("vary: ") && !answer.contains("cache-control: "),
            "{answer}"
        );
        let answer = server.ask("/keeps", cookie).await;
        assert!(
            answer.contains(r#"{"visits":1}"#) && answer.contains("vary: Cookie"),
            "{answer}"
        );
        server.stop().await;
    }
}

/// Over a real socket, a streaming body is too late, a panic cuts the connection, and the next
/// request works.
#[tokio::test]
async fn late_writes_and_panics_change_nothing() {
    for layer in [layer(), stored()] {
        let source = SessionBackend::new(builder().build().unwrap());
        let (framework, mode, place) = ("actix-web", "signed cookie", None);
        let bind = "127.0.0.1:0".parse().unwrap();
        let tour = tour::start::Tour {
            framework,
            encrypted: false,
            mode,
            place,
            bind,
            source,
            sessions: None,
        };
        let application = move || {
            App::new()
                .configure(routes::configure(tour.clone()))
                .wrap(layer.middleware())
        };
        let server = HttpServer::new(application)
            .workers(1)
            .disable_signals()
            .bind(bind)
            .unwrap();
        let server = Running::start(server.addrs()[0], server.run());

        let answer = server.ask("/visit", "").await;
        let cookie = cookie_of(&answer);
        assert!(
            server
                .ask("/late", cookie)
                .await
                .contains("and then: the session was opened or changed after")
        );
        assert_eq!(server.ask("/panic", cookie).await, "");
        assert!(
            server
                .ask("/session", cookie)
                .await
                .ends_with("{\"visits\":1}")
        );
        server.stop().await;
    }
}
