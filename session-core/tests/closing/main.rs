//! The rules of closing, row by row: what goes out, and which headers stand beside it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unit_arg
)]

#[path = "../common/mod.rs"]
mod common;

use common::{Closed, KEY, ManualClock, cookie_with, formats, key, respond, visit};
use http::header::{CACHE_CONTROL, HeaderName, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderValue};
use session_core::{Error, EventKind, Refresh, Rejected, Session, Sessions};

#[test]
fn h3_an_unchanged_session_sets_nothing() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let cookie = cookie_with(&sessions, "a", 1);
        let closed = visit(&sessions, &[&cookie], |session| {
            assert_eq!(session.get::<i64>("a")?, Some(1));
            assert!(
                session.contains_key("a") && !session.is_modified() && session.rejected().is_none()
            );
            Ok(())
        });
        assert_eq!(closed.unwrap().set_cookie(), None, "{format}");
    }
}

#[test]
fn a_removal_goes_out_when_it_must() {
    let empty = |_: &Session| Ok(());
    let emptied = Session::clear;
    let emptied_by_hand = |session: &Session| session.remove("a").map(drop);
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let cookie = cookie_with(&sessions, "a", 1);
        let removes = |cookies: &[&str], handler: &dyn Fn(&Session) -> Result<(), Error>| {
            visit(&sessions, cookies, handler).unwrap().removes()
        };
        assert!(removes(&[&cookie], &emptied), "{format}");
        assert!(removes(&[&cookie], &emptied_by_hand), "{format}");
        assert!(!removes(&[], &empty), "{format}");
        // A bad cookie is not deleted by itself, but by a clear.
        let bad = format!("{}=x", sessions.cookie_name());
        assert!(!removes(&[&bad], &empty), "{format}");
        assert!(removes(&[&bad], &emptied), "{format}");
        // Without a cookie there is nothing to remove; Flask does all the same.
        assert_eq!(removes(&[], &emptied), format == "flask");
    }
}

#[test]
fn h1_vary_on_everything_that_consulted() {
    type Look = (&'static str, fn(&Session) -> Result<(), Error>);
    let looks: [Look; 13] = [
        ("nothing", |_| Ok(())),
        ("get", |s| s.get::<i64>("a").map(drop)),
        ("contains_key", |s| Ok(assert!(!s.contains_key("zz")))),
        ("keys", |s| Ok(drop(s.keys()))),
        ("len", |s| Ok(assert!(s.len() < 2))),
        ("is_empty", |s| {
            Ok(assert_eq!(s.is_empty(), s.keys().is_empty()))
        }),
        ("is_modified", |s| Ok(assert!(!s.is_modified()))),
        ("is_permanent", |s| Ok(assert!(!s.is_permanent()))),
        ("rejected", |s| {
            Ok(assert!(s.rejected().is_none() || s.is_empty()))
        }),
        ("remove", |s| s.remove("zz").map(drop)),
        ("take", |s| s.take::<i64>("zz").map(drop)),
        ("take_flashes", |s| s.take_flashes().map(drop)),
        ("to_json", |s| Ok(drop(s.to_json()))),
    ];
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let cookie = cookie_with(&sessions, "a", 1);
        for (name, look) in looks {
            for cookies in [&[][..], &[&*cookie], &["session=bad; __Host-session=bad"]] {
                let closed = visit(&sessions, cookies, look).unwrap();
                assert_eq!(closed.header(VARY), Some("Cookie"), "{format} {name}");
                assert_eq!(closed.set_cookie(), None, "{format} {name}");
                assert_eq!(
                    closed.header(CACHE_CONTROL),
                    (format != "flask").then_some("private"),
                    "{format} {name}"
                );
            }
        }
        // Not asked for: nothing at all.
        let untouched = respond(
            &sessions,
            &[&cookie],
            HeaderMap::new(),
            None::<fn(&Session) -> _>,
        )
        .unwrap();
        assert!(
            untouched.headers.is_empty() && untouched.events.is_empty(),
            "{format}"
        );
    }
}

fn with(headers: &[(&'static str, &'static str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &'static str)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    };
    headers.iter().map(pair).collect()
}

#[test]
fn vary_is_merged() {
    let sessions = Sessions::new(key(KEY));
    for (preset, expected) in [
        (&[][..], "Cookie"),
        (&[("vary", "Accept")], "Accept, Cookie"),
        (&[("vary", "*")], "*, Cookie"),
        (&[("vary", "cookie")], "cookie"),
        (&[("vary", "Accept , COOKIE")], "Accept , COOKIE"),
        (&[("vary", "Cookies")], "Cookies, Cookie"),
        (
            &[("vary", "Accept"), ("vary", "Origin")],
            "Accept, Origin, Cookie",
        ),
    ] {
        let closed = respond(&sessions, &[], with(preset), Some(|_: &Session| Ok(()))).unwrap();
        let all: Vec<_> = closed.headers.get_all(VARY).iter().collect();
        assert_eq!(all, [expected]);
    }
}

#[test]
fn h2_no_cache_keeps_a_session_cookie() {
    let sessions = Sessions::new(key(KEY));
    let write = |session: &Session| session.insert("a", 1);
    let replaced = |closed: &Closed| closed.kinds().contains(&EventKind::CacheControlReplaced);
    for (preset, cache_control, event) in [
        (&[][..], "no-store", false),
        (&[("cache-control", "public, max-age=60")], "no-store", true),
        (&[("cache-control", "private")], "no-store", true),
        (
            &[("cache-control", "No-Store, no-transform")],
            "No-Store, no-transform",
            false,
        ),
        (
            &[
                ("cdn-cache-control", "max-age=60"),
                ("surrogate-control", "max-age=60"),
            ],
            "no-store",
            true,
        ),
        (
            &[
                ("cache-control", "no-store"),
                ("cdn-cache-control", "max-age=60"),
            ],
            "no-store",
            true,
        ),
    ] {
        let closed = respond(&sessions, &[], with(preset), Some(write)).unwrap();
        assert_eq!(
            closed.header(CACHE_CONTROL),
            Some(cache_control),
            "{preset:?}"
        );
        assert_eq!(replaced(&closed), event, "{preset:?}");
        for gone in ["cdn-cache-control", "surrogate-control"] {
            assert!(!closed.headers.contains_key(gone), "{preset:?}");
        }
    }
    // Only read: what the handler set stays.
    let cookie = cookie_with(&sessions, "a", 1);
    let public = with(&[
        ("cache-control", "public"),
        ("surrogate-control", "max-age=60"),
    ]);
    let closed = respond(
        &sessions,
        &[&cookie],
        public.clone(),
        Some(|_: &Session| Ok(())),
    )
    .unwrap();
    assert_eq!(closed.header(CACHE_CONTROL), Some("public"));
    assert_eq!(closed.header(VARY), Some("Cookie"));
    // Flask mode: Vary only, unless asked.
    let flask = Sessions::flask("dev").unwrap();
    let closed = respond(&flask, &[], public.clone(), Some(write)).unwrap();
    assert_eq!(closed.header(CACHE_CONTROL), Some("public"));
    let asked = Sessions::flask_builder("dev")
        .cache_headers(true)
        .build()
        .unwrap();
    let closed = respond(&asked, &[], public, Some(write)).unwrap();
    assert_eq!(closed.header(CACHE_CONTROL), Some("no-store"));
}

/// What goes out as `Clear-Site-Data`, if anything does.
fn cleared(closed: &Closed) -> Vec<&str> {
    closed
        .headers
        .get_all("clear-site-data")
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect()
}

#[test]
fn h5_a_logout_clears_site_data_if_asked() {
    for (format, builder) in formats() {
        let sessions = builder.clear_site_data(true).build().unwrap();
        let cookie = cookie_with(&sessions, "a", 1);
        let answers = |cookies: &[&str], handler: &dyn Fn(&Session) -> Result<(), Error>| {
            cleared(&visit(&sessions, cookies, handler).unwrap()) == ["\"cookies\""]
        };
        assert!(answers(&[&cookie], &Session::clear), "{format}");
        // Who is behind the user's epoch is logged out, too.
        let behind = |session: &Session| session.require_epoch(9).map(drop);
        assert!(
            format == "flask" || answers(&[&cookie], &behind),
            "{format}"
        );
        // No logout, nobody to log out, and a new session that would be deleted with the others.
        let bad = format!("{}=x", sessions.cookie_name());
        let anew = |session: &Session| session.clear().and(session.flash("bye", "info"));
        assert!(!answers(&[&cookie], &|_| Ok(())), "{format}");
        assert!(
            !answers(&[&cookie], &|session| session.insert("a", 2)),
            "{format}"
        );
        assert!(
            !answers(&[&cookie], &|session| session.remove("a").map(drop)),
            "{format}"
        );
        assert!(!answers(&[&cookie], &anew), "{format}");
        assert!(!answers(&[], &Session::clear), "{format}");
        assert!(!answers(&[&bad], &Session::clear), "{format}");
        // What the handler wants to have cleared stays.
        let preset = with(&[("clear-site-data", "\"storage\"")]);
        let closed = respond(&sessions, &[&cookie], preset, Some(Session::clear)).unwrap();
        assert_eq!(cleared(&closed), ["\"storage\"", "\"cookies\""], "{format}");
    }
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let closed = visit(
            &sessions,
            &[&cookie_with(&sessions, "a", 1)],
            Session::clear,
        )
        .unwrap();
        assert!(
            closed.removes() && cleared(&closed).is_empty(),
            "{format}: not the default"
        );
    }
}

#[test]
fn refresh_by_policy() {
    let time = ManualClock::at(1_000_000);
    let read = |session: &Session| Ok(drop(session.keys()));
    for (refresh, expected) in [
        (Refresh::AfterTenth, [false, false, true]),
        (Refresh::EachRequest, [true; 3]),
        (Refresh::Never, [false; 3]),
    ] {
        let builder =
            Sessions::builder(key(KEY)).idle_lifetime(std::time::Duration::from_secs(1000));
        let sessions = builder
            .refresh(refresh)
            .clock(time.clone())
            .build()
            .unwrap();
        time.set(1_000_000);
        let cookie = cookie_with(&sessions, "a", 1);
        for (age, written) in [0, 99, 100].into_iter().zip(expected) {
            time.set(1_000_000 + age);
            let closed = visit(&sessions, &[&cookie], read).unwrap();
            assert_eq!(closed.cookie().is_some(), written, "{refresh:?} {age}");
            // Without the handler's asking, only "each request" writes.
            let unasked = respond(
                &sessions,
                &[&cookie],
                HeaderMap::new(),
                None::<fn(&Session) -> _>,
            )
            .unwrap();
            assert_eq!(
                unasked.cookie().is_some(),
                refresh == Refresh::EachRequest,
                "{refresh:?} {age}"
            );
            assert_eq!(unasked.header(VARY), unasked.cookie().map(|_| "Cookie"));
            assert!(unasked.events.is_empty());
        }
        // Without a session there is nothing to refresh.
        assert_eq!(visit(&sessions, &[], read).unwrap().set_cookie(), None);
    }
}

#[test]
fn s4_refresh_never_moves_the_beginning() {
    let time = ManualClock::at(1_000_000);
    let seconds = std::time::Duration::from_secs;
    let sessions = Sessions::builder(key(KEY))
        .idle_lifetime(seconds(100))
        .absolute_lifetime(seconds(1000))
        .permanent(true)
        .clock(time.clone())
        .build()
        .unwrap();
    let first = visit(&sessions, &[], |session| session.insert("a", 1)).unwrap();
    assert!(first.set_cookie().unwrap().ends_with("; Max-Age=100"));
    let mut cookie = first.cookie().unwrap().to_owned();
    let mut now = 1_000_000;
    while now < 1_000_990 {
        now += 90;
        time.set(now);
        let closed = visit(&sessions, &[&cookie], |session| {
            assert_eq!(
                session.created(),
                Some(std::time::UNIX_EPOCH + seconds(1_000_000))
            );
            session.increment("a", 1).map(drop)
        });
        let closed = closed.unwrap();
        let left = (1_001_000 - now).min(100);
        assert!(
            closed
                .set_cookie()
                .unwrap()
                .ends_with(&format!("; Max-Age={left}")),
            "{closed:?}"
        );
        cookie = closed.cookie().unwrap().to_owned();
    }
    time.set(1_001_001);
    let closed = visit(&sessions, &[&cookie], |session| {
        assert_eq!(session.rejected(), Some(Rejected::TooOld));
        assert!(session.is_empty());
        Ok(())
    });
    assert_eq!(closed.unwrap().set_cookie(), None);
}

#[test]
fn login_and_clear_begin_a_session_anew() {
    let time = ManualClock::at(1_000_000);
    let sessions = Sessions::builder(key(KEY))
        .clock(time.clone())
        .build()
        .unwrap();
    let seconds = |n| std::time::UNIX_EPOCH + std::time::Duration::from_secs(n);
    let within =
        |session: &Session, n| session.authenticated_within(std::time::Duration::from_secs(n));
    let cookie = cookie_with(&sessions, "a", 1);

    time.set(1_000_050);
    let closed = visit(&sessions, &[&cookie], |session| {
        assert!(!within(session, u64::MAX));
        session.log_in("42")
    });
    let closed = closed.unwrap();
    assert_eq!(closed.kinds(), [EventKind::Renewed]);
    let cookie = closed.cookie().unwrap().to_owned();

    time.set(1_000_060);
    let closed = visit(&sessions, &[&cookie], |session| {
        assert_eq!(session.created(), Some(seconds(1_000_050)));
        assert_eq!(session.written(), Some(seconds(1_000_050)));
        assert!(within(session, 10) && !within(session, 9));
        assert_eq!(session.get::<i64>("a")?, Some(1));
        session.set_permanent(true)?;
        session.flash("bye", "info")?;
        session.clear()?;
        assert!(
            !session.is_permanent()
                && !within(session, u64::MAX)
                && session.take_flashes()?.is_empty()
        );
        session.insert("b", 2)
    });
    let closed = closed.unwrap();
    assert_eq!(closed.kinds(), [EventKind::Cleared, EventKind::Created]);
    assert!(!closed.set_cookie().unwrap().contains("Max-Age"));
    visit(&sessions, &[closed.cookie().unwrap()], |session| {
        assert_eq!(session.created(), Some(seconds(1_000_060)));
        assert_eq!(session.to_json(), r#"{"b":2}"#);
        Ok(())
    })
    .unwrap();
}

#[test]
fn permanence_is_per_session() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let set = |permanent| {
            move |session: &Session| {
                session.insert("a", 1)?;
                session.set_permanent(permanent)
            }
        };
        let expiry = |closed: &Closed| {
            let header = closed.set_cookie().unwrap();
            header.contains("; Max-Age=2678400") || header.contains("; Expires=")
        };
        let on = visit(&sessions, &[], set(true)).unwrap();
        assert!(expiry(&on), "{format}");
        let off = visit(&sessions, &[on.cookie().unwrap()], |session| {
            assert!(session.is_permanent());
            session.set_permanent(false)
        });
        let off = off.unwrap();
        assert!(!expiry(&off), "{format}");
        visit(&sessions, &[off.cookie().unwrap()], |session| {
            Ok(assert!(!session.is_permanent()))
        })
        .unwrap();
    }
}

#[test]
fn h4_a_change_after_the_response_is_an_error() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let exchange = sessions.exchange(&HeaderMap::new());
        let opener = exchange.opener();
        let session = exchange.open().done().unwrap().unwrap();
        session.insert("a", 1).unwrap();
        let mut outgoing = exchange.close().done().unwrap();
        let mut headers = HeaderMap::new();
        outgoing.apply(&mut headers).unwrap();

        let late: [(&str, Result<(), Error>); 16] = [
            ("insert", session.insert("a", 2)),
            ("remove", session.remove("a").map(drop)),
            ("take", session.take::<i64>("a").map(drop)),
            ("clear", session.clear()),
            ("increment", session.increment("a", 1).map(drop)),
            ("push", session.push("l", 1)),
            ("update", session.update("a", |n: &mut i64| *n += 1)),
            (
                "get_or_insert_with",
                session.get_or_insert_with("z", || 1).map(drop),
            ),
            ("flash", session.flash("m", "info")),
            ("take_flashes", session.take_flashes().map(drop)),
            ("set_permanent", session.set_permanent(true)),
            ("mark_modified", session.mark_modified()),
            ("renew", session.cycle_id()),
            ("log_in", session.log_in("42")),
            ("clear_user", session.clear_user()),
            ("keep_only", session.keep_only(&["a"])),
        ];
        for (method, result) in late {
            assert_eq!(result, Err(Error::TooLate), "{format} {method}");
        }
        // Reading goes on, and nothing has changed.
        assert_eq!(session.get::<i64>("a").unwrap(), Some(1));
        // A task that asks only now gets nothing.
        assert_eq!(opener.open().done().unwrap().unwrap_err(), Error::TooLate);
        // Applied or closed twice, nothing is sent twice.
        outgoing.apply(&mut headers).unwrap();
        sessions.close(&session, &mut headers).unwrap();
        assert_eq!(headers.get_all(SET_COOKIE).iter().count(), 1);
    }
}

#[test]
fn an_exchange_that_is_dropped_freezes() {
    let sessions = Sessions::new(key(KEY));
    let exchange = sessions.exchange(&HeaderMap::new());
    let session = exchange.open().done().unwrap().unwrap();
    drop(exchange);
    assert_eq!(session.insert("a", 1), Err(Error::TooLate));
}

#[test]
fn c3_a_session_that_does_not_fit() {
    let noise = |length: usize| {
        let mut state = 1_u64;
        let mut next = move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            char::from(u8::try_from(33 + (state >> 33) % 90).unwrap())
        };
        (0..length)
            .map(|_| next())
            .filter(|c| !"\"\\".contains(*c))
            .collect::<String>()
    };
    for (format, builder) in formats() {
        let sessions = builder.max_cookie_size(0).build().unwrap();
        let mut sizes = Vec::new();
        for length in 2000..4200 {
            match visit(&sessions, &[], |session| session.insert("n", noise(length))) {
                Ok(closed) => {
                    let size = closed.cookie().unwrap().len() - 1;
                    assert!(size <= 4096, "{format} {size}");
                    sizes.push(size);
                    let cookie = closed.cookie().unwrap().to_owned();
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
            "{format}: the largest that went out had {largest}"
        );
    }
    // The whole header, if limited: an error in ours.
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
    // And no header was touched.
    let mut headers = HeaderMap::new();
    let session = sessions.open(&HeaderMap::new());
    session.insert("n", noise(100)).unwrap();
    assert!(sessions.close(&session, &mut headers).is_err() && headers.is_empty());
    assert!(
        sessions.close(&session, &mut headers).is_err(),
        "what failed has failed"
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
        "more than a reader would inflate"
    );
}

#[test]
fn o1_events_say_what_happened_once() {
    let sessions = Sessions::new(key(KEY));
    let created = visit(&sessions, &[], |session| session.insert("a", 1)).unwrap();
    assert_eq!(created.kinds(), [EventKind::Created]);
    let cookie = created.cookie().unwrap().to_owned();
    let changed = visit(&sessions, &[&cookie], |session| session.insert("a", 2)).unwrap();
    assert!(changed.events.is_empty());
    let renewed = visit(&sessions, &[&cookie], |session| session.log_in("42")).unwrap();
    assert_eq!(renewed.kinds(), [EventKind::Renewed]);
    let login = |session: &Session| session.insert("a", 1).and(session.log_in("42"));
    assert_eq!(
        visit(&sessions, &[], login).unwrap().kinds(),
        [EventKind::Created]
    );
    let cleared = visit(&sessions, &[&cookie], |session| session.clear()).unwrap();
    assert_eq!(cleared.kinds(), [EventKind::Cleared]);
    let rejected = visit(&sessions, &["__Host-session=x"], |_| Ok(())).unwrap();
    assert_eq!(rejected.kinds(), [EventKind::Rejected(Rejected::Malformed)]);
    let twice = visit(&sessions, &[&cookie, &cookie], |_| Ok(())).unwrap();
    assert_eq!(twice.kinds(), [EventKind::Duplicate(2)]);
    // One cookie, one digest; T7: and nothing of the cookie in it.
    assert_eq!(created.events[0].digest, cleared.events[0].digest);
    assert_ne!(created.events[0].digest, rejected.events[0].digest);
    let shown = format!("{:?} {}", created.events, created.events[0].digest);
    assert!(!shown.contains(&cookie[20..]) && shown.len() < 200);
}

/// A clock that is set back while a request is under way: in our formats a session is never older than its beginning, and
/// Flask writes the second that it is.
#[test]
fn a_clock_that_is_set_back() {
    for (format, builder) in formats() {
        let time = ManualClock::at(1_700_000_000);
        let sessions = builder.clock(time.clone()).build().unwrap();
        let closed = visit(&sessions, &[], |session| {
            time.set(1_699_999_000);
            session.insert("a", 1)
        });
        let written = if format == "flask" {
            1_699_999_000
        } else {
            1_700_000_000
        };
        time.set(1_700_000_000);
        let session = sessions.open(&common::request(&[closed.unwrap().cookie().unwrap()]));
        let since_1970 = session
            .written()
            .unwrap()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        assert_eq!(since_1970.as_secs(), written, "{format}");
    }
}

/// In Flask's format the limit is one for a warning: no octet of the cookie is another.
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
        (closed.cookie().unwrap().to_owned(), closed.kinds())
    });
    assert_eq!(limited.0, free.0);
    assert!(
        matches!(limited.1[..], [EventKind::Oversized { .. }, ..]),
        "{:?}",
        limited.1
    );
}

/// Of several cookies that are refused the first tells why; its size and its digest are what is logged.
#[test]
fn the_first_that_is_refused_is_the_one_that_is_told() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let good = cookie_with(&sessions, "a", 1);
        let name = sessions.cookie_name();
        let (forged, malformed) = (
            format!("{}AAAA", &good[..good.len() - 4]),
            format!("{name}=x"),
        );
        let told = |cookies: &[&str]| {
            let mut seen = None;
            let closed = visit(&sessions, cookies, |session| {
                seen = Some((session.rejected(), session.cookie_size()));
                Ok(())
            });
            (
                seen.unwrap(),
                closed
                    .unwrap()
                    .events
                    .iter()
                    .map(|event| event.digest)
                    .collect::<Vec<_>>(),
            )
        };
        let (forged_alone, malformed_alone) = (told(&[&forged]), told(&[&malformed]));
        assert_eq!(
            forged_alone.0,
            (Some(Rejected::BadSignature), forged.len() - name.len() - 1),
            "{format}"
        );
        assert_eq!(
            malformed_alone.0,
            (Some(Rejected::Malformed), 1),
            "{format}"
        );
        assert_ne!(forged_alone.1[0], malformed_alone.1[0], "{format}");
        for (first, second, alone) in [
            (&forged, &malformed, &forged_alone),
            (&malformed, &forged, &malformed_alone),
        ] {
            let both = told(&[first, second]);
            assert_eq!((both.0, both.1[0]), (alone.0, alone.1[0]), "{format}");
        }
        // One that is accepted is the one that counts, but for Flask, which looks at the first alone.
        let behind = told(&[&malformed, &good]).0;
        let accepted = (None, good.len() - name.len() - 1);
        assert_eq!(
            behind,
            if format == "flask" {
                malformed_alone.0
            } else {
                accepted
            },
            "{format}"
        );
    }
}
