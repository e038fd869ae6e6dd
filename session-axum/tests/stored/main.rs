//! Stored sessions over real HTTP: the requests to the store, concurrent requests of one session, sessions that stay ended,
//! and requests whose store fails.

#![allow(clippy::unwrap_used, clippy::panic)]

mod closing;
mod failing;
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
