//! Accidents at the end of a request: work that no handler asked for, and lost changes.

use super::*;

/// axum-extra, tower-sessions and axum_session: three signatures were computed for one cookie that was read, all cookies
/// parsed although nobody asked, an HMAC sent to a pool of threads. Here is counted what a request asks of the store and which
/// threads it starts; what a session in a cookie allocates is counted in session-core's `allocations.rs`, and that a refused
/// one is not decoded in its `requirements/cookie_value.rs`. Signatures themselves are not counted: see `wire/sign.rs`.
#[test]
fn work_that_nobody_asked_for() {
    let threads = Arc::new(AtomicUsize::new(0));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .on_thread_start({
            let threads = threads.clone();
            move || {
                threads.fetch_add(1, Ordering::SeqCst);
            }
        })
        .build()
        .unwrap();
    runtime.block_on(async {
        let server = Server::start().await;
        let cookie = server.begin("/count/1").await;
        let noise = (0..50)
            .map(|n| format!("other{n}=value; "))
            .collect::<String>();
        for (path, calls) in [
            ("/untouched", &[][..]),
            ("/read/1", &["load"]),
            ("/count/1", &["load", "update"]),
        ] {
            server.get(path, &format!("{noise}{cookie}")).await;
            assert_eq!(server.store.calls(), calls, "{path}");
        }
        // In cookies: nobody looks at a forgery that nobody asks about.
        let router = || {
            Router::new()
                .route("/untouched", get(async || "nothing"))
                .fallback(async |session: Session| format!("{:?}", session.rejected()))
        };
        for app in both(router, |builder| builder) {
            let forged = format!("{noise}__Host-session=x");
            let untouched = ask(&app, "/untouched", &forged).await;
            assert!(
                untouched
                    .headers()
                    .keys()
                    .all(|name| name.as_str().starts_with("content-"))
            );
            assert_eq!(
                ask(&app, "/", &forged).await.body(),
                &format!("{:?}", Some(Rejected::Malformed))
            );
        }
    });
    assert_eq!(threads.load(Ordering::SeqCst), 0, "no thread but this one");
}

/// tower-sessions and rocket_flex: what a handler changed was dropped on a 5xx, or stored while its cookie was lost. Flask
/// saves on every response that it sends; so does this.
#[tokio::test]
async fn a_change_is_lost_on_an_error() {
    async fn status(session: Session, Path(status): Path<u16>) -> Result<StatusCode, Error> {
        session.insert("status", status)?;
        Ok(StatusCode::from_u16(status).unwrap())
    }
    let router = || {
        Router::new()
            .route("/{status}", get(status))
            .fallback(async |session: Session| session.to_json())
    };
    for app in both(router, |builder| builder) {
        for status in [200, 204, 303, 304, 400, 401, 404, 418, 500, 502, 503] {
            let response = ask(&app, &format!("/{status}"), "").await;
            assert_eq!(response.status(), status);
            let cookie = after(&response, "");
            assert_eq!(
                ask(&app, "/a/b", &cookie).await.body(),
                &format!("{{\"status\":{status}}}")
            );
        }
    }
}

/// axum-extra: where headers could not be made, Set-Cookie was left out in silence. Here the close is an error, and the
/// response replaced.
#[tokio::test]
async fn a_forgotten_set_cookie() {
    /// As many headers as there can be, less so many. All that goes out beside the cookie is there, so that room is wanted
    /// for the cookie alone.
    fn full(less: usize) -> HeaderMap {
        let beside = [("vary", "Cookie"), ("cache-control", "no-store")];
        let beside = beside.map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        let mut headers = HeaderMap::from_iter(beside);
        for number in 0..usize::MAX {
            let name = HeaderName::try_from(format!("x-{number}")).unwrap();
            if headers
                .try_insert(name, HeaderValue::from_static(""))
                .is_err()
            {
                break;
            }
        }
        (0..less).for_each(|number| drop(headers.remove(format!("x-{number}"))));
        headers
    }
    async fn fill(session: Session, Path(less): Path<usize>) -> Result<Response<Body>, Error> {
        session.insert("a", 1)?;
        let mut response = Response::new(Body::from("never seen"));
        *response.headers_mut() = full(less);
        Ok(response)
    }
    for app in both(
        || Router::new().route("/{less}", get(fill)),
        |builder| builder,
    ) {
        let response = ask(&app, "/0", "").await;
        let error = response.extensions().get::<session_core::Error>();
        assert_eq!(
            error,
            Some(&session_core::Error::TooManyHeaders("Set-Cookie"))
        );
        assert_eq!(
            (response.status().as_u16(), set_cookie(&response)),
            (500, None)
        );
        assert!(
            response
                .body()
                .starts_with("the response holds too many headers")
        );
        // Room for it, and for axum's Content-Length.
        assert!(set_cookie(&ask(&app, "/2", "").await).is_some());
    }
    // Nor is one left out that is too large.
    let sessions = builder()
        .clock(|| UNIX_EPOCH + Duration::from_secs(NOW))
        .build()
        .unwrap();
    let noise: Vec<u64> = (0..1_000_u64)
        .map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .collect();
    let session = sessions.open(&HeaderMap::new());
    session.insert("noise", noise).unwrap();
    let mut headers = HeaderMap::new();
    assert!(matches!(
        sessions.close(&session, &mut headers),
        Err(session_core::Error::TooLarge { .. })
    ));
    assert!(headers.is_empty());
}
