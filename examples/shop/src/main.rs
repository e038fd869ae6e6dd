//! A small shop, to copy from. `SECRET_KEY=$(openssl rand -base64 33) cargo run -p shop`, then open http://127.0.0.1:5000
//!
//! Its forms need no token against CSRF: the cookie is `SameSite=Lax`, so a POST from another site has no session.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use futures_util::stream::{Stream, unfold};
use serde::{Deserialize, Serialize};
use session_axum::session_core::{self, EntropyError, StoredSessions};
use session_axum::session_store::{UserSessions, clean};
use session_axum::{Config, Error, Session, SessionLayer};
use session_store_sqlite::SqliteStore;
use tokio::net::TcpListener;
use tokio::sync::broadcast::{Sender, channel};

type Answer = Result<Response, Error>;
type Page = Result<Html<String>, Error>;
type To = Result<Redirect, Error>;

const PRODUCTS: [(&str, u32); 3] = [("mug", 9), ("pen", 2), ("lamp", 35)];

#[derive(Clone)]
struct Shop {
    users: UserSessions,
    /// The product that was just put into a cart, for every page that is open.
    news: Sender<&'static str>,
}

/// The cart in the session. `default` lets carts be read that were stored before a field existed.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Cart {
    items: BTreeMap<String, u32>,
}

async fn index(session: Session) -> Page {
    let cart: Cart = session.get("cart")?.unwrap_or_default();
    let mut html = "<p id=news></p><script>new EventSource('/news').onmessage = event =>
        document.getElementById('news').textContent = `Somebody just bought a ${event.data}`</script>"
        .to_owned();
    for (product, price) in PRODUCTS {
        let number = cart.items.get(product).unwrap_or(&0);
        html += &format!("<form method=post action=/cart/{product}>{product}, {price} €, ");
        html += &format!("{number} in your cart <button>Buy</button></form>");
    }
    page(&session, &html)
}

async fn add(session: Session, State(shop): State<Shop>, Path(name): Path<String>) -> Answer {
    let Some((product, _)) = PRODUCTS.into_iter().find(|product| product.0 == name) else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    // `update` begins with `Cart::default()` if there is no cart. Of two concurrent requests, both add their product.
    session.update("cart", |cart: &mut Cart| {
        *cart.items.entry(name.clone()).or_default() += 1
    })?;
    session.flash(format!("A {product} is in your cart."), "success")?;
    let _ = shop.news.send(product); // an error means that no page is open
    Ok(Redirect::to("/").into_response())
}

/// Server-sent events. The session is closed before the stream begins: read it here if the stream needs something of it.
async fn news_stream(State(shop): State<Shop>) -> Sse<impl Stream<Item = Result<Event, Error>>> {
    let stream = unfold(shop.news.subscribe(), async |mut news| {
        let product = news.recv().await.ok()?; // a browser whose stream ends connects again
        Some((Ok(Event::default().data(product)), news))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

/// The guard. A request without a user goes to the login form, and after the login to the page that it asked for.
async fn require_login(session: Session, request: Request, next: Next) -> Answer {
    if session.user().is_none() {
        session.flash("Please log in first.", "info")?;
        if request.method().is_safe() {
            session.insert("next", request.uri().path())?;
        }
        return Ok(Redirect::to("/login").into_response());
    }
    Ok(next.run(request).await)
}

async fn login_form(session: Session) -> Page {
    let form = "<form method=post><input name=name placeholder=Name required>
        <input name=password type=password placeholder=Password required>
        <label><input type=checkbox name=remember value=true> Remember me</label> <button>Log in</button></form>
        <p><a href=/oauth/start>Log in with another site</a></p>";
    page(&session, form)
}

#[derive(Deserialize)]
struct Login {
    name: String,
    password: String,
    #[serde(default)] // a browser sends nothing for an empty box
    remember: bool,
}

async fn login(session: Session, Form(form): Form<Login>) -> To {
    // Here compare with the hash of the user's password, for example with the crate `argon2`.
    if form.password != "sesame" {
        session.flash("That is wrong. Here the password is: sesame.", "error")?;
        return Ok(Redirect::to("/login"));
    }
    log_in(&session, &form.name, form.remember)
}

/// Logs the user in, with a new session id against session fixation. The visitor's cart stays.
fn log_in(session: &Session, name: &str, remember: bool) -> To {
    // A path from our guard. A parameter of the URL could lead to another site.
    let next: Option<String> = session.take("next")?;
    session.log_in(name)?;
    session.set_permanent(remember)?; // else the session ends with the browser
    session.flash(format!("Welcome, {name}!"), "success")?;
    Ok(Redirect::to(next.as_deref().unwrap_or("/account")))
}

async fn account(session: Session) -> Page {
    let user = session.user().unwrap_or_default(); // never the default: the guard is before it
    let mut html = format!("<p>You are {}.</p>", escape(&user));
    html += "<form method=post action=/logout><button>Log out</button></form>
        <form method=post action=/logout-everywhere><button>Log out on all devices</button></form>";
    page(&session, &html)
}

async fn logout(session: Session) -> To {
    session.clear()?;
    Ok(Redirect::to("/"))
}

async fn logout_everywhere(session: Session, State(shop): State<Shop>) -> To {
    let user = session.user().unwrap_or_default();
    shop.users.end_all(&user).await?;
    session.clear()?; // this browser drops its cookie
    Ok(Redirect::to("/"))
}

/// Sends the browser to the OAuth provider, with a state that only this session knows.
async fn oauth_start(session: Session) -> To {
    let state = random_text()?;
    session.insert("oauth_state", &state)?;
    Ok(Redirect::to(&format!("/provider?state={state}")))
}

#[derive(Deserialize)]
struct Callback {
    state: String,
    code: String,
}

/// The provider has sent the browser back. Only the session that began the login may complete it, and only once.
async fn oauth_callback(session: Session, Query(callback): Query<Callback>) -> To {
    let state: Option<String> = session.take("oauth_state")?;
    // Here ask your provider over HTTPS whose code this is.
    if state != Some(callback.state) || callback.code != "code-of-ada" {
        session.flash("The other site did not log you in.", "error")?;
        return Ok(Redirect::to("/login"));
    }
    log_in(&session, "ada@other.example", false)
}

/// The provider's page, which in real life is on its own site.
async fn provider(Query(query): Query<BTreeMap<String, String>>) -> Html<String> {
    let state = query.get("state").map_or("", String::as_str);
    let link = format!("/oauth/callback?code=code-of-ada&state={}", escape(state));
    Html(format!("<a href=\"{link}\">Log in to the shop as Ada</a>"))
}

fn random_text() -> Result<String, session_core::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| EntropyError)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// A page: the messages for this visitor, which are shown once, and its content.
fn page(session: &Session, content: &str) -> Page {
    let mut html = "<!doctype html><title>Shop</title>".to_owned();
    for flash in session.take_flashes()? {
        let text = escape(&flash.message());
        html += &format!("<p class={}>{text}</p>", flash.category());
    }
    html += "<nav><a href=/>Shop</a> <a href=/account>Account</a></nav>";
    Ok(Html(html + content))
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('"', "&quot;")
}

/// The application, with its sessions in this store.
pub fn app(sessions: StoredSessions, store: Arc<SqliteStore>) -> Router {
    let cleaning = clean(sessions.clone(), store.clone(), Duration::from_secs(600));
    tokio::spawn(cleaning); // of expired sessions
    let users = UserSessions::new(&sessions, store.clone());
    let (news, _) = channel(16);
    Router::new()
        .route("/account", get(account))
        .route("/logout-everywhere", post(logout_everywhere))
        .route_layer(from_fn(require_login)) // for the routes above
        .route("/", get(index))
        .route("/cart/{product}", post(add))
        .route("/news", get(news_stream))
        .route("/login", get(login_form).post(login))
        .route("/logout", post(logout))
        .route("/oauth/start", get(oauth_start))
        .route("/oauth/callback", get(oauth_callback))
        .route("/provider", get(provider))
        .layer(SessionLayer::stored(sessions, store)) // outside of the guard, which needs a session
        .with_state(Shop { users, news })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    let sessions = Config::from_env("")?.builder()?.build_stored()?;
    let store = Arc::new(SqliteStore::open("shop.db")?);
    let listener = TcpListener::bind("127.0.0.1:5000").await?;
    Ok(axum::serve(listener, app(sessions, store)).await?)
}
