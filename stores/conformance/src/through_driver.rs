//! Concurrent requests of an application, through the driver of [`SessionBackend`].

use http::HeaderMap;
use session_core::Session;
use session_store::SessionBackend;

use crate::request::{headers, look, sessions, set_cookie};
use crate::store_under_test::{StoreUnderTest, concurrently, expect, hold};

/// Runs one request, and returns the cookie that its response sets.
async fn request(
    source: &SessionBackend,
    cookie: &str,
    handler: impl FnOnce(&Session),
) -> Option<String> {
    let exchange = source.exchange(&headers(cookie));
    handler(&source.open(&exchange).await.unwrap());
    let mut response = HeaderMap::new();
    source.close(exchange).await.apply(&mut response).unwrap();
    set_cookie(&response)
}

/// 64 of them, through two sources: writers of one source take turns, those of different processes meet in the store.
pub(crate) async fn concurrent_requests_on_one_session(store: StoreUnderTest) {
    const WRITERS: u64 = 64;
    const EACH: u64 = 2;
    let sessions = sessions(|builder| builder);
    let sources = [0, 1].map(|_| SessionBackend::stored(sessions.clone(), store.0.clone()));
    let cookie = request(&sources[0], "", |session| {
        session.insert("base", true).unwrap()
    })
    .await
    .unwrap();
    concurrently(WRITERS, |writer| {
        let source = sources[usize::from(writer % 8 == 0)].clone();
        let cookie = cookie.clone();
        async move {
            for number in 0..EACH {
                let set = request(&source, &cookie, |session| {
                    session.increment("sum", 1).unwrap();
                    session.push("pushed", writer * EACH + number).unwrap();
                    session.flash(writer * EACH + number, "info").unwrap();
                });
                hold("a write sets no cookie", set.await.is_none());
            }
        }
    })
    .await;
    let seen = look(&sessions, &store, &cookie).await.unwrap();
    let all: Vec<i64> = (0..(WRITERS * EACH).cast_signed()).collect();
    for (what, mut found) in [("pushed", seen.pushed), ("flashed", seen.flashed)] {
        found.sort_unstable();
        hold(
            format_args!("each value that 64 concurrent requests {what} is stored once"),
            found == all,
        );
    }
    expect(
        "the sum of 64 concurrent requests is exact",
        &seen.sum.cast_unsigned(),
        &(WRITERS * EACH),
    );
}

pub(crate) async fn concurrent_requests_on_a_thousand_sessions(store: StoreUnderTest) {
    const SESSIONS: u64 = 1_000;
    let sessions = sessions(|builder| builder);
    let source = SessionBackend::stored(sessions.clone(), store.0.clone());
    let cookies = concurrently(SESSIONS, |number| {
        let source = source.clone();
        async move {
            let write = move |session: &Session| {
                session.increment("sum", 1).unwrap();
                session.push("pushed", number).unwrap();
            };
            let cookie = request(&source, "", write).await.unwrap();
            request(&source, &cookie, write).await;
            let login =
                move |session: &Session| session.log_in(&format!("user {}", number % 100)).unwrap();
            let renewed = request(&source, &cookie, login).await.unwrap();
            request(&source, &cookie, write).await; // after the login, so it is dropped
            renewed
        }
    });
    let cookies = cookies.await;
    for (number, cookie) in (0..).zip(&cookies) {
        let seen = look(&sessions, &store, cookie).await.unwrap();
        let user = format!("user {}", number % 100);
        let own = seen.sum == 2 && seen.pushed == [number, number] && seen.user == Some(user);
        hold(
            "each of 1000 sessions has its own data, and no write that came with the old cookie after its login",
            own,
        );
    }
    for user in 0..100 {
        expect(
            "list, of 1000 sessions of 100 users",
            &store.keys(&format!("user {user}")).await.len(),
            &10,
        );
    }
}
