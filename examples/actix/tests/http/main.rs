//! Tests the adapter through actix-web's own application, and once over a socket.

#![allow(clippy::unwrap_used, clippy::panic)]

mod late;

use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, RETRY_AFTER, SET_COOKIE, VARY};
use actix_web::middleware::{Next, from_fn};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpResponse, web};
use session_core::{Builder, SecretKey, Sessions};
use session_store::{MemoryStore, SessionBackend};
use tour_actix::adapter::{Error, Session, SessionLayer};

const KEY: &str = "u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c";

fn builder() -> Builder {
    Sessions::builder(SecretKey::new(KEY).unwrap())
}

fn layer() -> SessionLayer {
    SessionLayer::new(builder().build().unwrap())
}

fn stored() -> SessionLayer {
    SessionBackend::stored(
        builder().build_stored().unwrap(),
        Arc::new(MemoryStore::new()),
    )
    .into()
}

async fn visit(session: Session) -> Result<String, Error> {
    Ok(session.increment("visits", 1)?.to_string())
}

fn cookies<B>(response: &ServiceResponse<B>) -> Vec<String> {
    let mut pairs = Vec::new();
    for value in response.headers().get_all(SET_COOKIE) {
        let pair = value.to_str().unwrap().split(';').next().unwrap();
        pairs.push(pair.to_owned());
    }
    pairs
}

async fn text<B: MessageBody>(response: ServiceResponse<B>) -> String {
    String::from_utf8(read_body(response).await.to_vec()).unwrap()
}

fn get(path: &str, cookie: &str) -> TestRequest {
    TestRequest::get()
        .uri(path)
        .insert_header(("cookie", cookie))
}

#[tokio::test]
async fn a_session_goes_round() {
    for layer in [layer(), stored()] {
        let app = init_service(
            App::new()
                .route("/", web::get().to(visit))
                .wrap(layer.middleware()),
        )
        .await;
        let mut cookie = String::new();
        for expected in ["1", "2", "3"] {
            let response = call_service(&app, get("/", &cookie).to_request()).await;
            assert_eq!(response.headers().get(VARY).unwrap(), "Cookie");
            cookie = cookies(&response).pop().unwrap_or(cookie);
            assert!(cookie.starts_with("__Host-session="));
            assert_eq!(text(response).await, expected);
        }
    }
}

#[tokio::test]
async fn who_does_not_ask_pays_nothing() {
    let app = App::new()
        .route("/", web::get().to(HttpResponse::Ok))
        .wrap(layer().middleware());
    let response = call_service(
        &init_service(app).await,
        get("/", "__Host-session=whatever").to_request(),
    )
    .await;
    assert!(response.headers().is_empty());
}

#[tokio::test]
async fn headers_of_the_response_are_kept() {
    async fn page(session: Session) -> Result<HttpResponse, Error> {
        session.insert("a", 1)?;
        let mut response = HttpResponse::Ok();
        response
            .append_header((VARY, "Accept"))
            .append_header((VARY, "Origin"));
        response
            .append_header((CACHE_CONTROL, "public"))
            .append_header(("cdn-cache-control", "public"));
        Ok(response.append_header((SET_COOKIE, "other=1")).finish())
    }
    let app = App::new()
        .route("/", web::get().to(page))
        .wrap(layer().middleware());
    let response = call_service(&init_service(app).await, get("/", "").to_request()).await;
    let vary: Vec<_> = response
        .headers()
        .get_all(VARY)
        .map(|value| value.to_str().unwrap())
        .collect();
    assert_eq!(vary.join(", "), "Accept, Origin, Cookie");
    assert_eq!(response.headers().get(CACHE_CONTROL).unwrap(), "no-store");
    assert!(!response.headers().contains_key("cdn-cache-control"));
    assert!(matches!(&cookies(&response)[..], [other, _] if other == "other=1"));
}

#[tokio::test]
async fn whatever_the_status_the_session_is_saved() {
    async fn missing(session: Session) -> Result<HttpResponse, Error> {
        session.insert("seen", true)?;
        Ok(HttpResponse::NotFound().finish())
    }
    async fn wrong(session: Session) -> Result<HttpResponse, Error> {
        session.insert("seen", true)?;
        session.get::<i64>("seen")?;
        Ok(HttpResponse::Ok().finish())
    }
    async fn before<B>(
        session: Session,
        request: actix_web::dev::ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, actix_web::Error> {
        session.insert("seen", true).map_err(Error::from)?;
        if request.path() == "/refused" {
            return Err(actix_web::error::ErrorForbidden("refused"));
        }
        next.call(request).await
    }
    let app = App::new()
        .route("/404", web::get().to(missing))
        .route("/500", web::get().to(wrong))
        .wrap(from_fn(before))
        .wrap(layer().middleware());
    let app = init_service(app).await;
    for (path, status) in [("/404", 404), ("/500", 500), ("/nowhere", 404)] {
        let response = call_service(&app, get(path, "").to_request()).await;
        assert_eq!(
            (response.status().as_u16(), cookies(&response).len()),
            (status, 1),
            "{path}"
        );
    }
    let error = app
        .call(get("/refused", "").to_request())
        .await
        .unwrap_err();
    let response = error.error_response();
    assert_eq!(response.status(), 403);
    assert!(response.headers().contains_key(SET_COOKIE));
}

#[tokio::test]
async fn a_close_that_fails_replaces_the_response() {
    async fn fill(session: Session) -> Result<&'static str, Error> {
        let noise: Vec<u64> = (0..1000_u64)
            .map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .collect();
        session.insert("noise", noise)?;
        Ok("never seen")
    }
    let app = App::new()
        .route("/", web::get().to(fill))
        .wrap(layer().middleware());
    let response = call_service(&init_service(app).await, get("/", "").to_request()).await;
    assert_eq!(response.status(), 500);
    assert_eq!(response.headers().get(CACHE_CONTROL).unwrap(), "no-store");
    assert!(cookies(&response).is_empty());
    let body = text(response).await;
    assert!(
        body.starts_with("the session does not fit into cookie"),
        "{body}"
    );
}

#[tokio::test]
async fn an_unavailable_session_is_a_503() {
    async fn unavailable() -> Result<HttpResponse, Error> {
        Err(session_core::Error::Unavailable.into())
    }
    let app = App::new()
        .route("/", web::get().to(unavailable))
        .wrap(layer().middleware());
    let response = call_service(&init_service(app).await, get("/", "").to_request()).await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers().get(RETRY_AFTER).unwrap(), "5");
}

#[tokio::test]
async fn a_handler_without_its_layer_names_the_line_to_change() {
    let app = init_service(App::new().route("/", web::get().to(visit))).await;
    let response = call_service(&app, get("/", "").to_request()).await;
    assert_eq!(response.status(), 500);
    assert!(
        text(response)
            .await
            .contains("`.wrap(SessionLayer::new(sessions).middleware())`")
    );
}
