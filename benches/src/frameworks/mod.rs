//! The same small application in each framework, bare, with our sessions and with those of others: one route that leaves
//! the session alone, one that reads a value of it, one that changes that value; and one that fills the session, so that
//! everybody makes the cookie himself that he gets afterwards.

pub mod actix;
pub mod axum;
pub mod hyper;
pub mod rocket;

use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, Request, Uri};
use tokio::runtime::{Builder, Runtime};

use crate::{Job, core};

/// What leaves the session alone says.
pub const UNTOUCHED: &str = "untouched";

/// The text for a number of visits. Always a static one, so that making it costs nobody anything.
#[must_use]
pub fn answer(visits: i64) -> &'static str {
    match visits {
        41 => "41",
        42 => "42",
        43.. => "many",
        _ => "none",
    }
}

/// An answer, as far as it is checked.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
    pub set_cookies: Vec<String>,
}

impl Reply {
    /// Name and value of each cookie that it sets, without those that it removes.
    fn pairs(&self) -> String {
        let pairs = self
            .set_cookies
            .iter()
            .filter_map(|cookie| cookie.split(';').next());
        pairs
            .filter(|pair| {
                pair.split_once('=')
                    .is_some_and(|(_, value)| !value.is_empty())
            })
            .collect::<Vec<_>>()
            .join("; ")
    }
}

/// Of a response.
fn set_cookies(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(SET_COOKIE)
        .iter()
        .map(|value| value.to_str().unwrap().to_owned())
        .collect()
}

/// A Cookie header for an application, with three cookies of which the second is its session's, after a look whether it does
/// what it is measured for. One that has no sessions gets our cookie. `ask` has a path and a Cookie header.
///
/// # Panics
/// If it does something else.
pub fn prepare(size: usize, mut ask: impl FnMut(&str, &str) -> Reply) -> String {
    let beside = |pairs: &str| format!("_ga=GA1.1.1206412375.1700000000; {pairs}; theme=dark");
    let filled = ask("/fill", "theme=dark");
    assert_eq!(filled.status, 200, "{filled:?}");
    let has_sessions = !filled.pairs().is_empty();
    let cookie = if has_sessions {
        beside(&filled.pairs())
    } else {
        core::request(&core::signed(), size)[COOKIE]
            .to_str()
            .unwrap()
            .to_owned()
    };
    let mut expect = |path: &str, cookie: &str, body: &str| {
        let reply = ask(path, cookie);
        assert_eq!(
            (reply.status, reply.body.as_slice()),
            (200, body.as_bytes()),
            "{path} with {cookie}: {reply:?}"
        );
        reply
    };
    expect("/untouched", &cookie, UNTOUCHED);
    expect("/read", &cookie, "41");
    let written = expect("/write", &cookie, "42");
    if has_sessions {
        // Who keeps values on the server may have sent none: the id stays.
        let sent = if written.pairs().is_empty() {
            cookie.clone()
        } else {
            beside(&written.pairs())
        };
        expect("/read", &sent, "42");
    }
    cookie
}

/// A request, to be made again and again.
pub struct Template {
    uri: Uri,
    headers: HeaderMap,
}

impl Template {
    /// # Panics
    /// If this is no path or no Cookie header.
    #[must_use]
    pub fn new(path: &str, cookie: &str) -> Self {
        let headers = HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())]);
        Self {
            uri: path.parse().unwrap(),
            headers,
        }
    }

    #[must_use]
    pub fn request<B>(&self, body: B) -> Request<B> {
        let mut request = Request::new(body);
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

/// Of whatever needs one: one thread, that of whoever blocks on it.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: LazyLock<Runtime> =
        LazyLock::new(|| Builder::new_current_thread().enable_all().build().unwrap());
    &RUNTIME
}

/// The output of a future. Most of them wait for nothing, and so need not pay for a runtime.
pub fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(output) => output,
        Poll::Pending => runtime().block_on(future),
    }
}

/// All frameworks.
#[must_use]
pub fn jobs() -> Vec<Job> {
    // For this thread, until it ends: some ask for tokio's context at the first poll.
    std::mem::forget(runtime().enter());
    [axum::jobs(), hyper::jobs(), rocket::jobs(), actix::jobs()]
        .into_iter()
        .flatten()
        .collect()
}
