//! The tour: every session feature of a Flask application, in axum. `cargo run -p tour-axum`

use std::convert::Infallible;
use std::process::ExitCode;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, USER_AGENT};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use session_axum::{Error, Session, SessionLayer};
use tour::actions::{Answer, LATE_FIRST};
use tour::start::Tour;
use tour::{actions, page, stop};

/// A page with content of a session is not cached: the back button after a logout must show nothing.
const NO_STORE: (HeaderName, &str) = (CACHE_CONTROL, "no-store");
const JSON: (HeaderName, &str) = (CONTENT_TYPE, "application/json");

fn router(tour: Tour) -> Router {
    let layer = SessionLayer::from(tour.source.clone());
    Router::new()
        .route("/", get(index))
        .route("/visit", get(visit))
        .route("/login", get(login_form).post(login))
        .route("/profile", get(profile))
        .route("/logout", post(logout))
        .route("/add_to_cart/{product_id}", post(add_to_cart))
        .route("/cart", get(cart))
        .route("/permanent", post(permanent))
        .route("/flash", post(flash))
        .route("/flashes", get(flashes))
        .route("/session", get(session))
        .route("/sessions", get(sessions))
        .route("/sessions/end", post(end_session))
        .route("/sessions/end_all", post(end_sessions))
        .route("/fail", get(fail))
        .route(
            "/panic",
            get(async |session: Session| -> () { actions::panic(&session) }),
        )
        .route("/late", get(late))
        .route("/late/open", get(late_open))
        .route("/untouched", get(|| async { "nothing" }))
        .layer(layer)
        .with_state(Arc::new(tour))
}

async fn index(
    State(tour): State<Arc<Tour>>,
    session: Session,
) -> Result<impl IntoResponse, Error> {
    Ok(([NO_STORE], Html(actions::page(&tour, &session)?)))
}

async fn visit(session: Session) -> Result<impl IntoResponse, Error> {
    Ok(([NO_STORE], actions::visit(&session)?))
}

async fn login_form(State(tour): State<Arc<Tour>>) -> Html<String> {
    Html(page::login_form(tour.framework))
}

#[derive(Deserialize)]
struct Login {
    username: String,
}

async fn login(
    session: Session,
    headers: HeaderMap,
    Form(form): Form<Login>,
) -> Result<Redirect, Error> {
    let user_agent = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok());
    actions::login(&session, &form.username, user_agent)?;
    Ok(Redirect::to("/profile"))
}

async fn profile(session: Session) -> Result<Response, Error> {
    Ok(match actions::profile(&session)? {
        Some(welcome) => ([NO_STORE], Html(welcome)).into_response(),
        None => ([NO_STORE], Redirect::to("/login")).into_response(),
    })
}

async fn logout(session: Session) -> Result<&'static str, Error> {
    Ok(actions::logout(&session)?)
}

async fn add_to_cart(
    session: Session,
    Path(product_id): Path<String>,
) -> Result<impl IntoResponse, Error> {
    Ok(([NO_STORE], actions::add_to_cart(&session, &product_id)?))
}

async fn cart(session: Session) -> Result<impl IntoResponse, Error> {
    Ok(([NO_STORE, JSON], actions::cart(&session)?))
}

#[derive(Deserialize)]
struct Permanent {
    on: String,
}

async fn permanent(session: Session, Form(form): Form<Permanent>) -> Result<Response, Error> {
    Ok(match actions::set_permanent(&session, &form.on)? {
        Some(ok) => ok.into_response(),
        None => (StatusCode::BAD_REQUEST, "on must be 1 or 0").into_response(),
    })
}

#[derive(Deserialize)]
struct Flash {
    message: String,
    category: String,
}

async fn flash(session: Session, Form(form): Form<Flash>) -> Result<&'static str, Error> {
    Ok(actions::flash(&session, &form.message, &form.category)?)
}

async fn flashes(session: Session) -> Result<impl IntoResponse, Error> {
    Ok(([NO_STORE, JSON], actions::flashes(&session)?))
}

fn answer(answer: Answer) -> Response {
    let response = match answer {
        Answer::Page(page) => Html(page).into_response(),
        Answer::Text(text) => text.into_response(),
        Answer::Bad(text) => (StatusCode::BAD_REQUEST, text).into_response(),
        Answer::To(path) => Redirect::to(path).into_response(),
    };
    ([NO_STORE], response).into_response()
}

async fn sessions(State(tour): State<Arc<Tour>>, session: Session) -> Result<Response, Error> {
    Ok(answer(actions::sessions(&tour, &session).await?))
}

#[derive(Deserialize)]
struct End {
    key: String,
}

async fn end_session(
    State(tour): State<Arc<Tour>>,
    session: Session,
    Form(form): Form<End>,
) -> Result<Response, Error> {
    Ok(answer(
        actions::end_session(&tour, &session, &form.key).await?,
    ))
}

async fn end_sessions(State(tour): State<Arc<Tour>>, session: Session) -> Result<Response, Error> {
    Ok(answer(actions::end_sessions(&tour, &session).await?))
}

async fn fail(session: Session) -> Result<impl IntoResponse, Error> {
    Ok((StatusCode::INTERNAL_SERVER_ERROR, actions::fail(&session)?))
}

async fn late(session: Session) -> Body {
    streamed(async move { actions::late(&session) })
}

async fn late_open(request: Request) -> Body {
    let (mut parts, _) = request.into_parts();
    streamed(async move {
        let opened = Session::<()>::from_request_parts(&mut parts, &()).await;
        actions::late_open(opened.as_deref())
    })
}

fn streamed(rest: impl Future<Output = String> + Send + 'static) -> Body {
    let parts = stream::iter([LATE_FIRST.to_owned()]).chain(stream::once(rest));
    Body::from_stream(parts.map(Ok::<_, Infallible>))
}

async fn session(session: Session) -> impl IntoResponse {
    ([NO_STORE, JSON], session.to_json())
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| "session=info".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let tour = match Tour::start("axum", 5000).await {
        Ok(tour) => tour,
        Err(code) => return code,
    };
    match serve(tour.clone()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => tour.failed(&error),
    }
}

async fn serve(tour: Tour) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind(tour.bind).await?;
    let (asked, end) = (stop::asked()?, stop::asked()?);
    tour.announce(listener.local_addr()?);
    let server = axum::serve(listener, router(tour)).with_graceful_shutdown(asked);
    stop::within_limit(server, end).await
}
