//! Several layers on the way of one request.

use super::*;

/// With an exchange each, the inner layer's login and the outer layer's visit would go out as two cookies of one name, and the
/// browser would store the last, which is the outer one.
async fn one_session(app: Router) {
    let response = send(&app, &[]).await;
    let pairs = cookies(&response);
    assert_eq!(pairs.len(), 1, "{pairs:?}");
    assert_eq!(
        text(response).await,
        r#"{"by":"middleware","visits":1} Some("ada")"#
    );
    let response = send(&app, &[&format!("cookie: {}", pairs[0])]).await;
    assert_eq!(cookies(&response).len(), 1);
    assert_eq!(
        text(response).await,
        r#"{"by":"middleware","visits":2} Some("ada")"#
    );
}

async fn login(session: Session) -> Result<String, Error> {
    session.log_in("ada")?;
    session.increment("visits", 1)?;
    Ok(format!("{} {:?}", session.to_json(), session.user()))
}

/// Middleware between the two layers.
async fn between(session: Session, request: Request, next: Next) -> Result<Response<Body>, Error> {
    session.insert("by", "middleware")?;
    Ok(next.run(request).await)
}

fn around(inner: SessionLayer, outer: SessionLayer) -> Router {
    Router::new()
        .route("/", get(login))
        .layer(inner)
        .layer(middleware::from_fn(between))
        .layer(outer)
}

#[tokio::test]
async fn a_layer_and_its_clone_are_one_session() {
    let log = logged();
    let layer = SessionLayer::new(sessions());
    one_session(around(layer.clone(), layer)).await;
    let store: Arc<MemoryStore> = Arc::default();
    let stored = Sessions::builder(SecretKey::generate().unwrap())
        .build_stored()
        .unwrap();
    let layer = SessionLayer::stored(stored, store);
    one_session(around(layer.clone(), layer)).await;
    assert_eq!(log(), "");
}

#[tokio::test]
async fn two_layers_of_one_configuration_are_one_session() {
    let log = logged();
    let sessions = sessions();
    one_session(around(
        SessionLayer::new(sessions.clone()),
        SessionLayer::new(sessions),
    ))
    .await;
    let store: Arc<MemoryStore> = Arc::default();
    let stored = Sessions::builder(SecretKey::generate().unwrap())
        .build_stored()
        .unwrap();
    one_session(around(
        SessionLayer::stored(stored.clone(), store.clone()),
        SessionLayer::stored(stored, store),
    ))
    .await;
    assert_eq!(log(), "");
}

/// In a router that is nested, under a layer that covers all.
#[tokio::test]
async fn the_layer_of_a_nested_router_too() {
    let layer = SessionLayer::new(sessions());
    let inner = Router::new().route("/", get(login)).layer(layer.clone());
    let app = Router::new()
        .merge(inner)
        .layer(middleware::from_fn(between))
        .layer(layer);
    one_session(app).await;
}

#[tokio::test]
async fn one_configuration_under_two_markers_is_one_session() {
    struct Same;

    async fn both(one: Session, other: Session<Same>) -> Result<String, Error> {
        one.increment("n", 1)?;
        Ok(other.increment("n", 10)?.to_string())
    }

    let sessions = sessions();
    let app = Router::new()
        .route("/", get(both))
        .layer(SessionLayer::new(sessions.clone()))
        .layer(SessionLayer::new(sessions).marked::<Same>());
    let response = send(&app, &[]).await;
    assert_eq!(cookies(&response).len(), 1);
    assert_eq!(text(response).await, "11");
}

/// The warning is given once in a process, so this is one test.
#[tokio::test]
async fn two_configurations_with_one_cookie_are_a_warning_that_names_both() {
    struct Admin;

    async fn both(site: Session, admin: Session<Admin>) -> Result<String, Error> {
        let n = site.increment("n", 1)? + admin.increment("n", 1)?;
        Ok(n.to_string())
    }

    // Other names, paths and domains are a supported use.
    let log = logged();
    let flask = || Sessions::flask_builder("u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c");
    for other in [
        flask().cookie_name("admin"),
        flask().path("/admin"),
        flask().domain("admin.example"),
    ] {
        let app = Router::new()
            .route("/", get(both))
            .layer(SessionLayer::new(flask().build().unwrap()))
            .layer(SessionLayer::new(other.build().unwrap()).marked::<Admin>());
        assert_eq!(cookies(&send(&app, &[]).await).len(), 2);
        assert_eq!(log(), "");
    }

    let app = Router::new()
        .route("/", get(both))
        .layer(SessionLayer::new(sessions()))
        .layer(SessionLayer::new(sessions()).marked::<Admin>());
    assert_eq!(log(), "");
    assert_eq!(cookies(&send(&app, &[]).await).len(), 2);
    let warned = log();
    assert!(
        warned.contains(
            "WARN session: the session marked `Admin` and the session without a marker write one cookie, \
             \"__Host-session; Path=/\""
        ),
        "{warned}"
    );
    assert!(
        warned.contains("Give one of them another name with `cookie_name`"),
        "{warned}"
    );
    send(&app, &[]).await;
    assert_eq!(log(), "", "once");
}
