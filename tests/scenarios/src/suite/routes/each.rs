//! The answers of every route to a new client: status, type, cookie, `Vary` and `Cache-Control`.

use crate::client::Request;
use crate::suite::{Mode, Scene, Sent, visited};

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";

/// The source of Cache-Control.
#[derive(Clone, Copy, PartialEq)]
enum Cache {
    /// The handler: no-store.
    Handler,
    /// The library alone, since the handler asked for the session.
    Asked,
    /// None: the handler did not ask for the session.
    Unasked,
}

pub(super) fn each_route(scene: &Scene<'_>) {
    use Cache::{Asked, Handler, Unasked};
    let in_flask = |flask, ours| {
        if scene.mode() == Mode::Flask {
            flask
        } else {
            ours
        }
    };
    // Our format does not store that an empty session is permanent, and removes no cookie that was
    // not sent.
    let (permanent, removal) = (
        in_flask(Sent::Permanent, Sent::Nothing),
        in_flask(Sent::Removal, Sent::Nothing),
    );
    let visit = visited(1);
    let (get, post) = (Request::get, Request::post);
    let rows = [
        (get("/"), 200, None, HTML, Handler, Sent::Nothing),
        (
            get("/visit"),
            200,
            Some(&*visit),
            TEXT,
            Handler,
            Sent::Session,
        ),
        (
            get("/visit?visits=7"),
            200,
            Some(&*visit),
            TEXT,
            Handler,
            Sent::Session,
        ),
        (get("/login"), 200, None, HTML, Unasked, Sent::Nothing),
        (
            post("/login", &[("username", "ada")]),
            303,
            None,
            "",
            Asked,
            Sent::Session,
        ),
        (get("/profile"), 303, None, "", Handler, Sent::Nothing),
        (
            post("/logout", &[]),
            200,
            Some("Logged out successfully!"),
            TEXT,
            Asked,
            removal,
        ),
        (
            post("/add_to_cart/mug", &[]),
            200,
            Some("Added product mug to cart"),
            TEXT,
            Handler,
            Sent::Session,
        ),
        (get("/cart"), 200, Some("[]"), JSON, Handler, Sent::Nothing),
        (
            post("/permanent", &[("on", "1")]),
            200,
            Some("ok"),
            TEXT,
            Asked,
            permanent,
        ),
        (
            post("/flash", &[("message", "m"), ("category", "c")]),
            200,
            Some("ok"),
            TEXT,
            Asked,
            Sent::Session,
        ),
        (
            get("/flashes"),
            200,
            Some("[]"),
            JSON,
            Handler,
            Sent::Nothing,
        ),
        (
            get("/session"),
            200,
            Some("{}"),
            JSON,
            Handler,
            Sent::Nothing,
        ),
        (
            get("/untouched"),
            200,
            Some("nothing"),
            TEXT,
            Unasked,
            Sent::Nothing,
        ),
        (
            get("/fail"),
            500,
            Some("This page has failed 1 times"),
            TEXT,
            Asked,
            Sent::Session,
        ),
        (get("/missing"), 404, None, "", Unasked, Sent::Nothing),
    ];
    for (request, status, body, content_type, cache, sent) in rows {
        let response = scene.client().expect(&request, status, sent);
        let location = match &*request.path {
            "/login" if status == 303 => Some("/profile"),
            "/profile" => Some("/login"),
            _ => None,
        };
        assert_eq!(
            response.header("location"),
            location,
            "{request:?}: {response:?}"
        );
        let consulted = cache != Unasked;
        assert_eq!(
            response.varies_by_cookie(),
            consulted,
            "Vary: {request:?}: {response:?}"
        );
        if scene.is_flask() {
            assert!(
                body.is_none_or(|body| response.body.trim_end() == body),
                "{request:?}: {response:?}"
            );
            continue;
        }
        assert!(
            body.is_none_or(|body| response.body == body),
            "{body:?}: {request:?}: {response:?}"
        );
        let came = response.header("content-type").unwrap_or_default();
        assert!(
            content_type.is_empty() || came == content_type,
            "{content_type}: {request:?}: {response:?}"
        );
        let expected = match (cache, scene.mode()) {
            (Handler, _) => Some("no-store"),
            (Asked, Mode::Flask) | (Unasked, _) => None,
            (Asked, _) if sent != Sent::Nothing => Some("no-store"),
            (Asked, _) => Some("private"),
        };
        assert_eq!(
            response.header("cache-control"),
            expected,
            "{request:?}: {response:?}"
        );
    }
}
