//! Sessions on the server through real HTTP: what is asked of the store, what two requests at once leave, what stays dead,
//! and what becomes of a request whose store breaks.

#![allow(clippy::unwrap_used, clippy::panic)]

mod server;
mod watched;

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use serde_json::Value;
use server::{KEY, Server, receive};
use session_axum::{MemoryStore, SecretKey, Sessions, session_core};
use session_store::SessionBackend;
use watched::{Fault, Gate, Watched};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

const REMOVED: &str = "__Host-session=";

#[tokio::test]
async fn a_request_asks_what_it_needs() {
    let server = Server::start_with(|builder| {
        builder
            .idle_lifetime(Duration::from_secs(1000))
            .absolute_lifetime(Duration::from_secs(5000))
    })
    .await;
    let cookie = server.begin("/count/1").await;
    let forged = cookie.replace(".AA", ".AB");
    for (path, cookie, calls) in [
        ("/read/1", "", &[][..]),
        ("/logout/1", "", &[]),
        ("/read/1", &*forged, &[]),
        (
            "/count/1",
            "__Host-session=../../../etc/passwd",
            &["insert"],
        ),
        ("/untouched", &*cookie, &[]),
        ("/read/1", &*cookie, &["load"]),
        ("/count/1", &*cookie, &["load", "update"]),
        ("/count/1", "", &["insert"]),
        ("/login/ada", "", &["index", "insert"]),
    ] {
        server.get(path, cookie).await;
        assert_eq!(server.store.calls(), calls, "{path} {cookie}");
    }
    // Touched only when due: after a tenth of the idle lifetime.
    for (seconds, calls) in [(99, &["load"][..]), (1, &["load", "touch"]), (0, &["load"])] {
        server.advance(seconds);
        assert!(server.get("/read/1", &cookie).await.cookie.is_none());
        assert_eq!(server.store.calls(), calls, "{seconds}");
    }
    let login = server.get("/login/ada", &cookie).await.cookie.unwrap();
    assert_eq!(server.store.calls(), ["load", "index", "update"]);
    assert_eq!(
        server.get("/logout/1", &login).await.cookie.as_deref(),
        Some(REMOVED)
    );
    assert_eq!(server.store.calls(), ["load", "delete", "unindex"]);
    // Past its absolute lifetime, by its own stamp.
    let old = server.begin("/count/1").await;
    server.advance(5001);
    assert_eq!(server.get("/read/1", &old).await.body, "{}");
    assert!(server.store.calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_clients_lose_nothing() {
    let server = Server::start().await;
    let cookie = server.begin("/insert/first").await;
    let all = (0..64).map(|number| {
        let (server, cookie) = (&server, &cookie);
        async move { server.get(&format!("/all/client-{number}"), cookie).await }
    });
    let answers = futures_util::future::join_all(all).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.status == 200 && answer.cookie.is_none())
    );
    let session = json(&server.get("/read/1", &cookie).await.body);
    assert_eq!(session["count"], 64);
    let clients: BTreeSet<String> = (0..64).map(|number| format!("client-{number}")).collect();
    let list: Vec<&str> = session["list"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item.as_str().unwrap())
        .collect();
    assert_eq!(
        (
            list.len(),
            list.iter().map(|item| (*item).to_owned()).collect()
        ),
        (64, clients.clone())
    );
    assert!(clients.iter().all(|client| session[client] == **client));
    let flashes = server.get("/flashes/1", &cookie).await.body;
    let flashes: Vec<String> = flashes.split(' ').map(str::to_owned).collect();
    assert_eq!(
        (flashes.len(), flashes.into_iter().collect()),
        (64, clients)
    );
    assert_eq!(server.get("/flashes/1", &cookie).await.body, "");
}

/// L5, L2: A holds the session; B logs out, or in; A finishes.
#[tokio::test]
async fn l5_what_ended_while_a_request_held_it_stays_dead() {
    for (ends, removed) in [
        ("/logout/1", true),
        ("/login/ada", false),
        ("/cycle_id/1", false),
    ] {
        for slow in [
            "/all/slow-held",
            "/read/slow-held",
            "/remember/yes-held",
            "/logout/1-held",
        ] {
            let server = Server::start().await;
            let cookie = server.begin("/count/1").await;
            let (slow_path, slow) = (slow, server.send(slow, &cookie).await);
            server.gate.arrived().await;
            let ended = server.get(ends, &cookie).await;
            let new = ended.cookie.unwrap();
            assert_eq!(new == REMOVED, removed);
            server.gate.open();
            let slow = receive(slow).await;
            // A logout removes the cookie of a session that has ended. Of one that lives on under a new id it ends nothing,
            // and says so. Nothing else sets a cookie.
            let logged_out = slow_path.starts_with("/logout");
            assert_eq!(
                slow.status,
                if logged_out && !removed { 409 } else { 200 },
                "{ends} {slow_path}"
            );
            let sent = (logged_out && removed).then_some(REMOVED);
            assert_eq!(slow.cookie.as_deref(), sent, "{ends} {slow_path}");
            for path in ["/all/later", "/read/1"] {
                let old = server.get(path, &cookie).await;
                assert_eq!(old.cookie, None, "{ends} {slow_path} {path}");
                assert!(
                    path == "/all/later" || old.body == "{}",
                    "{ends} {slow_path} {old:?}"
                );
            }
            if !removed {
                let now = server.get("/read/1", &new).await.body;
                let alive = if ends == "/login/ada" {
                    r#"{"count":1,"user":"ada"}"#
                } else {
                    r#"{"count":1}"#
                };
                assert_eq!(now, alive, "{ends} {slow_path}");
            }
        }
    }
}

#[tokio::test]
async fn a_login_on_what_was_ended_begins_anew() {
    let server = Server::start().await;
    let cookie = server.begin("/insert/secret").await;
    let slow = server.send("/login/ada-held", &cookie).await;
    server.gate.arrived().await;
    server.get("/logout/1", &cookie).await;
    server.gate.open();
    let new = receive(slow).await.cookie.unwrap();
    // Selector and verifier: the record is another one.
    assert_ne!(
        new["__Host-session=".len()..][..20],
        cookie["__Host-session=".len()..][..20]
    );
    assert_eq!(server.get("/read/1", &new).await.body, r#"{"user":"ada"}"#);
    assert_eq!(server.get("/read/1", &cookie).await.body, "{}");
}

/// T3: a well-formed id that no store knows.
#[tokio::test]
async fn t3_an_unknown_id_is_not_adopted() {
    let (server, other) = (Server::start().await, Server::start().await);
    let unknown = other.begin("/count/1").await;
    let answer = server.get("/count/1", &unknown).await;
    assert_eq!(
        (answer.body.as_str(), server.store.calls()),
        (r#"{"count":1}"#, vec!["load", "insert"])
    );
    assert_ne!(answer.cookie.unwrap()[..60], unknown[..60]);
    assert_eq!(server.get("/read/1", &unknown).await.body, "{}");
}

#[tokio::test]
async fn a_client_that_hangs_up_in_its_logout_is_logged_out() {
    let server = Server::start().await;
    let cookie = server.begin("/login/ada").await;
    let gate = Gate::new();
    server.store.plan("delete", 1, Fault::Wait(gate.clone()));
    let stream = server.send("/logout/1", &cookie).await;
    gate.arrived().await;
    drop(stream);
    // The connection's end has been seen once another request is answered and the socket is gone.
    assert!(server.get("/read/1", &cookie).await.body.contains("ada"));
    gate.open();
    gate.passed().await;
    assert_eq!(server.get("/read/1", &cookie).await.body, "{}");
}

/// Wherever it is dropped, and whether or not it was polled before.
#[tokio::test]
async fn a_close_that_is_dropped_goes_on() {
    for (polled, elsewhere) in [(false, false), (true, false), (false, true), (true, true)] {
        let store = Arc::new(Watched::default());
        let sessions = Sessions::builder(SecretKey::new(KEY).unwrap())
            .build_stored()
            .unwrap();
        let backend = SessionBackend::stored(sessions, store.clone());
        let exchange = backend.exchange(&HeaderMap::new());
        backend
            .open(&exchange)
            .await
            .unwrap()
            .insert("a", 1)
            .unwrap();
        let gate = Gate::new();
        store.plan("insert", 1, Fault::Wait(gate.clone()));
        let mut close = backend.close(exchange);
        if polled {
            assert!(
                Pin::new(&mut close)
                    .poll(&mut Context::from_waker(Waker::noop()))
                    .is_pending()
            );
            gate.arrived().await;
        }
        // A thread of no runtime's.
        if elsewhere {
            thread::spawn(|| drop(close)).join().unwrap()
        } else {
            drop(close)
        }
        gate.open();
        gate.passed().await;
        assert_eq!(store.calls(), ["insert"], "{polled} {elsewhere}");
    }
}

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
            (
                answer.status,
                answer.cookie.as_deref(),
                answer.body.as_str()
            ),
            (503, None, ""),
            "{path}"
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
        // What was done although the answer was lost is confirmed.
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

/// What a request finds done, by an attempt of its own or by somebody else, is answered once the store confirms it.
#[tokio::test]
async fn what_is_found_done_is_confirmed() {
    let deadlines = Duration::from_millis(500);
    let server = Server::start_with(|builder| {
        builder
            .max_sessions_per_user(1)
            .deadlines(deadlines, deadlines)
    })
    .await;
    for (verb, path) in [
        ("insert", "/count/1"),
        ("update", "/count/1"),
        ("delete", "/logout/1"),
        ("trim", "/login/ada"),
    ] {
        let cookie = async || {
            if verb == "insert" {
                String::new()
            } else {
                server.begin("/count/1").await
            }
        };
        server.get(path, &cookie().await).await;
        assert!(
            !server.store.calls().contains(&"confirm"),
            "{verb} was done by itself"
        );

        let lost = cookie().await;
        server.store.plan(verb, 1, Fault::LoseAnswer);
        assert_eq!(server.get(path, &lost).await.status, 200, "{verb}");
        let calls = server.store.calls();
        assert!(
            calls
                .windows(3)
                .any(|calls| calls == [verb, verb, "confirm"]),
            "{calls:?}"
        );

        let lost = cookie().await;
        server.store.plan(verb, 1, Fault::LoseAnswer);
        server.store.plan("confirm", usize::MAX, Fault::Fail);
        let answer = server.get(path, &lost).await;
        assert_eq!((answer.status, answer.cookie), (503, None), "{verb}");
        server.store.heal();
        server.store.calls();
    }
    // Once more, and where the record is long gone.
    let cookie = server.begin("/count/1").await;
    server.get("/logout/1", &cookie).await;
    for seconds in [10, 60, 24 * 60 * 60] {
        server.store.calls();
        server.advance(seconds);
        assert_eq!(server.get("/logout/1", &cookie).await.status, 200);
        assert!(
            server.store.calls().ends_with(&["delete", "confirm"]),
            "{seconds}"
        );
    }
}

/// Two servers: while one does not know whether its write was made, the other writes to the same session. As long as the
/// record names the write among its last eight it is recognised; later the request fails, though never counts twice.
#[tokio::test]
async fn a_write_that_is_repeated_after_others_counts_once() {
    for (others, told) in [(7, true), (8, false)] {
        let store = Arc::new(Watched::default());
        let server = || {
            let sessions = Sessions::builder(SecretKey::new(KEY).unwrap())
                .build_stored()
                .unwrap();
            SessionBackend::stored(sessions, store.clone())
        };
        let count = async |server: &SessionBackend, request: &HeaderMap| {
            let exchange = server.exchange(request);
            server.open(&exchange).await?.increment("count", 1)?;
            let mut response = HeaderMap::new();
            server
                .close(exchange)
                .await
                .apply(&mut response)
                .map(|()| response)
        };
        let (one, other) = (server(), server());
        let begun = count(&one, &HeaderMap::new()).await.unwrap();
        let pair = begun["set-cookie"]
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap();
        let request = HeaderMap::from_iter([("cookie".parse().unwrap(), pair.parse().unwrap())]);

        let gate = Gate::new();
        store.plan("update", 1, Fault::LoseAnswer);
        store.plan("update", 1, Fault::Wait(gate.clone()));
        let meanwhile = async {
            gate.arrived().await;
            for _ in 0..others {
                count(&other, &request).await.unwrap();
            }
            gate.open();
        };
        let (result, ()) = tokio::join!(count(&one, &request), meanwhile);
        assert_eq!(
            result.map(drop),
            if told {
                Ok(())
            } else {
                Err(session_core::Error::Unavailable)
            }
        );
        let session = one.open(&one.exchange(&request)).await.unwrap();
        assert_eq!(session.get::<i64>("count"), Ok(Some(2 + others)));
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

/// Writers of one process take turns: each meets at most one newer record.
#[tokio::test(flavor = "multi_thread")]
async fn writers_take_turns() {
    let server = Server::start().await;
    let cookie = server.begin("/count/1").await;
    let all = (0..32).map(|_| server.get("/count/1", &cookie));
    futures_util::future::join_all(all).await;
    let calls = server.store.calls();
    let updates = calls.iter().filter(|call| **call == "update").count();
    assert!(
        (32..=64).contains(&updates),
        "{updates} updates for 32 writes"
    );
    assert_eq!(server.get("/read/1", &cookie).await.body, r#"{"count":33}"#);
}

#[tokio::test]
async fn a_permanent_id_outlives_the_browser() {
    let server =
        Server::start_with(|builder| builder.absolute_lifetime(Duration::from_secs(90_000))).await;
    let cookie = server.begin("/count/1").await;
    server.advance(1000);
    let answer = server.get("/remember/yes", &cookie).await;
    assert!(answer.head.contains("; max-age=89000"), "{}", answer.head);
    // The request that was under way with the old id goes on until the new one has come back.
    assert_eq!(server.get("/count/1", &cookie).await.body, r#"{"count":2}"#);
    let new = answer.cookie.unwrap();
    assert_eq!(server.get("/read/1", &new).await.body, r#"{"count":2}"#);
    server.advance(61);
    assert_eq!(server.get("/read/1", &cookie).await.body, "{}");
}
