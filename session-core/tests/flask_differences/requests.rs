//! Requests and their responses.

use http::header::{COOKIE, VARY};
use http::{HeaderMap, HeaderValue};
use session_core::Error;

use crate::common::{cookie_with, request, visit};
use crate::helpers::flask;

/// In Flask `session.modified = False` takes a change back from the response. Here a change is
/// sent.
#[test]
fn a_modified_session_stays_modified() {
    let sessions = flask();
    let cookie = cookie_with(&sessions, "a", 1);
    let closed = visit(&sessions, &[&cookie], |session| {
        session.insert("a", 2)?;
        session.insert("a", 1)?; // as it was
        assert!(session.is_modified());
        Ok(())
    });
    assert!(closed.unwrap().cookie().is_some());
}

#[test]
fn opening_the_session_varies() {
    let sessions = flask();
    let exchange = sessions.exchange(&HeaderMap::new());
    let _session = exchange.open().done().unwrap().unwrap(); // and touches nothing
    let mut headers = HeaderMap::new();
    exchange
        .close()
        .done()
        .unwrap()
        .apply(&mut headers)
        .unwrap();
    assert_eq!(headers[VARY], "Cookie");
}

#[test]
fn several_cookie_headers_are_read_one_after_the_other() {
    let sessions = flask();
    let cookie = cookie_with(&sessions, "a", 1);
    let session = sessions.open(&request(&["theme=dark", &cookie, "lang=en"]));
    assert_eq!(session.get::<i64>("a").unwrap(), Some(1));
}

#[test]
fn a_session_that_does_not_fit_is_an_error() {
    let sessions = flask();
    let mut state = 1_u64;
    let noise: Vec<u64> = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state
    })
    .take(400)
    .collect();
    let error = visit(&sessions, &[], |session| session.insert("noise", &noise)).unwrap_err();
    assert!(
        matches!(error, Error::TooLarge { limit: 4096, .. }),
        "{error}"
    );
}

#[test]
fn a_late_change_and_a_late_open_are_errors() {
    let sessions = flask();
    let exchange = sessions.exchange(&request(&[&cookie_with(&sessions, "a", 1)]));
    let (opener, session) = (exchange.opener(), exchange.open().done().unwrap().unwrap());
    let _ = exchange.close().done().unwrap();
    assert_eq!(session.insert("a", 2), Err(Error::TooLate));
    assert_eq!(session.get::<i64>("a").unwrap(), Some(1));
    assert_eq!(opener.open().done().unwrap().unwrap_err(), Error::TooLate);
}

#[test]
fn only_space_and_tab_are_trimmed() {
    let sessions = flask();
    let cookie = cookie_with(&sessions, "a", 1);
    let value = cookie.strip_prefix("session=").unwrap();
    let read = |before: &[u8], between: &[u8]| {
        let header = [
            before,
            b"session",
            between,
            b"=",
            between,
            value.as_bytes(),
            b" \t; x=y",
        ]
        .concat();
        let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_bytes(&header).unwrap())]);
        sessions.open(&headers).len()
    };
    assert_eq!(read(b" \t", b"\t "), 1);
    for white in [
        &b"\xa0"[..],
        b"\x85",
        b"\xc2\xa0",
        b"\xc2\x85",
        b"\xe2\x80\x80",
    ] {
        assert_eq!((read(white, b""), read(b"", white)), (0, 0), "{white:?}");
    }
}
