//! The cookie is renamed while ids are in use.

use std::time::{Duration, UNIX_EPOCH};

use http::HeaderMap;
use http::header::SET_COOKIE;

use crate::cookie::attributes::Prefix;
use crate::cookie::rename::PreviousCookie;
use crate::error::Rejected;
use crate::session::handle::Session;
use crate::stored::tests::rotation::{again, read};
use crate::stored::tests::{START, login, server, visit};

#[test]
fn ids_are_renamed() {
    let server = server(|builder| builder.prefix(Prefix::None));
    let old = server.begin(visit);
    let ended = server.begin(visit);
    server.advance(60);
    let later = server.begin(visit);
    let renamed = UNIX_EPOCH + Duration::from_secs(START + 60);
    let server = again(server, |builder| {
        builder.renamed_from(PreviousCookie::new("session", renamed))
    });
    assert_eq!(server.open(&later).1.rejected(), Some(Rejected::Revoked));

    let both = |cookie: &str, handler: &dyn Fn(&Session)| {
        let (exchange, session) = server.open(cookie);
        handler(&session);
        let mut headers = HeaderMap::new();
        server.drive(exchange.close()).apply(&mut headers).unwrap();
        let cookies = headers
            .get_all(SET_COOKIE)
            .iter()
            .map(|header| header.to_str().unwrap().to_owned());
        cookies.collect::<Vec<_>>()
    };
    assert!(both(&old, &read).is_empty());
    let sent = both(&old, &visit);
    assert!(
        sent[0].starts_with("__Host-session=") && sent[1].starts_with("session=; "),
        "{sent:?}"
    );
    assert_eq!(
        server.json(sent[0].split(';').next().unwrap()),
        r#"{"visits":2}"#
    );
    // With a cookie of the new name, the one of the old name is not read.
    let (_, session) = server.open(&format!("{old}; __Host-session=forged"));
    assert_eq!(
        (session.rejected(), session.is_empty()),
        (Some(Rejected::Malformed), true)
    );
    // A logout deletes both.
    let sent = both(&ended, &|session| session.clear().unwrap());
    assert!(
        sent[0].starts_with("__Host-session=; ") && sent[1].starts_with("session=; "),
        "{sent:?}"
    );
    assert_eq!(server.open(&ended).1.rejected(), Some(Rejected::Gone));
}

#[test]
fn until_it_is_renamed_an_id_stays() {
    let server = server(|builder| builder.prefix(Prefix::None));
    let old = server.begin(visit);
    let renamed = UNIX_EPOCH + Duration::from_secs(START + 60);
    let server = again(server, |builder| {
        builder.renamed_from(PreviousCookie::new("session", renamed))
    });
    assert_eq!(server.request(&old, visit).cookie, None);
    assert_eq!(server.request(&old, visit).cookie, None);
    assert!(server.request(&old, login).pair().starts_with("session="));
}

/// Under the old name, only an id from before the renaming is valid: a neighbouring host may plant
/// a later one under that name.
#[test]
fn an_id_of_the_old_name_that_is_too_new_asks_nothing() {
    let old = server(|builder| builder.prefix(Prefix::None));
    let before = old.begin(visit);
    old.advance(10);
    let later = old.begin(visit);
    let renamed = UNIX_EPOCH + Duration::from_secs(START + 10);
    let server = again(old, |builder| {
        builder.renamed_from(PreviousCookie::new("session", renamed))
    });
    for (cookie, expected, verbs) in [
        (before, None, &["load"][..]),
        (later, Some(Rejected::Revoked), &[]),
    ] {
        let (_exchange, session) = server.open(&cookie);
        assert_eq!(
            (session.rejected(), session.is_empty()),
            (expected, expected.is_some())
        );
        assert_eq!(server.verbs(), verbs);
    }
}
