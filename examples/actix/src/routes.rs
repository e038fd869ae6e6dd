//! The tour's routes in actix-web.

use std::convert::Infallible;

use actix_web::body::BodyStream;
use actix_web::guard::{Any, Get, Head};
use actix_web::http::header::{CACHE_CONTROL, ContentType, LOCATION, USER_AGENT};
use actix_web::web::{Bytes, Data, Form, Path, ServiceConfig, post, resource, route};
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder, Route};
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use tour::actions::{Answer as Shown, LATE_FIRST};
use tour::start::Tour;
use tour::{actions, page};

use crate::adapter::{Error, Session};

type Answer = Result<HttpResponse, Error>;

/// Adds all routes.
pub fn configure(tour: Tour) -> impl FnOnce(&mut ServiceConfig) {
    move |app| {
        app.app_data(Data::new(tour))
            .service(resource("/").route(get().to(index)))
            .service(resource("/visit").route(get().to(visit)))
            .service(
                resource("/login")
                    .route(get().to(login_form))
                    .route(post().to(login)),
            )
            .service(resource("/profile").route(get().to(profile)))
            .service(resource("/logout").route(post().to(logout)))
            .service(resource("/add_to_cart/{product_id}").route(post().to(add_to_cart)))
            .service(resource("/cart").route(get().to(cart)))
            .service(resource("/permanent").route(post().to(permanent)))
            .service(resource("/flash").route(post().to(flash)))
            .service(resource("/flashes").route(get().to(flashes)))
            .service(resource("/session").route(get().to(session)))
            .service(resource("/sessions").route(get().to(sessions)))
            .service(resource("/sessions/end").route(post().to(end_session)))
            .service(resource("/sessions/end_all").route(post().to(end_sessions)))
            .service(resource("/fail").route(get().to(fail)))
            .service(resource("/panic").route(get().to(panic)))
            .service(resource("/late").route(get().to(late)))
            .service(resource("/late/open").route(get().to(late_open)))
            .service(resource("/untouched").route(get().to(async || "nothing")));
    }
}

/// Accepts GET, and HEAD beside it.
fn get() -> Route {
    route().guard(Any(Get()).or(Head()))
}

async fn index(tour: Data<Tour>, session: Session) -> Answer {
    Ok(no_store(html()).body(actions::page(&tour, &session)?))
}

async fn visit(session: Session) -> Answer {
    Ok(no_store(text()).body(actions::visit(&session)?))
}

async fn login_form(tour: Data<Tour>) -> HttpResponse {
    html().body(page::login_form(tour.framework))
}

#[derive(Deserialize)]
struct Login {
    username: String,
}

async fn login(session: Session, request: HttpRequest, form: Form<Login>) -> Answer {
    let user_agent = request
        .headers()
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok());
    actions::login(&session, &form.username, user_agent)?;
    Ok(see_other("/profile").finish())
}

async fn profile(session: Session) -> Answer {
    Ok(match actions::profile(&session)? {
        Some(welcome) => no_store(html()).body(welcome),
        None => no_store(see_other("/login")).finish(),
    })
}

async fn logout(session: Session) -> Answer {
    Ok(text().body(actions::logout(&session)?))
}

async fn add_to_cart(session: Session, product_id: Path<String>) -> Answer {
    Ok(no_store(text()).body(actions::add_to_cart(&session, &product_id)?))
}

async fn cart(session: Session) -> Answer {
    Ok(json(actions::cart(&session)?))
}

#[derive(Deserialize)]
struct Permanent {
    on: String,
}

async fn permanent(session: Session, form: Form<Permanent>) -> Answer {
    Ok(match actions::set_permanent(&session, &form.on)? {
        Some(ok) => text().body(ok),
        None => HttpResponse::BadRequest()
            .content_type(ContentType::plaintext())
            .body("on must be 1 or 0"),
    })
}

#[derive(Deserialize)]
struct Flash {
    message: String,
    category: String,
}

async fn flash(session: Session, form: Form<Flash>) -> Answer {
    Ok(text().body(actions::flash(&session, &form.message, &form.category)?))
}

async fn flashes(session: Session) -> Answer {
    Ok(json(actions::flashes(&session)?))
}

async fn session(session: Session) -> HttpResponse {
    json(session.to_json())
}

fn show(shown: Shown) -> HttpResponse {
    match shown {
        Shown::Page(page) => no_store(html()).body(page),
        Shown::Text(line) => no_store(text()).body(line),
        Shown::Bad(line) => {
            let mut response = HttpResponse::BadRequest();
            response.content_type(ContentType::plaintext());
            no_store(response).body(line)
        }
        Shown::To(path) => no_store(see_other(path)).finish(),
    }
}

async fn sessions(tour: Data<Tour>, session: Session) -> Answer {
    Ok(show(actions::sessions(&tour, &session).await?))
}

#[derive(Deserialize)]
struct End {
    key: String,
}

async fn end_session(tour: Data<Tour>, session: Session, form: Form<End>) -> Answer {
    Ok(show(
        actions::end_session(&tour, &session, &form.key).await?,
    ))
}

async fn end_sessions(tour: Data<Tour>, session: Session) -> Answer {
    Ok(show(actions::end_sessions(&tour, &session).await?))
}

async fn fail(session: Session) -> Answer {
    let mut response = HttpResponse::InternalServerError();
    Ok(response
        .content_type(ContentType::plaintext())
        .body(actions::fail(&session)?))
}

async fn panic(session: Session) -> HttpResponse {
    actions::panic(&session)
}

async fn late(session: Session) -> HttpResponse {
    streamed(async move { actions::late(&session) })
}

async fn late_open(request: HttpRequest) -> HttpResponse {
    streamed(async move { actions::late_open(Session::extract(&request).await.as_deref()) })
}

fn streamed(rest: impl Future<Output = String> + 'static) -> HttpResponse {
    let parts = stream::iter([LATE_FIRST.to_owned()]).chain(stream::once(rest));
    HttpResponse::Ok().body(BodyStream::new(
        parts.map(|part| Ok::<_, Infallible>(Bytes::from(part))),
    ))
}

fn text() -> HttpResponseBuilder {
    of_type("text/plain; charset=utf-8")
}

fn html() -> HttpResponseBuilder {
    of_type("text/html; charset=utf-8")
}

fn json(body: String) -> HttpResponse {
    no_store(of_type("application/json")).body(body)
}

fn of_type(media_type: &'static str) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.content_type(media_type);
    response
}

fn see_other(path: &'static str) -> HttpResponseBuilder {
    let mut response = HttpResponse::SeeOther();
    response.insert_header((LOCATION, path));
    response
}

/// Forbids caches to store a page that shows a session: after a logout the back button must show
/// nothing of it.
fn no_store(mut response: HttpResponseBuilder) -> HttpResponseBuilder {
    response.insert_header((CACHE_CONTROL, "no-store"));
    response
}
