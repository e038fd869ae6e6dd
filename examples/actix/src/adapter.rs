//! A complete adapter for actix-web 4, as `docs/adapters.md` describes it.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::{Next, from_fn};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError};
use http::header::MaxSizeReached;
use session_core::{Sessions, protocol::ResponseHeaders};
use session_store::{Advice, MissingLayer, SessionBackend, SessionSlot, trace};

/// Gives the handlers of an application their sessions: `App::new().wrap(layer.middleware())`.
/// Create it once, outside of the closure that builds the application for each worker.
#[derive(Clone)]
pub struct SessionLayer(SessionBackend);

impl SessionLayer {
    /// Creates a layer for sessions in cookies. For stored sessions, convert a [`SessionBackend`].
    pub fn new(sessions: Sessions) -> Self {
        SessionBackend::new(sessions).into()
    }

    /// Returns the middleware, for one worker's application.
    pub fn middleware<S, B>(
        &self,
    ) -> impl Transform<
        S,
        ServiceRequest,
        Response = ServiceResponse<EitherBody<B>>,
        Error = actix_web::Error,
        InitError = (),
    > + use<S, B>
    where
        S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>
            + 'static,
        B: MessageBody + 'static,
    {
        self.0.note_layer::<()>();
        let backend = self.0.clone();
        from_fn(move |request, next| around(backend.clone(), request, next))
    }
}

impl From<SessionBackend> for SessionLayer {
    fn from(backend: SessionBackend) -> Self {
        trace::log_warnings(&backend);
        Self(backend)
    }
}

/// Opens and closes the session of one request.
async fn around<B: MessageBody + 'static>(
    backend: SessionBackend,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    // 1. An exchange, from the request's Cookie headers.
    let cookies = request.headers().get_all("cookie");
    let exchange = backend.exchange_of(
        cookies.filter_map(|value| http::HeaderValue::from_bytes(value.as_bytes()).ok()),
    );

    // 2. Its slot, into the request.
    request
        .extensions_mut()
        .insert(backend.slot::<()>(&exchange));
    let answer = next.call(request).await;

    // 3. Close, and write the headers, whatever the answer is. Dropped before that, the exchange freezes its session.
    let outgoing = backend.close(exchange).await;
    match answer {
        Ok(mut response) => {
            match session_store::write_headers(outgoing, &mut Headers(response.headers_mut())) {
                Ok(()) => Ok(response.map_into_left_body()),
                Err(error) => Ok(response
                    .into_response(Error::from(error).error_response())
                    .map_into_right_body()),
            }
        }
        // An error of a middleware between this one and the handler. Errors of handlers are
        // responses already.
        Err(error) => {
            let mut response = error.error_response();
            session_store::write_headers(outgoing, &mut Headers(response.headers_mut()))
                .map_err(Error::from)?;
            Err(InternalError::from_response(error, response).into())
        }
    }
}

/// The headers of a response, for the core. actix-web uses the types of http 0.2, the core those of
/// http 1.
struct Headers<'a>(&'a mut HeaderMap);

impl ResponseHeaders for Headers<'_> {
    fn contains(&self, name: &'static http::HeaderName) -> bool {
        self.0.contains_key(name.as_str())
    }

    fn values(&self, name: &'static http::HeaderName) -> Vec<&[u8]> {
        self.0
            .get_all(name.as_str())
            .map(HeaderValue::as_bytes)
            .collect()
    }

    fn remove(&mut self, name: &'static http::HeaderName) {
        self.0.remove(name.as_str());
    }

    fn append(
        &mut self,
        name: &'static http::HeaderName,
        value: http::HeaderValue,
    ) -> Result<(), MaxSizeReached> {
        append(self.0, name, &value);
        Ok(())
    }
}

fn append(headers: &mut HeaderMap, name: &http::HeaderName, value: &http::HeaderValue) {
    let name = HeaderName::from_bytes(name.as_ref());
    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
        headers.append(name, value);
    }
}

/// The request's session. Dereferences to [`session_core::Session`], which has the methods.
#[derive(Debug)]
pub struct Session(session_core::Session);

impl Deref for Session {
    type Target = session_core::Session;

    fn deref(&self) -> &session_core::Session {
        &self.0
    }
}

impl FromRequest for Session {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let slot = request.extensions().get::<SessionSlot<()>>().cloned();
        Box::pin(async move {
            let Some(slot) = slot else {
                return Err(MissingLayer::of::<()>().error(&ADVICE).into());
            };
            Ok(Self(slot.open().await?))
        })
    }
}

/// The error of a session, as a response: the core's status, and the error's text in debug builds.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] pub session_core::Error);

/// What a developer changes who has no session.
const ADVICE: Advice = Advice {
    missing: "add `.wrap(SessionLayer::new(sessions).middleware())`",
    outside: "put the handler and the middleware that asks inside of `.wrap(SessionLayer::new(sessions).middleware())`",
};

impl ResponseError for Error {
    fn error_response(&self) -> HttpResponse {
        let failed = session_store::error_response(self.0.clone());
        let status = StatusCode::from_u16(failed.status().as_u16());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response =
            HttpResponse::with_body(status, failed.body().clone()).map_into_boxed_body();
        for (name, value) in failed.headers() {
            append(response.headers_mut(), name, value);
        }
        response
    }
}
