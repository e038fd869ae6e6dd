//! Layers that are missing, that do not reach a handler, or that are there twice.

use http_body_util::combinators::BoxBody;
use session_hyper::MissingLayer;

use super::*;

#[tokio::test]
async fn a_missing_layer_names_the_line_to_add() {
    struct Nowhere;

    async fn handler<B>(request: Request<B>) -> Answer {
        let session = request.session_of::<Nowhere>().await?;
        answer(session.increment("n", 1)?.to_string())
    }

    let expected = "a session is asked for, but the application provides none: wrap its service: \
                    `SessionLayer::new(sessions).marked::<Nowhere>().wrap(service)`";
    // Without any layer no code turns the error into a response.
    let error = service_fn(handler)
        .call(request("/", None))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), expected);
    let server = Server::start(service_fn(handler)).await;
    assert_eq!(server.send("/", "").await, "");
    let reported = until(|| server.failures().pop()).await;
    assert!(reported.contains(expected), "{reported}");

    let log = logged();
    let response = send(&layer().wrap(service_fn(handler)), None).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(text(response).await.starts_with(expected));
    assert!(log().contains(&format!(
        "ERROR session: the response was replaced error={expected}"
    )));
}

#[tokio::test]
async fn a_handler_outside_of_its_layer_is_told_so() {
    let layer = layer();
    let _covered = layer.wrap(service_fn(visit::<Empty<Bytes>>));
    let error = service_fn(visit)
        .call(request("/", None))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "a session is asked for outside of its layer, or before the layer has run: \
         `SessionLayer::new(sessions).wrap(service)` covers that service alone, so wrap the one that asks, with its \
         middleware inside"
    );
    assert_ne!(
        MissingLayer::known::<()>(true),
        MissingLayer::known::<()>(false)
    );
}

#[tokio::test]
async fn a_layer_twice_is_one_session() {
    async fn login<B>(request: Request<B>) -> Answer {
        let session = request.session().await?;
        session.log_in("ada")?;
        answer(session.increment("visits", 1)?.to_string())
    }

    let stored = || {
        let sessions = builder().build_stored().unwrap();
        SessionLayer::stored(sessions, Arc::new(MemoryStore::new()))
    };
    for layer in [layer(), stored()] {
        let service = layer.wrap(layer.wrap(service_fn(login)));
        let mut cookie = None;
        for visits in ["1", "2"] {
            let response = send(&service, cookie.as_deref()).await;
            let mut pairs = cookies(&response);
            assert_eq!(pairs.len(), 1, "{pairs:?}");
            cookie = pairs.pop();
            assert_eq!(text(response).await, visits);
        }
    }
}

/// The warning is given once in a process, so this is one test.
#[tokio::test]
async fn two_layers_with_one_cookie_are_a_warning_that_names_both() {
    struct Other;

    async fn both<B>(request: Request<B>) -> Answer {
        let (one, other) = (
            request.session().await?,
            request.session_of::<Other>().await?,
        );
        one.increment("n", 1)?;
        answer(other.increment("n", 1)?.to_string())
    }

    let log = logged();
    let other = layer().marked::<Other>();
    let service = layer().wrap(other.wrap(service_fn(both)));
    assert_eq!(log(), "");
    assert_eq!(cookies(&send(&service, None).await).len(), 2);
    let warned = log();
    assert!(
        warned.contains(
            "WARN session: the session without a marker and the session marked `Other` write one cookie, \
             \"__Host-session; Path=/\""
        ),
        "{warned}"
    );
}

/// The warning is given once in a process, so this is one test.
#[tokio::test]
async fn a_secure_cookie_over_plain_http_is_a_warning() {
    let log = logged();
    let service = layer().wrap(service_fn(visit));
    let mut form = request("/", None);
    for (name, value) in [
        ("host", "shop.local:8080"),
        ("origin", "http://shop.local:8080"),
    ] {
        form.headers_mut().insert(name, value.parse().unwrap());
    }
    assert_eq!(cookies(&service.call(form).await.unwrap()).len(), 1);
    let warned = log();
    assert!(
        warned.contains("WARN session: the cookie \"__Host-session\" is Secure, and went to a browser over plain HTTP, at \"shop.local:8080\""),
        "{warned}"
    );
}

/// The bodies that services of hyper have, and one that it does not know.
#[tokio::test]
async fn an_error_fills_the_usual_bodies() {
    async fn body<R: Body<Data = Bytes, Error: std::fmt::Debug> + Default + 'static>() -> String {
        let response: Response<R> = Error(SessionError::TooLate).into_response();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    let expected = "the session was opened or changed after the head";
    for text in [
        body::<String>().await,
        body::<Full<Bytes>>().await,
        body::<BoxBody<Bytes, Infallible>>().await,
        body::<BoxBody<Bytes, hyper::Error>>().await,
        body::<UnsyncBoxBody<Bytes, std::io::Error>>().await,
        body::<UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>>().await,
    ] {
        assert!(text.starts_with(expected), "{text}");
    }
    assert_eq!(body::<Empty<Bytes>>().await, "");
}
