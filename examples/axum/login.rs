//! Accounts: a guard before some pages, messages on the next page, "remember me", and a logout on all devices.
//!
//! `SECRET_KEY=$(openssl rand -base64 33) cargo run --bin login-axum`, then open http://127.0.0.1:5000

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Form, Router};
use serde::Deserialize;
use session_axum::session_core::StoredSessions;
use session_axum::session_store::UserSessions;
use session_axum::{Config, Error, MemoryStore, Session, SessionLayer};
use tokio::net::TcpListener;

/// The user's name, for handlers behind the guard.
#[derive(Clone)]
struct User(Arc<str>);

/// The guard. A request without a user goes to the login form, and after the login to the page that it asked for.
async fn require_login(
    session: Session,
    mut request: Request,
    next: Next,
) -> Result<Response, Error> {
    let Some(user) = session.user() else {
        session.flash("Please log in first.", "info")?;
        if request.method().is_safe() {
            session.insert("next", request.uri().path())?;
        }
        return Ok(Redirect::to("/login").into_response());
    };
    request.extensions_mut().insert(User(user));
    Ok(next.run(request).await)
}

async fn login_form(session: Session) -> Result<Html<String>, Error> {
    let form = "<form method=post><input name=name placeholder=Name required>
        <label><input type=checkbox name=remember value=true> Remember me</label> <button>Log in</button></form>";
    page(&session, form)
}

#[derive(Deserialize)]
struct Login {
    name: String,
    // A browser sends nothing for an empty box.
    #[serde(default)]
    remember: bool,
}

async fn login(session: Session, Form(form): Form<Login>) -> Result<Redirect, Error> {
    // Check a password here.
    let next: Option<String> = session.take("next")?;
    session.log_in(&form.name)?; // with a new id, against session fixation
    session.set_permanent(form.remember)?; // else the session ends with the browser
    session.flash(format!("Welcome, {}!", form.name), "success")?;
    // A path that our guard stored. A parameter of the URL could lead to another site.
    Ok(Redirect::to(next.as_deref().unwrap_or("/")))
}

async fn account(
    session: Session,
    Extension(User(name)): Extension<User>,
) -> Result<Html<String>, Error> {
    let buttons = "<form method=post action=/logout><button>Log out</button></form>
        <form method=post action=/logout-everywhere><button>Log out on all devices</button></form>";
    page(
        &session,
        &format!("<p>You are {}.</p>{buttons}", escape(&name)),
    )
}

async fn logout(session: Session) -> Result<Redirect, Error> {
    session.clear()?;
    Ok(Redirect::to("/login"))
}

async fn logout_everywhere(
    session: Session,
    Extension(User(name)): Extension<User>,
    State(users): State<UserSessions>,
) -> Result<Redirect, Error> {
    users.end_all(&name).await?;
    session.clear()?; // this browser drops its cookie
    Ok(Redirect::to("/login"))
}

/// A page: the messages for this visitor, which are shown once, and its content.
fn page(session: &Session, content: &str) -> Result<Html<String>, Error> {
    let mut html = String::from("<!doctype html><title>Accounts</title>");
    for flash in session.take_flashes()? {
        html += &format!(
            "<p class={}>{}</p>",
            flash.category(),
            escape(&flash.message())
        );
    }
    Ok(Html(html + content))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

/// The application. Only a store can end sessions from elsewhere; in production one of a database.
pub fn app(sessions: StoredSessions) -> Router {
    let store = Arc::new(MemoryStore::new());
    let users = UserSessions::new(&sessions, store.clone());
    Router::new()
        .route("/", get(account))
        .route("/logout-everywhere", post(logout_everywhere))
        .route_layer(from_fn(require_login)) // for the routes above
        .route("/login", get(login_form).post(login))
        .route("/logout", post(logout))
        .layer(SessionLayer::stored(sessions, store)) // outside of the guard, which needs a session
        .with_state(users)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sessions = Config::from_env("")?.builder()?.build_stored()?;
    let listener = TcpListener::bind("127.0.0.1:5000").await?;
    Ok(axum::serve(listener, app(sessions)).await?)
}
