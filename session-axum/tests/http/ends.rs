//! Requests that end late, early, or in a panic, over sockets.

use super::*;

#[tokio::test]
async fn h4_a_body_that_streams_writes_too_late() {
    let outcome = Arc::new(Mutex::new(None));
    let app = {
        let outcome = outcome.clone();
        let stream = move |session: Session| {
            let outcome = outcome.clone();
            async move {
                session.insert("early", 1)?;
                let late = session.clone();
                let body = Full::new(Bytes::from("streamed")).map_frame(move |frame| {
                    *outcome.lock().unwrap() = Some(late.insert("late", 2));
                    frame
                });
                Ok::<_, Error>(Body::new(body))
            }
        };
        Router::new()
            .route("/", get(stream))
            .layer(SessionLayer::new(sessions()))
    };
    let response = send(&app, "/", None).await;
    let cookie = cookies(&response).pop().unwrap();
    assert_eq!(
        *outcome.lock().unwrap(),
        None,
        "the headers are there before the body"
    );
    assert_eq!(text(response).await, "streamed");
    assert_eq!(
        *outcome.lock().unwrap(),
        Some(Err(session_core::Error::TooLate))
    );
    let reader = Router::new()
        .route(
            "/",
            get(|session: Session| async move { session.to_json() }),
        )
        .layer(SessionLayer::new(sessions()));
    assert_eq!(
        text(send(&reader, "/", Some(&cookie)).await).await,
        r#"{"early":1}"#
    );
}

#[tokio::test]
async fn a_request_that_is_given_up_freezes_its_session() {
    let kept = Arc::new(Mutex::new(None));
    let keep = {
        let kept = kept.clone();
        move |session: Session| async move {
            *kept.lock().unwrap() = Some(session);
            std::future::pending::<()>().await;
        }
    };
    let app = Router::new()
        .route("/", get(keep))
        .layer(SessionLayer::new(sessions()));
    {
        let mut future = Box::pin(send(&app, "/", None));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        while kept.lock().unwrap().is_none() {
            assert!(future.as_mut().poll(&mut context).is_pending());
        }
    }
    let session = kept.lock().unwrap().take().unwrap();
    assert_eq!(session.insert("a", 1), Err(session_core::Error::TooLate));
}

/// Over a real socket: a handler that panics cuts the connection, and the next request works.
#[tokio::test]
async fn a_panic_leaves_no_half_written_session() {
    async fn panics(session: Session) -> Result<String, Error> {
        session.insert("half", 1)?;
        panic!("the handler's")
    }
    let app = Router::new()
        .route("/", get(visit))
        .route("/panic", get(panics))
        .layer(SessionLayer::new(sessions()));
    let server = Server::start(app).await;
    assert_eq!(server.ask("/panic", "").await, "");
    let answer = server.ask("/", "").await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n1"),
        "{answer}"
    );
}

/// Over a socket: the session is opened while the body streams, in the place of the handler. A handle from before is readable.
#[tokio::test]
async fn a_session_that_is_opened_by_the_body_is_too_late() {
    async fn opens(request: Request) -> Body {
        let (mut parts, _) = request.into_parts();
        streamed(async move {
            let opened = Session::<()>::from_request_parts(&mut parts, &()).await;
            let degraded = BestEffort::<()>::from_request_parts(&mut parts, &()).await;
            let perhaps = Option::<Session>::from_request_parts(&mut parts, &()).await;
            for error in [
                opened.unwrap_err(),
                degraded.unwrap_err(),
                perhaps.unwrap_err().into(),
            ] {
                assert!(matches!(
                    error,
                    SessionRejection::Session(Error(session_core::Error::TooLate))
                ));
            }
            "nothing".to_owned()
        })
    }
    async fn keeps(session: Session) -> Body {
        streamed(async move { session.to_json() })
    }
    fn streamed(text: impl Future<Output = String> + Send + 'static) -> Body {
        Body::from_stream(futures_util::stream::once(async {
            Ok::<_, std::io::Error>(text.await)
        }))
    }
    let builder = || Sessions::builder(SecretKey::new(KEY).unwrap());
    let stored = SessionLayer::stored(
        builder().build_stored().unwrap(),
        Arc::new(MemoryStore::new()),
    );
    for layer in [SessionLayer::new(sessions()), stored] {
        let app = Router::new()
            .route("/", get(visit))
            .route("/opens", get(opens))
            .route("/keeps", get(keeps))
            .layer(layer);
        let cookie = cookies(&send(&app, "/", None).await).pop().unwrap();
        let server = Server::start(app).await;
        let answer = server.ask("/opens", &cookie).await;
        assert!(
            answer.contains("nothing") && !answer.contains("visits"),
            "{answer}"
        );
        assert!(
            !answer.contains("vary: ") && !answer.contains("cache-control: "),
            "{answer}"
        );
        let answer = server.ask("/keeps", &cookie).await;
        assert!(
            answer.contains(r#"{"visits":1}"#) && answer.contains("vary: Cookie"),
            "{answer}"
        );
    }
}

struct Server(std::net::SocketAddr, tokio::task::JoinHandle<()>);

impl Server {
    async fn start(app: Router) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self(
            address,
            tokio::spawn(async move { serve(listener, app).await.unwrap() }),
        )
    }

    /// All that comes until the connection ends, however it does.
    async fn ask(&self, path: &str, cookie: &str) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(self.0).await.unwrap();
        let begin = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        stream
            .write_all(format!("{begin}Cookie: {cookie}\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.1.abort();
    }
}
