//! Applications without a layer, whose handlers do the work: the floor, and our core without its
//! adapter.

use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use hmac::Hmac;
use http::header::{CACHE_CONTROL, SET_COOKIE, VARY};
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};
use session_core::{Error, Session, Sessions};
use sha2::Sha256;

use super::{answer, routes};
use crate::core;
use crate::floor::Floor;
use crate::payload::{KEY, SECRET};

/// The floor, with the headers that go with a session: our core sets them too.
pub fn floor(_: Map<String, Value>) -> Router {
    let floor = Arc::new(Mutex::new(Floor::<Hmac<Sha256>>::new(SECRET)));
    let writing = floor.clone();
    let read = |request: Request| async move {
        let visits = floor.lock().unwrap().read(request.headers(), KEY);
        respond(visits, [(VARY, "Cookie"), (CACHE_CONTROL, "private")])
    };
    let write = |request: Request| async move {
        let mut floor = writing.lock().unwrap();
        let visits = floor.write(request.headers(), KEY);
        let mut response = respond(visits, [(VARY, "Cookie"), (CACHE_CONTROL, "no-store")]);
        response
            .headers_mut()
            .append(SET_COOKIE, HeaderValue::from_bytes(&floor.out).unwrap());
        response
    };
    routes(read, write, || async {})
}

fn respond(visits: Option<i64>, headers: [(HeaderName, &'static str); 2]) -> Response {
    let mut response = answer(visits.unwrap()).into_response();
    for (name, value) in headers {
        response
            .headers_mut()
            .append(name, HeaderValue::from_static(value));
    }
    response
}

/// Our core without its adapter: it opens a request's session and closes it into the response.
pub fn ours(fields: Map<String, Value>) -> Router {
    let sessions = core::signed();
    let fill = move |session: &Session| {
        fields
            .iter()
            .try_for_each(|(key, value)| session.insert(key, value))?;
        Ok("")
    };
    routes(
        handler(&sessions, read),
        handler(&sessions, write),
        handler(&sessions, fill),
    )
}

fn handler<F>(
    sessions: &Sessions,
    act: F,
) -> impl Fn(Request) -> Ready<Response> + Clone + Send + Sync + 'static
where
    F: Fn(&Session) -> Result<&'static str, Error> + Clone + Send + Sync + 'static,
{
    let sessions = sessions.clone();
    move |request| {
        let session = sessions.open(request.headers());
        let mut response = act(&session).unwrap().into_response();
        sessions.close(&session, response.headers_mut()).unwrap();
        ready(response)
    }
}

fn read(session: &Session) -> Result<&'static str, Error> {
    Ok(answer(session.get(KEY)?.unwrap_or(0)))
}

fn write(session: &Session) -> Result<&'static str, Error> {
    let visits = session.get(KEY)?.unwrap_or(0) + 1;
    session.insert(KEY, visits)?;
    Ok(answer(visits))
}
