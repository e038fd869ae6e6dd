//! The tour: every session feature of a Flask application, in Rocket. `cargo run -p tour-rocket`

use std::convert::Infallible;
use std::process::ExitCode;

use rocket::config::{LogLevel, Shutdown};
use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;
use rocket::form::Form;
use rocket::http::{Header, Status};
use rocket::request::{FromRequest, Outcome};
use rocket::response::content::{RawHtml, RawJson};
use rocket::response::stream::TextStream;
use rocket::response::{self, Redirect, Responder};
use rocket::tokio::select;
use rocket::tokio::sync::oneshot;
use rocket::tokio::time::timeout;
use rocket::{
    Build, Config, FromForm, Request, Response, Rocket, State, catch, catchers, get, post, routes,
};
use session_rocket::{Error, Session, SessionFairing};
use tour::actions::{Answer, LATE_FIRST};
use tour::start::Tour;
use tour::{actions, page, stop};

/// A page with content of a session is not cached: the back button after a logout must show nothing.
#[derive(Responder)]
struct NoStore<R> {
    content: R,
    cache_control: Header<'static>,
}

fn no_store<R>(content: R) -> NoStore<R> {
    NoStore {
        content,
        cache_control: Header::new("Cache-Control", "no-store"),
    }
}

/// Is dropped with the last connection.
struct Served(
    #[allow(dead_code, reason = "who waits for its other half")] oneshot::Sender<Infallible>,
);

fn rocket(tour: Tour, served: Served) -> Rocket<Build> {
    // At Ctrl-C, and by default at SIGTERM, requests under way have so many seconds; by default two.
    let grace = u32::try_from(stop::LIMIT.as_secs()).unwrap_or(u32::MAX);
    let shutdown = Shutdown {
        ctrlc: true,
        grace,
        mercy: 0,
        ..Shutdown::default()
    };
    let (address, port) = (tour.bind.ip(), tour.bind.port());
    let config = Config {
        address,
        port,
        log_level: LogLevel::Off,
        shutdown,
        ..Config::default()
    };
    let announce = AdHoc::on_liftoff("announce", |rocket| {
        Box::pin(async move {
            if let Some(tour) = rocket.state::<Tour>() {
                tour.announce((rocket.config().address, rocket.config().port).into());
            }
        })
    });
    rocket::custom(config)
        .attach(SessionFairing::from(tour.source.clone()))
        .attach(announce)
        .manage(tour)
        .manage(served)
        .mount(
            "/",
            routes![
                index,
                visit,
                login_form,
                login,
                profile,
                logout,
                add_to_cart,
                cart,
                permanent
            ],
        )
        .mount(
            "/",
            routes![
                flash, flashes, session, fail, panic, late, late_open, untouched
            ],
        )
        .mount("/", routes![sessions, end_session, end_sessions])
        .register("/", catchers![empty])
}

#[get("/")]
fn index(tour: &State<Tour>, session: Session) -> Result<NoStore<RawHtml<String>>, Error> {
    Ok(no_store(RawHtml(actions::page(tour, &session)?)))
}

#[get("/visit")]
fn visit(session: Session) -> Result<NoStore<String>, Error> {
    Ok(no_store(actions::visit(&session)?))
}

#[get("/login")]
fn login_form(tour: &State<Tour>) -> RawHtml<String> {
    RawHtml(page::login_form(tour.framework))
}

#[derive(FromForm)]
struct Login {
    username: String,
}

/// The browser's `User-Agent`.
struct UserAgent<'r>(Option<&'r str>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for UserAgent<'r> {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        Outcome::Success(Self(request.headers().get_one("User-Agent")))
    }
}

#[post("/login", data = "<form>")]
fn login(
    session: Session,
    user_agent: UserAgent<'_>,
    form: Form<Login>,
) -> Result<Redirect, Error> {
    actions::login(&session, &form.username, user_agent.0)?;
    Ok(Redirect::to("/profile"))
}

#[get("/profile")]
fn profile(session: Session) -> Result<NoStore<Result<RawHtml<String>, Redirect>>, Error> {
    Ok(no_store(
        actions::profile(&session)?
            .map(RawHtml)
            .ok_or_else(|| Redirect::to("/login")),
    ))
}

#[post("/logout")]
fn logout(session: Session) -> Result<&'static str, Error> {
    Ok(actions::logout(&session)?)
}

#[post("/add_to_cart/<product_id>")]
fn add_to_cart(session: Session, product_id: &str) -> Result<NoStore<String>, Error> {
    Ok(no_store(actions::add_to_cart(&session, product_id)?))
}

#[get("/cart")]
fn cart(session: Session) -> Result<NoStore<RawJson<String>>, Error> {
    Ok(no_store(RawJson(actions::cart(&session)?)))
}

#[derive(FromForm)]
struct Permanent {
    on: String,
}

#[post("/permanent", data = "<form>")]
fn permanent(session: Session, form: Form<Permanent>) -> Result<(Status, &'static str), Error> {
    let done = actions::set_permanent(&session, &form.on)?;
    Ok(
        done.map_or((Status::BadRequest, "on must be 1 or 0"), |ok| {
            (Status::Ok, ok)
        }),
    )
}

#[derive(FromForm)]
struct Flash {
    message: String,
    category: String,
}

#[post("/flash", data = "<form>")]
fn flash(session: Session, form: Form<Flash>) -> Result<&'static str, Error> {
    Ok(actions::flash(&session, &form.message, &form.category)?)
}

#[get("/flashes")]
fn flashes(session: Session) -> Result<NoStore<RawJson<String>>, Error> {
    Ok(no_store(RawJson(actions::flashes(&session)?)))
}

#[get("/session")]
fn session(session: Session) -> NoStore<RawJson<String>> {
    no_store(RawJson(session.to_json()))
}

#[derive(Responder)]
enum Shown {
    Page(RawHtml<String>),
    Text(&'static str),
    #[response(status = 400)]
    Bad(&'static str),
    To(Box<Redirect>),
}

fn show(answer: Answer) -> NoStore<Shown> {
    no_store(match answer {
        Answer::Page(page) => Shown::Page(RawHtml(page)),
        Answer::Text(text) => Shown::Text(text),
        Answer::Bad(text) => Shown::Bad(text),
        Answer::To(path) => Shown::To(Box::new(Redirect::to(path))),
    })
}

#[get("/sessions")]
async fn sessions(tour: &State<Tour>, session: Session) -> Result<NoStore<Shown>, Error> {
    Ok(show(actions::sessions(tour, &session).await?))
}

#[derive(FromForm)]
struct End {
    key: String,
}

#[post("/sessions/end", data = "<form>")]
async fn end_session(
    tour: &State<Tour>,
    session: Session,
    form: Form<End>,
) -> Result<NoStore<Shown>, Error> {
    Ok(show(actions::end_session(tour, &session, &form.key).await?))
}

#[post("/sessions/end_all")]
async fn end_sessions(tour: &State<Tour>, session: Session) -> Result<NoStore<Shown>, Error> {
    Ok(show(actions::end_sessions(tour, &session).await?))
}

#[get("/fail")]
fn fail(session: Session) -> Result<(Status, String), Error> {
    Ok((Status::InternalServerError, actions::fail(&session)?))
}

#[get("/panic")]
fn panic(session: Session) {
    actions::panic(&session)
}

#[get("/late")]
fn late(session: Session) -> Untyped<TextStream![String]> {
    Untyped(TextStream! {
        yield LATE_FIRST.to_owned();
        yield actions::late(&session);
    })
}

/// A body's access to its request while it streams.
struct Asks<'r>(&'r Request<'r>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Asks<'r> {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        Outcome::Success(Self(request))
    }
}

#[get("/late/open")]
fn late_open(request: Asks<'_>) -> Untyped<TextStream![String + '_]> {
    Untyped(TextStream! {
        yield LATE_FIRST.to_owned();
        yield match request.0.guard::<Session>().await {
            Outcome::Success(session) => actions::late_open(Ok::<_, Infallible>(&session)),
            Outcome::Error((_, error)) => actions::late_open(Err(error)),
            Outcome::Forward(_) => unreachable!("a session's guard never forwards"),
        };
    })
}

/// The same without Content-Type, as the other tours answer.
struct Untyped<R>(R);

impl<'r, R: Responder<'r, 'r>> Responder<'r, 'r> for Untyped<R> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'r> {
        let mut response = Response::build_from(self.0.respond_to(request)?).finalize();
        response.remove_header("Content-Type");
        Ok(response)
    }
}

#[get("/untouched")]
fn untouched() -> &'static str {
    "nothing"
}

#[catch(default)]
fn empty() {}

#[rocket::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| "session=info".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let tour = match Tour::start("Rocket", 5002).await {
        Ok(tour) => tour,
        Err(code) => return code,
    };
    match serve(tour.clone()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => match error.kind() {
            ErrorKind::Bind(error) | ErrorKind::Io(error) => tour.failed(error),
            other => tour.failed(&std::io::Error::other(other.to_string())),
        },
    }
}

async fn serve(tour: Tour) -> Result<(), rocket::Error> {
    let (served, last) = oneshot::channel();
    let rocket = rocket(tour, Served(served)).ignite().await?;
    let asked = rocket.shutdown();
    // Once asked to stop, `launch` waits for all of `grace` where any connection is open, and be it idle; or it fails at once,
    // where it sees its listener end before the signal. Connections that are idle are closed, the others after their answer;
    // the last one takes with it what Rocket manages.
    select! {
        ended = rocket.launch() => match ended {
            Err(error) if matches!(error.kind(), ErrorKind::Shutdown(..)) => {}
            ended => return ended.map(drop),
        },
        () = asked => {}
    }
    let _ = timeout(stop::LIMIT, last).await;
    Ok(())
}
