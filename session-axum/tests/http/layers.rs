//! Layers that are missing, marked, or shared with middleware.

use super::*;

#[tokio::test]
async fn an_optional_session_is_none_without_its_layer() {
    async fn perhaps(session: Option<Session>, admin: Option<Session<Admin>>) -> String {
        format!("{} {}", session.is_some(), admin.is_some())
    }

    let routes = || Router::new().route("/", get(perhaps));
    let response = send(&routes(), "/", None).await;
    assert_eq!(text(response).await, "false false");
    let app = routes().layer(SessionLayer::new(sessions()));
    assert_eq!(text(send(&app, "/", None).await).await, "true false");
}

#[tokio::test]
async fn several_sessions_at_once() {
    async fn both(site: Session, admin: Session<Admin>) -> Result<String, Error> {
        Ok(format!(
            "{} {}",
            site.increment("n", 1)?,
            admin.increment("n", 10)?
        ))
    }
    let app = Router::new()
        .route("/", get(both))
        .layer(SessionLayer::new(sessions()))
        .layer(admin());
    let response = send(&app, "/", None).await;
    let pairs = cookies(&response);
    assert_eq!(response.headers().get_all(VARY).iter().count(), 1);
    assert!(
        pairs[0].starts_with("__Host-session=") && pairs[1].starts_with("__Host-admin="),
        "{pairs:?}"
    );
    assert_eq!(text(response).await, "1 10");
    let response = send(&app, "/", Some(&pairs.join("; "))).await;
    assert_eq!(text(response).await, "2 20");
    // One value under the other's name is a stranger's.
    let swapped = format!("__Host-session={}", pairs[1].split_once('=').unwrap().1);
    assert_eq!(text(send(&app, "/", Some(&swapped)).await).await, "1 10");
}

#[tokio::test]
async fn middleware_and_handler_see_one_session() {
    async fn before(session: Session, request: Request, next: Next) -> Response<Body> {
        session.insert("by", "middleware").unwrap();
        let response = next.run(request).await;
        session.insert("after", true).unwrap();
        response
    }
    let app = Router::new()
        .route(
            "/",
            get(|session: Session| async move { session.to_json() }),
        )
        .layer(middleware::from_fn(before))
        .layer(SessionLayer::new(sessions()));
    let response = send(&app, "/", None).await;
    let cookie = cookies(&response).pop().unwrap();
    assert_eq!(text(response).await, r#"{"by":"middleware"}"#);
    let response = send(&app, "/", Some(&cookie)).await;
    assert_eq!(text(response).await, r#"{"after":true,"by":"middleware"}"#);
}
