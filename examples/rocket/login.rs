//! Accounts: a guard before some pages, messages on the next page, "remember me", and a logout on all devices.
//!
//! `SECRET_KEY=$(openssl rand -base64 33) cargo run --bin login-rocket`, then open http://127.0.0.1:8000

use std::sync::Arc;

use rocket::form::Form;
use rocket::http::{Method, Status};
use rocket::request::{FromRequest, Outcome};
use rocket::response::Redirect;
use rocket::response::content::RawHtml;
use rocket::{Build, FromForm, Request, Rocket, State, catch, catchers, get, post, routes};
use session_rocket::session_core::StoredSessions;
use session_rocket::session_store::UserSessions;
use session_rocket::{Config, Error, MemoryStore, Session, SessionFairing};

/// The guard: a route that takes a `User` is for users only.
struct User(Arc<str>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for User {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.guard::<Session>().await {
            Outcome::Success(session) => match session.user() {
                Some(user) => Outcome::Success(Self(user)),
                None => Outcome::Error((Status::Unauthorized, ())), // to the catcher below
            },
            Outcome::Error((status, _)) => Outcome::Error((status, ())), // 503: the store is down
            Outcome::Forward(status) => Outcome::Forward(status),
        }
    }
}

/// A request without a user goes to the login form, and after the login to the page that it asked for.
#[catch(401)]
async fn to_login(request: &Request<'_>) -> Result<Redirect, Error> {
    if let Outcome::Success(session) = request.guard::<Session>().await {
        session.flash("Please log in first.", "info")?;
        if request.method() == Method::Get {
            session.insert("next", request.uri().path().as_str())?;
        }
    }
    Ok(Redirect::to("/login"))
}

#[get("/login")]
fn login_form(session: Session) -> Result<RawHtml<String>, Error> {
    let form = "<form method=post><input name=name placeholder=Name required>
        <label><input type=checkbox name=remember value=true> Remember me</label> <button>Log in</button></form>";
    page(&session, form)
}

#[derive(FromForm)]
struct Login<'r> {
    name: &'r str,
    // A browser sends nothing for an empty box.
    #[field(default = false)]
    remember: bool,
}

#[post("/login", data = "<form>")]
fn login(session: Session, form: Form<Login<'_>>) -> Result<Redirect, Error> {
    // Check a password here.
    let next: Option<String> = session.take("next")?;
    session.log_in(form.name)?; // with a new id, against session fixation
    session.set_permanent(form.remember)?; // else the session ends with the browser
    session.flash(format!("Welcome, {}!", form.name), "success")?;
    // A path that our catcher stored. A parameter of the URL could lead to another site.
    Ok(Redirect::to(next.unwrap_or("/".to_owned())))
}

#[get("/")]
fn account(session: Session, user: User) -> Result<RawHtml<String>, Error> {
    let buttons = "<form method=post action=/logout><button>Log out</button></form>
        <form method=post action=/logout-everywhere><button>Log out on all devices</button></form>";
    page(
        &session,
        &format!("<p>You are {}.</p>{buttons}", escape(&user.0)),
    )
}

#[post("/logout")]
fn logout(session: Session) -> Result<Redirect, Error> {
    session.clear()?;
    Ok(Redirect::to("/login"))
}

#[post("/logout-everywhere")]
async fn logout_everywhere(
    session: Session,
    user: User,
    users: &State<UserSessions>,
) -> Result<Redirect, Error> {
    users.end_all(&user.0).await?;
    session.clear()?; // this browser drops its cookie
    Ok(Redirect::to("/login"))
}

/// A page: the messages for this visitor, which are shown once, and its content.
fn page(session: &Session, content: &str) -> Result<RawHtml<String>, Error> {
    let mut html = String::from("<!doctype html><title>Accounts</title>");
    for flash in session.take_flashes()? {
        html += &format!(
            "<p class={}>{}</p>",
            flash.category(),
            escape(&flash.message())
        );
    }
    Ok(RawHtml(html + content))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

/// The application. Only a store can end sessions from elsewhere; in production one of a database.
pub fn app(sessions: StoredSessions) -> Rocket<Build> {
    let store = Arc::new(MemoryStore::new());
    let users = UserSessions::new(&sessions, store.clone());
    rocket::build()
        .attach(SessionFairing::stored(sessions, store))
        .manage(users)
        .mount(
            "/",
            routes![account, login_form, login, logout, logout_everywhere],
        )
        .register("/", catchers![to_login])
}

#[rocket::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sessions = Config::from_env("")?.builder()?.build_stored()?;
    app(sessions).launch().await?;
    Ok(())
}
