//! The allocations of a session in a cookie: no more than before stored sessions existed, so that
//! the second mode costs the first one nothing. If the code makes fewer, lower the numbers here.

#![allow(clippy::unwrap_used)]

use allocation_counter::measure;
use http::HeaderMap;
use http::header::COOKIE;
use session_core::{Refresh, SecretKey, Session, Sessions, protocol::Exchange, testing};

const KEY: &str = "u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c";

/// 98 bytes of JSON.
fn fill(session: &Session) -> Result<(), session_core::Error> {
    session.insert("cart", ["espresso", "beans", "mug"])?;
    session.insert("user_id", 123)?;
    session.insert("username", "ada")?;
    session.insert("visits", 41)?;
    session.insert("theme", "dark-blue")
}

fn allocations(work: impl FnOnce()) -> u64 {
    measure(work).count_total
}

/// Opens, calls the handler, closes; returns the number of allocations in all.
fn request(sessions: &Sessions, headers: &HeaderMap, handler: impl Fn(&Session)) -> u64 {
    let mut response = HeaderMap::with_capacity(8);
    allocations(|| {
        let exchange: Exchange = sessions.exchange(headers);
        let session = exchange.open().done().unwrap().unwrap();
        handler(&session);
        exchange
            .close()
            .done()
            .unwrap()
            .apply(&mut response)
            .unwrap();
    })
}

#[test]
fn a_cookie_session_allocates_no_more_than_before() {
    let sessions = Sessions::new(SecretKey::new(KEY).unwrap());
    let headers = testing::request(&sessions, fill).unwrap();
    // The first call of each may fill thread locals.
    request(&sessions, &headers, |session| {
        drop(session.increment("visits", 1))
    });

    let untouched = allocations(|| drop(sessions.exchange(&headers).close()));
    let mut visits = None;
    let get = allocations(|| visits = sessions.open(&headers).get::<i64>("visits").unwrap());
    assert_eq!(visits, Some(41));
    let read = request(&sessions, &headers, |session| {
        drop(session.get::<i64>("visits"))
    });
    let write = request(&sessions, &headers, |session| {
        drop(session.increment("visits", 1))
    });
    // A user who is logged in costs no allocation.
    let login = |session: &Session| session.log_in("ada").and_then(|()| fill(session));
    let users = testing::request(&sessions, login).unwrap();
    request(&sessions, &users, |session| {
        drop(session.increment("visits", 1))
    });
    assert_eq!(
        allocations(|| drop(sessions.open(&users).get::<i64>("visits"))),
        get
    );
    assert_eq!(
        request(&sessions, &users, |session| drop(
            session.increment("visits", 1)
        )),
        write
    );
    let found = [
        ("untouched", untouched),
        ("open, get", get),
        ("read", read),
        ("write", write),
    ];
    assert_eq!(
        found,
        [
            ("untouched", 1),
            ("open, get", 3),
            ("read", 4),
            ("write", 6)
        ]
    );
    // The first clone of a header allocates, and these were never cloned: `Sessions::open` does not
    // clone them.
    let never_cloned =
        || HeaderMap::from_iter([(COOKIE, headers[COOKIE].as_bytes().try_into().unwrap())]);
    let (open, read) = (never_cloned(), never_cloned());
    assert_eq!(
        allocations(|| drop(sessions.open(&open).get::<i64>("visits"))),
        3
    );
    assert_eq!(
        request(&sessions, &read, |session| drop(
            session.get::<i64>("visits")
        )),
        5
    );

    // A refresh writes Set-Cookie, and allocates nothing for the payload, which stays.
    let each = Sessions::builder(SecretKey::new(KEY).unwrap())
        .refresh(Refresh::EachRequest)
        .build()
        .unwrap();
    assert_eq!(
        request(&each, &headers, |session| drop(
            session.get::<i64>("visits")
        )),
        5
    );
}
