//! Accounts: a guard before some pages, messages on the next page, "remember me", and a logout on all devices.
//!
//! `SECRET_KEY=$(openssl rand -base64 33) cargo run --bin login-hyper`, then open http://127.0.0.1:5000

use std::pin::Pin;
use std::sync::Arc;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use hyper::service::{Service, service_fn};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde::Deserialize;
use session_hyper::session_core::StoredSessions;
use session_hyper::session_store::UserSessions;
use session_hyper::{Config, Error, MemoryStore, RequestSession, Session, SessionLayer};
use tokio::net::TcpListener;

type Answer = Result<Response<String>, Error>;

/// The user's name, for handlers behind the guard.
#[derive(Clone)]
struct User(Arc<str>);

/// The guard, a service around a service. A request without a user goes to the login form, and after the login to the page
/// that it asked for.
#[derive(Clone)]
struct RequireLogin<S>(S);

impl<S> Service<Request<Incoming>> for RequireLogin<S>
where
    S: Service<Request<Incoming>, Response = Response<String>, Error = Error>,
    S: Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<String>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let inner = self.0.clone();
        Box::pin(async move {
            let session = request.session().await?;
            let Some(user) = session.user() else {
                session.flash("Please log in first.", "info")?;
                if request.method().is_safe() {
                    session.insert("next", request.uri().path())?;
                }
                return Ok(see_other("/login"));
            };
            request.extensions_mut().insert(User(user));
            inner.call(request).await
        })
    }
}

async fn route(users: UserSessions, request: Request<Incoming>) -> Answer {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/login") => login_form(&request.session().await?),
        (&Method::POST, "/login") => login(request).await,
        (&Method::POST, "/logout") => logout(&request.session().await?),
        // Before the guard come only paths of ours: it stores them, and //other.example would lead to another site.
        (&Method::GET, "/") | (&Method::POST, "/logout-everywhere") => {
            let members = service_fn(move |request| members_route(users.clone(), request));
            RequireLogin(members).call(request).await
        }
        _ => Ok(status(StatusCode::NOT_FOUND)),
    }
}

/// The pages behind the guard.
async fn members_route(users: UserSessions, request: Request<Incoming>) -> Answer {
    let session = request.session().await?;
    let Some(User(name)) = request.extensions().get() else {
        return Ok(status(StatusCode::FORBIDDEN));
    };
    if request.uri().path() == "/logout-everywhere" {
        users.end_all(name).await?;
        return logout(&session); // this browser drops its cookie
    }
    account(&session, name)
}

fn login_form(session: &Session) -> Answer {
    let form = "<form method=post><input name=name placeholder=Name required>
        <label><input type=checkbox name=remember value=true> Remember me</label> <button>Log in</button></form>";
    page(session, form)
}

#[derive(Deserialize)]
struct Login {
    name: String,
    // A browser sends nothing for an empty box.
    #[serde(default)]
    remember: bool,
}

async fn login(request: Request<Incoming>) -> Answer {
    let session = request.session().await?;
    let body = Limited::new(request.into_body(), 10_000).collect().await;
    let Ok(body) = body else {
        return Ok(status(StatusCode::BAD_REQUEST));
    };
    let Ok(form) = serde_urlencoded::from_bytes::<Login>(&body.to_bytes()) else {
        return Ok(status(StatusCode::BAD_REQUEST));
    };
    // Check a password here.
    let next: Option<String> = session.take("next")?;
    session.log_in(&form.name)?; // with a new id, against session fixation
    session.set_permanent(form.remember)?; // else the session ends with the browser
    session.flash(format!("Welcome, {}!", form.name), "success")?;
    // A path that our guard stored. A parameter of the URL could lead to another site.
    Ok(see_other(next.as_deref().unwrap_or("/")))
}

fn account(session: &Session, name: &str) -> Answer {
    let buttons = "<form method=post action=/logout><button>Log out</button></form>
        <form method=post action=/logout-everywhere><button>Log out on all devices</button></form>";
    page(
        session,
        &format!("<p>You are {}.</p>{buttons}", escape(name)),
    )
}

fn logout(session: &Session) -> Answer {
    session.clear()?;
    Ok(see_other("/login"))
}

/// A page: the messages for this visitor, which are shown once, and its content.
fn page(session: &Session, content: &str) -> Answer {
    let mut html = String::from("<!doctype html><title>Accounts</title>");
    for flash in session.take_flashes()? {
        html += &format!(
            "<p class={}>{}</p>",
            flash.category(),
            escape(&flash.message())
        );
    }
    let mut response = Response::new(html + content);
    let html_type = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, html_type);
    Ok(response)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

fn status(status: StatusCode) -> Response<String> {
    let mut response = Response::new(String::new());
    *response.status_mut() = status;
    response
}

fn see_other(path: &str) -> Response<String> {
    let mut response = status(StatusCode::SEE_OTHER);
    let path = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(LOCATION, path);
    response
}

/// Serves the application. Only a store can end sessions from elsewhere; in production one of a database.
pub async fn serve(listener: TcpListener, sessions: StoredSessions) -> std::io::Result<()> {
    let store = Arc::new(MemoryStore::new());
    let users = UserSessions::new(&sessions, store.clone());
    // The layer is outside of the guard, which needs a session.
    let service = SessionLayer::stored(sessions, store)
        .wrap(service_fn(move |request| route(users.clone(), request)));
    loop {
        let (stream, service) = (TokioIo::new(listener.accept().await?.0), service.clone());
        tokio::spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            builder.serve_connection(stream, service).await
        });
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sessions = Config::from_env("")?.builder()?.build_stored()?;
    Ok(serve(TcpListener::bind("127.0.0.1:5000").await?, sessions).await?)
}
