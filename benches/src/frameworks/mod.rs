//! The same small application in each framework: bare, with our sessions, and with other libraries.
//! One route leaves the session alone, one reads a value, one changes that value. A further route
//! fills the session, so that each application makes the cookie that it then gets.

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

/// The answer of the route that leaves the session alone.
pub const UNTOUCHED: &str = "untouched";

/// Returns the text for a number of visits. It is always static, so that no application pays for
/// making it.
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
    /// Name and value of each cookie that it sets, without removals.
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

/// Reads the parts of a response.
fn set_cookies(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(SET_COOKIE)
        .iter()
        .map(|value| value.to_str().unwrap().to_owned())
        .collect()
}

/// Returns a Cookie header for an application, with three cookies of which the second is its
/// session's. It first checks that the application works. An application without sessions gets our
/// cookie. `ask` takes a path and a Cookie header.
///
/// # Panics
/// Panics if the application gives another answer.
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
        // An application that stores values on the server may have sent no cookie: the id stays.
        let sent = if written.pairs().is_empty() {
            cookie.clone()
        } else {
            beside(&written.pairs())
        };
        expect("/read", &sent, "42");
    }
    cookie
}

/// Returns a request, to be made repeatedly.
pub struct Template {
    uri: Uri,
    headers: HeaderMap,
}

impl Template {
    /// # Panics
    /// Panics if the path or the Cookie header is invalid.
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

/// Returns a runtime of one thread, which is the thread that blocks on it.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: LazyLock<Runtime> =
        LazyLock::new(|| Builder::new_current_thread().enable_all().build().unwrap());
    &RUNTIME
}

/// Returns the output of a future. Most of them never wait, so they need not pay for a runtime.
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

/// Returns the jobs of all frameworks.
#[must_use]
pub fn jobs() -> Vec<Job> {
    // For this thread, until it ends: some applications need tokio's context at the first poll.
    std::mem::forget(runtime().enter());
    [axum::jobs(), hyper::jobs(), rocket::jobs(), actix::jobs()]
        .into_iter()
        .flatten()
        .collect()
}
