//! A store that hangs, fails, panics, or is full.

use super::*;

#[tokio::test]
async fn h6_a_store_that_hangs_is_503_within_the_deadline() {
    let (open, close) = (Duration::from_millis(300), Duration::from_millis(600));
    let server = Server::start_with(|builder| builder.deadlines(open, close)).await;
    let cookie = server.begin("/login/ada").await;
    for (verb, path, deadline) in [
        ("load", "/read/1", open),
        ("load", "/logout/1", open),
        ("update", "/count/1", close),
        ("delete", "/logout/1", close),
        ("insert", "/count/1", close),
        ("index", "/login/ada", close),
    ] {
        server.store.plan(verb, usize::MAX, Fault::Hang);
        let begun = Instant::now();
        let answer = server
            .get(path, if verb == "insert" { "" } else { &cookie })
            .await;
        assert!(begun.elapsed() >= deadline, "{verb} {path}");
        assert_eq!(
            (answer.status, answer.cookie.as_deref()),
            (503, None),
            "{path}"
        );
        assert!(
            answer
                .body
                .starts_with("the session store did not answer in time"),
            "a debug build tells its developer: {}",
            answer.body
        );
        assert!(answer.head.contains("retry-after: 5"), "{}", answer.head);
        assert!(
            answer.head.contains("cache-control: no-store"),
            "{}",
            answer.head
        );
        server.store.heal();
        assert_eq!(
            server.get("/read/1", &cookie).await.body,
            r#"{"user":"ada"}"#,
            "{verb} {path}"
        );
    }
}

/// Requests without a cookie until the store takes no more of them: whoever logs in does so all the same, also on a session
/// that began as a stranger's.
#[tokio::test]
async fn a_flood_of_strangers_keeps_nobody_from_logging_in() {
    let store = Watched::over(MemoryStore::with_limit(256 << 10));
    let server = Server::start_over(store, |builder| builder).await;
    let stranger = server.begin("/count/1").await;
    let mut requests = 0;
    while server.get("/count/1", "").await.status == 200 {
        requests += 1;
    }
    assert!(requests > 100, "{requests}");
    let login = server.get("/login/ada", "").await;
    assert_eq!((login.status, &*login.body), (200, r#"{"user":"ada"}"#));
    let login = server.get("/login/bob", &stranger).await;
    assert_eq!(
        (login.status, &*login.body),
        (200, r#"{"count":1,"user":"bob"}"#)
    );
    assert_eq!(
        server.get("/count/1", &login.cookie.unwrap()).await.status,
        200
    );
    // He left his place to another.
    assert_eq!(server.get("/count/1", "").await.status, 200);
    assert_eq!(server.get("/count/1", "").await.status, 503);
}

/// H6: a route that can do without says so.
#[tokio::test]
async fn h6_a_route_may_do_without() {
    let server = Server::start_with(|builder| {
        builder.deadlines(Duration::from_millis(50), Duration::from_millis(50))
    })
    .await;
    let cookie = server.begin("/login/ada").await;
    server.store.plan("load", usize::MAX, Fault::Fail);
    let answer = server.get("/news", &cookie).await;
    assert_eq!(
        answer.body,
        "degraded: true; user: Ok(None); change: Err(Unavailable)"
    );
    assert_eq!((answer.status, answer.cookie), (200, None));
    assert!(answer.head.contains("vary: cookie") && answer.head.contains("cache-control: private"));
    assert!(server.store.calls().iter().all(|call| *call == "load"));
    server.store.heal();
    let answer = server.get("/news", &cookie).await;
    assert_eq!(
        answer.body,
        r#"degraded: false; user: Ok(Some("ada")); change: Ok(())"#
    );
}

#[tokio::test]
async fn what_fails_is_asked_again_and_counted_once() {
    let server = Server::start().await;
    let cookie = server.begin("/count/1").await;
    for (fault, times) in [(Fault::Fail, 3), (Fault::LoseAnswer, 3)] {
        for verb in ["load", "update"] {
            server.store.plan(verb, times, fault.clone());
        }
        assert_eq!(server.get("/count/1", &cookie).await.status, 200);
        // A write whose reply was lost is confirmed.
        let confirmed = usize::from(matches!(fault, Fault::LoseAnswer));
        assert_eq!(server.store.calls().len(), 2 + 2 * times + confirmed);
    }
    assert_eq!(server.get("/read/1", &cookie).await.body, r#"{"count":3}"#);
    for (verb, path) in [
        ("insert", "/count/1"),
        ("delete", "/logout/1"),
        ("index", "/login/ada"),
    ] {
        server.store.plan(verb, 1, Fault::LoseAnswer);
        let cookie = if verb == "insert" { "" } else { &*cookie };
        let answer = server.get(path, cookie).await;
        assert_eq!(
            (answer.status, answer.cookie.is_some()),
            (200, true),
            "{verb}"
        );
        server.store.heal();
    }
}

#[tokio::test]
async fn a_store_that_panics_is_503() {
    let server = Server::start().await;
    let cookie = server.begin("/count/1").await;
    server.store.plan("update", 1, Fault::Panic);
    assert_eq!(server.get("/count/1", &cookie).await.status, 503);
    assert_eq!(server.get("/count/1", &cookie).await.body, r#"{"count":2}"#);
}

#[tokio::test]
async fn a_failed_touch_or_unindex_fails_no_request() {
    let close = Duration::from_millis(50);
    let server = Server::start_with(|builder| {
        builder
            .idle_lifetime(Duration::from_secs(1000))
            .deadlines(close, close)
    })
    .await;
    let cookie = server.begin("/login/ada").await;
    server.advance(500);
    server.store.plan("touch", usize::MAX, Fault::Fail);
    assert_eq!(
        server.get("/read/1", &cookie).await.body,
        r#"{"user":"ada"}"#
    );
    server.store.plan("unindex", usize::MAX, Fault::Fail);
    let answer = server.get("/logout/1", &cookie).await;
    assert_eq!(
        (answer.status, answer.cookie.as_deref()),
        (200, Some(REMOVED))
    );
}
