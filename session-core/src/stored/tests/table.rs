//! The table of [`close`](super::super::close), row by row.

#![allow(clippy::unwrap_used)]

use crate::session::handle::Session;
use crate::stored::tests::{login, server, visit};

/// The table of closing, row by row: the requests to the store, and the cookie of the response.
#[test]
fn the_table() {
    type Handler = fn(&Session);
    let clear = |session: &Session| session.clear().unwrap();
    let rows: &[(&str, &str, Handler, &[&str], &str)] = &[
        ("", "content", visit, &["insert"], "new"),
        ("", "login", login, &["index", "insert"], "new"),
        ("", "nothing", |_| {}, &[], ""),
        (
            "",
            "renewed",
            |session| session.cycle_id().unwrap(),
            &[],
            "",
        ),
        (
            "",
            "permanent",
            |session| session.set_permanent(true).unwrap(),
            &[],
            "",
        ),
        ("", "cleared", |session| session.clear().unwrap(), &[], ""),
        (
            "plain",
            "cleared",
            |session| session.clear().unwrap(),
            &["load", "delete"],
            "removal",
        ),
        (
            "plain",
            "new",
            |session| (session.clear().unwrap(), visit(session)).1,
            &["load", "delete", "insert"],
            "new",
        ),
        (
            "plain",
            "login anew",
            |session| (session.clear().unwrap(), login(session)).1,
            &["load", "delete", "index", "insert"],
            "new",
        ),
        (
            "plain",
            "login",
            login,
            &["load", "index", "update"],
            "renewed",
        ),
        (
            "plain",
            "renewed",
            |session| session.cycle_id().unwrap(),
            &["load", "update"],
            "renewed",
        ),
        (
            "plain",
            "permanent",
            |session| session.set_permanent(true).unwrap(),
            &["load", "update"],
            "renewed",
        ),
        (
            "plain",
            "as it was",
            |session| session.set_permanent(false).unwrap(),
            &["load", "touch"],
            "",
        ),
        (
            "plain",
            "marked",
            |session| session.mark_modified().unwrap(),
            &["load", "touch"],
            "",
        ),
        (
            "plain",
            "labelled",
            |session| session.set_label("Firefox").unwrap(),
            &["load", "update"],
            "",
        ),
        ("plain", "changed", visit, &["load", "update"], ""),
        (
            "plain",
            "emptied",
            |session| assert!(session.remove("visits").unwrap()),
            &["load", "update"],
            "",
        ),
        (
            "plain",
            "read",
            |session| drop(session.keys()),
            &["load"],
            "",
        ),
        (
            "owned",
            "cleared",
            |session| session.clear().unwrap(),
            &["load", "delete", "unindex"],
            "removal",
        ),
        ("owned", "changed", visit, &["load", "update"], ""),
        (
            "owned",
            "marked",
            |session| session.mark_modified().unwrap(),
            &["load", "index", "touch"],
            "",
        ),
        (
            "owned",
            "another",
            |session| session.log_in("bob").unwrap(),
            &["load", "delete", "unindex", "index", "insert"],
            "new",
        ),
        (
            "owned",
            "the same",
            login,
            &["load", "index", "update"],
            "renewed",
        ),
        (
            "owned",
            "left",
            |session| session.clear_user().unwrap(),
            &["load", "update"],
            "renewed",
        ),
        (
            "plain",
            "left",
            |session| session.clear_user().unwrap(),
            &["load"],
            "",
        ),
        (
            "plain",
            "kept",
            |session| session.keep_only(&["visits"]).unwrap(),
            &["load", "update"],
            "",
        ),
        ("ended", "changed", visit, &["load"], ""),
        (
            "ended",
            "cleared",
            |session| session.clear().unwrap(),
            &["load", "delete"],
            "",
        ),
        (
            "ended",
            "cleared, changed",
            |session| (session.clear().unwrap(), visit(session)).1,
            &["load", "delete"],
            "",
        ),
        ("ended", "login", login, &["load", "index", "insert"], "new"),
        ("ended, 9 s ago", "changed", visit, &["load"], ""),
        (
            "ended, 9 s ago",
            "login",
            login,
            &["load", "index", "insert"],
            "new",
        ),
        (
            "ended, 10 s ago",
            "changed",
            visit,
            &["load", "insert"],
            "new",
        ),
        (
            "ended, 10 s ago",
            "cleared",
            |session| session.clear().unwrap(),
            &["load", "delete"],
            "removal",
        ),
        (
            "ended, 10 s ago",
            "login",
            login,
            &["load", "index", "insert"],
            "new",
        ),
        (
            "ended, 60 s ago",
            "changed",
            visit,
            &["load", "insert"],
            "new",
        ),
        (
            "ended, 60 s ago",
            "cleared",
            |session| session.clear().unwrap(),
            &["load", "delete"],
            "removal",
        ),
        (
            "ended, 60 s ago",
            "cleared, changed",
            |session| (session.clear().unwrap(), visit(session)).1,
            &["load", "delete", "insert"],
            "new",
        ),
    ];
    for (base, what, handler, verbs, expected) in rows {
        let server = server(|builder| builder);
        let cookie = match *base {
            "" => String::new(),
            "owned" => server.begin(|session| (login(session), visit(session)).1),
            _ => server.begin(visit),
        };
        if let Some(ago) = base.strip_prefix("ended") {
            server.request(&cookie, clear);
            server.advance(
                ago.trim_matches(|c: char| !c.is_ascii_digit())
                    .parse()
                    .unwrap_or_default(),
            );
            server.verbs();
        }
        let closed = server.request(&cookie, handler);
        assert_eq!(
            (server.verbs(), &closed.result),
            (verbs.to_vec(), &Ok(())),
            "{base} {what}"
        );
        let selector = |pair: &str| {
            pair.get("__Host-session=".len()..)
                .and_then(|id| id.get(..20))
                .map(str::to_owned)
        };
        let sent = closed
            .cookie
            .as_ref()
            .map(|_| closed.pair())
            .unwrap_or_default();
        let actual = match sent.as_str() {
            "" => "",
            "__Host-session=" => "removal",
            pair if selector(pair) == selector(&cookie) => "renewed",
            _ => "new",
        };
        assert_eq!(actual, *expected, "{base} {what}");
        if actual == "new" || actual == "renewed" {
            assert_eq!(server.open(&sent).1.rejected(), None, "{base} {what}");
        }
    }
}
