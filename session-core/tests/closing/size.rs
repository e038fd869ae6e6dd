//! Limits of a cookie's size.

use http::HeaderMap;
use session_core::{Error, EventKind, Sessions};

use crate::common::{KEY, ManualClock, cookie_with, formats, key, noise, visit};

#[test]
fn c3_a_session_that_does_not_fit() {
    for (format, builder) in formats() {
        let sessions = builder.max_cookie_size(0).build().unwrap();
        let mut sizes = Vec::new();
        for length in 2000..4200 {
            match visit(&sessions, &[], |session| session.insert("n", noise(length))) {
                Ok(closed) => {
                    let size = closed.cookie().unwrap().len() - 1;
                    assert!(size <= 4096, "{format} {size}");
                    sizes.push(size);
                    let cookie = closed.new_cookie();
                    visit(&sessions, &[&cookie], |session| {
                        assert_eq!(
                            session.get::<String>("n")?.as_deref(),
                            Some(&*noise(length))
                        );
                        Ok(())
                    })
                    .unwrap();
                }
                Err(Error::TooLarge { name, size, limit }) => {
                    assert_eq!((&*name, limit), (sessions.cookie_name(), 4096));
                    assert!((4097..4200).contains(&size), "{format} {size}");
                    break;
                }
                Err(error) => panic!("{format}: {error}"),
            }
        }
        let largest = sizes.iter().max().unwrap();
        assert!(
            (4090..=4096).contains(largest),
            "{format}: the largest cookie has {largest} bytes"
        );
    }
    // A limit of the whole header is an error in our formats.
    let sessions = Sessions::builder(key(KEY))
        .max_cookie_size(200)
        .build()
        .unwrap();
    let error = visit(&sessions, &[], |session| session.insert("n", noise(100))).unwrap_err();
    assert!(
        matches!(
            error,
            Error::TooLarge {
                limit: 200,
                size: 201..,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("the limit is 200"), "{error}");
    // No header was touched.
    let mut headers = HeaderMap::new();
    let session = sessions.open(&HeaderMap::new());
    session.insert("n", noise(100)).unwrap();
    assert!(sessions.close(&session, &mut headers).is_err() && headers.is_empty());
    assert!(
        sessions.close(&session, &mut headers).is_err(),
        "a second close fails, too"
    );
}

#[test]
fn ours_compresses_only_what_would_not_fit() {
    let sessions = Sessions::new(key(KEY));
    let value = |length| {
        cookie_with(&sessions, "s", "a".repeat(length))
            .split_once('=')
            .unwrap()
            .1
            .to_owned()
    };
    assert!(!value(2900).starts_with('.'));
    assert!(value(4000).starts_with('.') && value(200_000).starts_with('.'));
    let large = visit(&sessions, &[], |session| {
        session.insert("s", "a".repeat(300_000))
    });
    assert!(
        matches!(large, Err(Error::TooLarge { .. })),
        "more than a reader inflates"
    );
}

/// In Flask's format the limit only warns: no byte of the cookie changes.
#[test]
fn flasks_limit_changes_no_cookie() {
    let text: String = (0..400_u32)
        .map(|n| char::from(b'a' + u8::try_from(n * n % 7 + n % 3).unwrap()))
        .collect();
    let [limited, free] = [100, 0].map(|limit| {
        let builder = Sessions::flask_builder("dev")
            .max_cookie_size(limit)
            .clock(ManualClock::at(1_700_000_000));
        let closed = visit(&builder.build().unwrap(), &[], |session| {
            session.insert("a", &text)
        })
        .unwrap();
        (closed.new_cookie(), closed.kinds())
    });
    assert_eq!(limited.0, free.0);
    assert!(
        matches!(limited.1[..], [EventKind::Oversized { .. }, ..]),
        "{:?}",
        limited.1
    );
}
