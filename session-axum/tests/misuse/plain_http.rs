//! A Secure cookie over plain HTTP: the browser drops it in silence.

use super::*;

fn app(sessions: Sessions) -> Router {
    Router::new()
        .route("/", get(visit))
        .layer(SessionLayer::new(sessions))
}

/// The warning is given once in a process, so this is one test.
#[tokio::test]
async fn a_secure_cookie_over_plain_http_is_one_warning() {
    let log = logged();
    let form = ["host: 192.168.1.5:5000", "origin: http://192.168.1.5:5000"];
    let secure = app(sessions());
    let insecure = Sessions::builder(SecretKey::generate().unwrap()).insecure_plain_http();

    // The browser is on TLS, or on its own machine, or it cannot be known.
    for headers in [
        vec![],
        vec!["host: 192.168.1.5:5000"],
        vec!["host: shop.example", "origin: https://shop.example"],
        vec!["host: localhost:5000", "origin: http://localhost:5000"],
        vec![form[0], form[1], "x-forwarded-proto: https"],
        vec![form[0], form[1], "forwarded: proto=https"],
    ] {
        assert_eq!(cookies(&send(&secure, &headers).await).len(), 1);
        assert_eq!(log(), "", "{headers:?}");
    }
    // Nothing is lost: the cookie is not Secure, or none goes out.
    let allowed = app(insecure.build().unwrap());
    log();
    assert_eq!(cookies(&send(&allowed, &form).await).len(), 1);
    let unused = Router::new()
        .route("/", get(async || "no session"))
        .layer(SessionLayer::new(sessions()));
    assert_eq!(cookies(&send(&unused, &form).await).len(), 0);
    assert_eq!(log(), "");

    assert_eq!(cookies(&send(&secure, &form).await).len(), 1);
    let warned = log();
    assert!(
        warned.contains(
            "WARN session: the cookie \"__Host-session\" is Secure, and went to a browser over plain HTTP, at \
             \"192.168.1.5:5000\": the browser drops it"
        ),
        "{warned}"
    );
    assert!(
        warned.contains("Serve the site over HTTPS") && warned.contains("`insecure_plain_http()`"),
        "{warned}"
    );
    send(&secure, &form).await;
    assert_eq!(log(), "", "once");
}
