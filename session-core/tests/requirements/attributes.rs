//! C: the contents of Set-Cookie, and which cookies of a request are ours.

use ::http::header::SET_COOKIE;
use ::http::{HeaderMap, HeaderValue, header::COOKIE};
use session_core::testing::respond;
use session_core::{Error, EventKind, SecretKey, Sessions, protocol::Step};

use crate::common::{KEY, ManualClock, cookie_with, formats, key, noise, request, visit};
use crate::{NOW, ours};

fn attributes(header: &HeaderValue) -> String {
    let text = header.to_str().unwrap();
    assert!(header.is_sensitive());
    let (name, rest) = text.split_once('=').unwrap();
    format!("{name}=*{}", &rest[rest.find(';').unwrap()..])
}

/// The whole header, for each way to build sessions with our defaults.
#[test]
fn c1_the_default_set_cookie() {
    const DEFAULT: &str = "__Host-session=*; HttpOnly; SameSite=Lax; Secure; Path=/";
    let generated = SecretKey::generate().unwrap();
    for sessions in [
        Sessions::new(generated.clone()),
        Sessions::builder(generated).build().unwrap(),
    ] {
        let response = respond(&sessions, &HeaderMap::new(), |session| {
            session.insert("a", 1)
        })
        .unwrap();
        assert_eq!(attributes(&response[SET_COOKIE]), DEFAULT);
    }
    let exchange = ours(&ManualClock::at(NOW))
        .build_stored()
        .unwrap()
        .exchange(&HeaderMap::new());
    exchange
        .open()
        .done()
        .unwrap()
        .unwrap()
        .insert("a", 1)
        .unwrap();
    let Step::Pending(ask) = exchange.close() else {
        panic!("the store must be asked")
    };
    let inserted =
        session_core::protocol::StoreReply::Inserted(session_core::protocol::Inserted::Done);
    let mut response = HeaderMap::new();
    ask.reply(inserted)
        .done()
        .unwrap()
        .apply(&mut response)
        .unwrap();
    assert_eq!(attributes(&response[SET_COOKIE]), DEFAULT);
}

/// Name and value have 4096 bytes at most (RFC 6265bis, section 5.7): the largest that is sent, and
/// the smallest that is not.
#[test]
fn c3_the_limit_to_the_byte() {
    for (format, _) in formats() {
        let mut seen = [false; 3];
        // Encrypted cookies are never compressed.
        let lengths = if format == "encrypted" {
            2_900..3_100
        } else {
            3_300..4_000
        };
        for (name, length) in
            (1..4).flat_map(|name| lengths.clone().map(move |length| (name, length)))
        {
            let (_, builder) = formats()
                .into_iter()
                .find(|(other, _)| *other == format)
                .unwrap();
            let sessions = builder
                .cookie_name("n".repeat(name))
                .max_cookie_size(0)
                .build()
                .unwrap();
            let mut headers = HeaderMap::new();
            let session = sessions.open(&headers);
            session.insert("n", noise(length)).unwrap();
            let closed = sessions.close(&session, &mut headers);
            let size = match &closed {
                Ok(()) => headers[SET_COOKIE].to_str().unwrap().find(';').unwrap() - 1,
                Err(Error::TooLarge {
                    size, limit: 4096, ..
                }) => *size,
                Err(other) => panic!("{format}: {other}"),
            };
            assert_eq!(closed.is_ok(), size <= 4096, "{format} {size}");
            assert_eq!(
                headers.is_empty(),
                size > 4096,
                "no header with an error: {headers:?}"
            );
            if let Some(at) = size.checked_sub(4095).and_then(|at| seen.get_mut(at)) {
                *at = true;
            }
        }
        assert_eq!(seen, [true; 3], "{format}: 4095, 4096 and 4097 bytes");
    }
}

/// A session is one cookie and never split into several, so there is no sum to check. Whatever a
/// session holds, a browser sends at most 4097 bytes for it, where servers accept 8192 for all
/// cookies.
#[test]
fn c4_a_session_is_one_cookie() {
    for (format, builder) in formats() {
        let sessions = builder.max_cookie_size(0).build().unwrap();
        let mut sent = 0;
        for length in (0..12_000).step_by(97) {
            let mut headers = HeaderMap::new();
            let session = sessions.open(&headers);
            session.insert("n", noise(length)).unwrap();
            session.insert("zeros", "0".repeat(length)).unwrap();
            let closed = sessions.close(&session, &mut headers);
            let cookies: usize = headers
                .get_all(SET_COOKIE)
                .iter()
                .map(|header| header.to_str().unwrap().split(';').next().unwrap().len())
                .sum();
            assert_eq!(
                headers.get_all(SET_COOKIE).iter().count(),
                usize::from(closed.is_ok())
            );
            assert!(cookies <= 4097, "{format} {length}: {cookies}");
            sent += usize::from(closed.is_ok());
        }
        assert!(
            (10..100).contains(&sent),
            "{format}: {sent} of the sessions fit"
        );
    }
}

/// Several Cookie lines, as HTTP/2 sends them (RFC 9113, section 8.2.3). Names that are almost ours
/// belong to other cookies.
#[test]
fn c6_every_line_is_read_and_no_other_name() {
    let sessions = Sessions::builder(key(KEY)).build().unwrap();
    let good = cookie_with(&sessions, "a", 1);
    let value = good.split_once('=').unwrap().1;
    let a = |headers: &HeaderMap| sessions.open(headers).get::<i64>("a").unwrap();
    let line = |bytes: &[u8]| (COOKIE, HeaderValue::from_bytes(bytes).unwrap());
    for lines in [
        vec![&good[..]],
        vec!["x=1", &good, "y=2"],
        vec!["x=1; y=2", &format!("z; {good}")],
        vec!["", ";", &good],
        vec![&format!(" \t{good}\t ; x")],
    ] {
        let headers: HeaderMap = lines.iter().map(|text| line(text.as_bytes())).collect();
        assert_eq!(a(&headers), Some(1), "{lines:?}");
    }
    for name in [
        "=__Host-session",
        "%5F_Host-session",
        "__host-session",
        "__HOST-SESSION",
        "\"__Host-session\"",
        "\u{2000}__Host-session",
        "\u{feff}__Host-session",
        "\u{a0}__Host-session",
        "__Host-session\u{2000}",
        "__Host-session[]",
        "__Host-sessio\u{17f}n",
        "session",
        "x,__Host-session",
    ] {
        let headers = HeaderMap::from_iter([line(format!("{name}={value}").as_bytes())]);
        let session = sessions.open(&headers);
        assert_eq!(
            (session.is_empty(), session.rejected()),
            (true, None),
            "{name}"
        );
    }
}

/// The first valid cookie is used, and an event reports that there were several.
#[test]
fn c7_duplicates_are_an_event() {
    let sessions = ours(&ManualClock::at(NOW)).build().unwrap();
    let (one, two) = (
        cookie_with(&sessions, "a", 1),
        cookie_with(&sessions, "a", 2),
    );
    for (cookies, a) in [
        (vec![&*one, &*two], Some(1)),
        (vec![&*two, &*one], Some(2)),
        (vec!["__Host-session=planted", &*two], Some(2)),
        (vec!["__Host-session=planted", "__Host-session="], None),
    ] {
        let mut found = None;
        let closed = visit(&sessions, &cookies, |session| {
            Ok(found = session.get::<i64>("a")?)
        })
        .unwrap();
        assert_eq!(found, a, "{cookies:?}");
        let reports = closed
            .kinds()
            .into_iter()
            .filter(|kind| *kind == EventKind::Duplicate(2))
            .count();
        assert_eq!(reports, 1, "{cookies:?}");
        assert_eq!(
            sessions
                .open(&request(&[&cookies.join("; ")]))
                .get::<i64>("a")
                .unwrap(),
            a
        );
    }
}
