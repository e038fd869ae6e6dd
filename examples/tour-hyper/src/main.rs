//! The tour: every session feature of a Flask application, in hyper. `cargo run -p tour-hyper`

use std::convert::Infallible;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited, StreamBody};
use hyper::body::{Body as _, Frame, Incoming};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    USER_AGENT,
};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use session_hyper::{Error, IntoResponse, RequestSession, SessionLayer, session_core};
use tokio::net::TcpListener;
use tour::actions::{Answer, LATE_FIRST};
use tour::start::Tour;
use tour::{actions, page, stop};

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// As axum's limit for forms.
const FORM_LIMIT: usize = 2 * 1024 * 1024;

/// Which page answers, by method and path.
async fn route(tour: &Tour, request: Request<Incoming>) -> Result<Response<Body>, Failure> {
    let path = request.uri().path().to_owned();
    let path = path.split('/').collect::<Vec<_>>();
    let get = matches!(*request.method(), Method::GET | Method::HEAD);
    let post = *request.method() == Method::POST;
    let session = request.session();
    Ok(match path[..] {
        ["", ""] if get => html(actions::page(tour, &session.await?)?).no_store(),
        ["", "visit"] if get => text(actions::visit(&session.await?)?).no_store(),
        ["", "login"] if get => html(page::login_form(tour.framework)),
        ["", "login"] if post => {
            let session = session.await?;
            let user_agent = request.headers().get(USER_AGENT).cloned();
            let user_agent = user_agent.as_ref().and_then(|value| value.to_str().ok());
            let Login { username } = form(request).await?;
            actions::login(&session, &username, user_agent)?;
            see_other("/profile")
        }
        ["", "profile"] if get => match actions::profile(&session.await?)? {
            Some(welcome) => html(welcome).no_store(),
            None => see_other("/login").no_store(),
        },
        ["", "logout"] if post => text(actions::logout(&session.await?)?),
        ["", "add_to_cart", product] if post && !product.is_empty() => {
            let session = session.await?;
            let product = percent_decode_str(product)
                .decode_utf8()
                .map_err(bad_request)?;
            text(actions::add_to_cart(&session, &product)?).no_store()
        }
        ["", "cart"] if get => json(actions::cart(&session.await?)?),
        ["", "permanent"] if post => {
            let session = session.await?;
            let Permanent { on } = form(request).await?;
            text(
                actions::set_permanent(&session, &on)?
                    .ok_or_else(|| bad_request("on must be 1 or 0"))?,
            )
        }
        ["", "flash"] if post => {
            let session = session.await?;
            let Flash { message, category } = form(request).await?;
            text(actions::flash(&session, &message, &category)?)
        }
        ["", "flashes"] if get => json(actions::flashes(&session.await?)?),
        ["", "session"] if get => json(session.await?.to_json()),
        ["", "sessions"] if get => show(actions::sessions(tour, &session.await?).await?),
        ["", "sessions", "end"] if post => {
            let session = session.await?;
            let End { key } = form(request).await?;
            show(actions::end_session(tour, &session, &key).await?)
        }
        ["", "sessions", "end_all"] if post => {
            show(actions::end_sessions(tour, &session.await?).await?)
        }
        ["", "fail"] if get => {
            text(actions::fail(&session.await?)?).with(StatusCode::INTERNAL_SERVER_ERROR)
        }
        ["", "panic"] if get => actions::panic(&session.await?),
        ["", "late"] if get => {
            let session = session.await?;
            streamed(async move { actions::late(&session) })
        }
        // Asked for by the body, not by the handler.
        ["", "late", "open"] if get => {
            streamed(async move { actions::late_open(session.await.as_ref()) })
        }
        ["", "untouched"] if get => text("nothing"),
        ["", "login"] => not_allowed("GET,HEAD,POST"),
        ["", "logout" | "permanent" | "flash"] => not_allowed("POST"),
        ["", "sessions", "end" | "end_all"] => not_allowed("POST"),
        ["", "late", "open"] => not_allowed("GET,HEAD"),
        ["", "add_to_cart", product] if !product.is_empty() => not_allowed("POST"),
        [
            "",
            "" | "visit" | "profile" | "cart" | "flashes" | "session" | "sessions" | "fail"
            | "panic" | "late" | "untouched",
        ] => not_allowed("GET,HEAD"),
        _ => Response::default().with(StatusCode::NOT_FOUND),
    })
}

fn streamed(rest: impl Future<Output = String> + Send + 'static) -> Response<Body> {
    let parts = stream::iter([LATE_FIRST.to_owned()]).chain(stream::once(rest));
    Response::new(StreamBody::new(parts.map(|part| Ok(Frame::data(part.into())))).boxed_unsync())
}

/// The same; of the response to HEAD only its head, which hyper sees to in HTTP/1 alone.
async fn answer(tour: &Tour, request: Request<Incoming>) -> Result<Response<Body>, Failure> {
    let head = *request.method() == Method::HEAD;
    let mut response = route(tour, request).await?;
    if head {
        if let Some(length) = response.body().size_hint().exact() {
            response.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        *response.body_mut() = Body::default();
    }
    Ok(response)
}

#[derive(Deserialize)]
struct Login {
    username: String,
}

#[derive(Deserialize)]
struct Permanent {
    on: String,
}

#[derive(Deserialize)]
struct Flash {
    message: String,
    category: String,
}

#[derive(Deserialize)]
struct End {
    key: String,
}

/// The form in a request's body.
async fn form<T: DeserializeOwned>(request: Request<Incoming>) -> Result<T, Failure> {
    let media_type = request
        .headers()
        .get(CONTENT_TYPE)
        .map_or(&b""[..], HeaderValue::as_bytes);
    if !media_type.starts_with(b"application/x-www-form-urlencoded") {
        return Err(Failure::Request(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "expected a form".to_owned(),
        ));
    }
    let collected = Limited::new(request.into_body(), FORM_LIMIT)
        .collect()
        .await;
    let body = collected.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
        Some(_) => Failure::Request(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
        None => bad_request(error),
    })?;
    serde_urlencoded::from_bytes(&body.to_bytes())
        .map_err(|error| Failure::Request(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))
}

/// Why a page could not be made: its session, or what the client sent.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Session(#[from] Error),
    #[error(transparent)]
    Change(#[from] session_core::Error),
    #[error("{0}: {1}")]
    Request(StatusCode, String),
}

fn bad_request(why: impl ToString) -> Failure {
    Failure::Request(StatusCode::BAD_REQUEST, why.to_string())
}

impl IntoResponse<Body> for Failure {
    fn into_response(self) -> Response<Body> {
        match self {
            Self::Session(error) => error.into_response(),
            Self::Change(error) => Error::from(error).into_response(),
            Self::Request(status, why) => text(why).with(status),
        }
    }
}

fn text(body: impl Into<Bytes>) -> Response<Body> {
    Response::new(Full::new(body.into()).boxed_unsync())
        .header(CONTENT_TYPE, "text/plain; charset=utf-8")
}

fn html(body: String) -> Response<Body> {
    text(body).header(CONTENT_TYPE, "text/html; charset=utf-8")
}

fn json(body: String) -> Response<Body> {
    text(body)
        .header(CONTENT_TYPE, "application/json")
        .no_store()
}

fn show(answer: Answer) -> Response<Body> {
    let response = match answer {
        Answer::Page(page) => html(page),
        Answer::Text(line) => text(line),
        Answer::Bad(line) => text(line).with(StatusCode::BAD_REQUEST),
        Answer::To(path) => see_other(path),
    };
    response.no_store()
}

fn see_other(path: &'static str) -> Response<Body> {
    Response::default()
        .header(LOCATION, path)
        .with(StatusCode::SEE_OTHER)
}

fn not_allowed(allowed: &'static str) -> Response<Body> {
    Response::default()
        .header(ALLOW, allowed)
        .with(StatusCode::METHOD_NOT_ALLOWED)
}

/// A response, word by word.
trait With: Sized {
    fn with(self, status: StatusCode) -> Self;
    fn header(self, name: HeaderName, value: &'static str) -> Self;

    /// A page with content of a session is not cached: the back button after a logout must show nothing.
    fn no_store(self) -> Self {
        self.header(CACHE_CONTROL, "no-store")
    }
}

impl With for Response<Body> {
    fn with(mut self, status: StatusCode) -> Self {
        *self.status_mut() = status;
        self
    }

    fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers_mut()
            .insert(name, HeaderValue::from_static(value));
        self
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| "session=info".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let tour = match Tour::start("hyper", 5001).await {
        Ok(tour) => tour,
        Err(code) => return code,
    };
    match serve(tour.clone()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => tour.failed(&error),
    }
}

async fn serve(tour: Tour) -> std::io::Result<()> {
    let listener = TcpListener::bind(tour.bind).await?;
    let (asked, end) = (stop::asked()?, stop::asked()?);
    tour.announce(listener.local_addr()?);
    stop::within_limit(serve_until(asked, listener, tour), end).await
}

async fn serve_until(
    asked: impl Future<Output = ()>,
    listener: TcpListener,
    tour: Tour,
) -> std::io::Result<()> {
    let layer = SessionLayer::from(tour.source.clone());
    let tour = Arc::new(tour);
    let service = layer.wrap(service_fn(move |request| {
        let tour = tour.clone();
        async move { answer(&tour, request).await }
    }));
    let connections = GracefulShutdown::new();
    let mut asked = pin!(asked);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut asked => break,
        };
        // A client that hung up already, or no file descriptor left: the next may have more luck.
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (service, connection) = (service.clone(), connections.watcher());
        tokio::spawn(async move {
            let mut builder = Builder::new(TokioExecutor::new());
            builder.http1().timer(TokioTimer::new());
            // An error here concerns one connection, and its client sees it.
            let _ = connection
                .watch(builder.serve_connection(TokioIo::new(stream), service))
                .await;
        });
    }
    drop(listener);
    // Those that are idle are closed, the others after their answer.
    connections.shutdown().await;
    Ok(())
}
