//! The close of a stored session: dropped clients, repeated requests, writers of one session.

use super::*;

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

/// An effect that a request finds already there, by its own attempt or by another request, is answered once the store confirms it.
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
