//! Rules of Flask mode that the recorded vectors do not cover: `_flashes` and `_permanent` are
//! ordinary keys.

#![allow(clippy::unwrap_used)]

mod common;

use common::{ManualClock, visit};
use session_core::tagged::{Markup, Tuple};
use session_core::testing::request;
use session_core::{Error, Flash, Session, Sessions};

fn flask() -> Sessions {
    Sessions::flask_builder("dev")
        .clock(ManualClock::at(1_700_000_000))
        .build()
        .unwrap()
}

fn messages(flashes: &[Flash]) -> Vec<(&str, String)> {
    flashes
        .iter()
        .map(|flash| (flash.category(), flash.message()))
        .collect()
}

#[test]
fn flashes_are_taken_once_and_cached_for_the_request() {
    let sessions = flask();
    let first = visit(&sessions, &[], |session| {
        session.flash("one", "message")?;
        session.flash(Markup::new("<b>two</b>"), "error")?;
        assert_eq!(session.keys(), ["_flashes"]);
        assert_eq!(
            session.payload(),
            r#"{"_flashes":[{" t":["message","one"]},{" t":["error",{" m":"<b>two</b>"}]}]}"#
        );
        Ok(())
    });
    let cookie = first.unwrap().new_cookie();
    let second = visit(&sessions, &[&cookie], |session| {
        // The first take removes the key. A filter returns fewer flashes, but all are taken.
        assert_eq!(
            messages(&session.take_flashes_of(&["error"])?),
            [("error", "<b>two</b>".to_owned())]
        );
        assert!(session.is_empty() && session.is_modified());
        // Flashed after the take: shown by the next request.
        session.flash("later", "info")?;
        let all = session.take_flashes()?;
        assert_eq!(
            messages(&all),
            [
                ("message", "one".to_owned()),
                ("error", "<b>two</b>".to_owned())
            ]
        );
        assert_eq!(all[1].message_as::<Markup>()?.as_str(), "<b>two</b>");
        assert!(all[0].message_as::<Markup>().is_err());
        Ok(())
    });
    let cookie = second.unwrap().new_cookie();
    let third = visit(&sessions, &[&cookie], |session| {
        assert_eq!(
            messages(&session.take_flashes()?),
            [("info", "later".to_owned())]
        );
        Ok(())
    });
    assert!(third.unwrap().removes());
}

#[test]
fn a_take_without_flashes_changes_nothing() {
    let sessions = flask();
    let cookie = common::cookie_with(&sessions, "a", 1);
    let closed = visit(&sessions, &[&cookie], |session| {
        assert!(session.take_flashes()?.is_empty() && !session.is_modified());
        Ok(())
    });
    assert_eq!(closed.unwrap().set_cookie(), None);
}

#[test]
fn foreign_flashes_do_no_harm() {
    let sessions = flask();
    for (value, taken) in [
        (
            r#"[["message","a list will do"],{" t":["error","x"]},5,{" t":["one"]},{" t":[1,2]},{" m":"ab"}]"#,
            3,
        ),
        (r#""no list""#, 0),
        (
            r#"[{" t":["a","b","c"]},{" t":[]},[],{" di":{" t__":["a","b"]}},{"a":"b"},"ab"]"#,
            0,
        ),
        ("[]", 0),
        ("null", 0),
        (r#"{" t":[{" t":["error","x"]}]}"#, 0),
    ] {
        let headers = request(&sessions, |session| {
            session.insert_tagged_json(&format!("{{\"_flashes\":{value}}}"))
        })
        .unwrap();
        let session = sessions.open(&headers);
        let pushed = session.flash("more", "info");
        assert_eq!(pushed.is_ok(), value.starts_with('['), "{value}");
        assert!(pushed.is_ok() || matches!(pushed, Err(Error::WrongType { .. })));
        let expected = taken + usize::from(pushed.is_ok());
        assert_eq!(session.take_flashes().unwrap().len(), expected, "{value}");
        assert!(!session.contains_key("_flashes"));
    }
}

/// Flask's categories may be of any type, and each message is returned.
#[test]
fn categories_of_other_types_are_returned() {
    let list = r#"[{" t":[null,"saved"]},{" t":[5,"five"]},{" t":[{" m":"info"},"html"]},{" t":[[1, null],{" m":"<b>"}]},{" t":["\ud800","half"]},[true,"yes"]]"#;
    let expected = [
        ("", "saved"),
        ("5", "five"),
        ("info", "html"),
        ("[1,null]", "<b>"),
        (r#""\ud800""#, "half"),
        ("true", "yes"),
    ];
    let expected = expected.map(|(category, message)| (category, message.to_owned()));
    let open = || {
        let fill =
            |session: &Session| session.insert_tagged_json(&format!("{{\"_flashes\":{list}}}"));
        flask().open(&request(&flask(), fill).unwrap())
    };
    assert_eq!(messages(&open().take_flashes().unwrap()), expected);
    assert_eq!(
        messages(&open().take_flashes_of(&["", "5"]).unwrap()),
        expected[..2]
    );
}

#[test]
fn any_message_can_be_flashed() {
    let sessions = flask();
    let session = sessions.open(&http::HeaderMap::new());
    session
        .flash(serde_json::json!({"a": [1, null]}), "data")
        .unwrap();
    session.flash(Tuple((1, 2)), "data").unwrap();
    let taken = session.take_flashes().unwrap();
    assert_eq!(taken[0].message(), r#"{"a":[1,null]}"#);
    assert_eq!(taken[1].message(), "[1,2]");
    assert_eq!(taken[1].message_as::<(i64, i64)>().unwrap(), (1, 2));
}

#[test]
fn permanence_is_the_truth_of_a_key() {
    let sessions = flask();
    let set = |value: &'static str| {
        move |session: &Session| {
            session.insert_tagged_json(&format!("{{\"_permanent\":{value},\"a\":1}}"))
        }
    };
    for (value, permanent) in [
        ("true", true),
        ("1", true),
        ("\"no\"", true),
        ("false", false),
        ("0.0", false),
        ("[]", false),
    ] {
        let closed = visit(&sessions, &[], set(value)).unwrap();
        assert_eq!(
            closed.set_cookie().unwrap().contains("; Expires="),
            permanent,
            "{value}"
        );
        let session = sessions.open(&common::request(&[closed.cookie().unwrap()]));
        assert_eq!(session.is_permanent(), permanent, "{value}");
    }
    // The last key of a permanent session is removed: `_permanent` remains, and the cookie stays.
    let cookie = visit(&sessions, &[], set("true")).unwrap().new_cookie();
    let closed = visit(&sessions, &[&cookie], |session| {
        session.remove("a").map(drop)
    })
    .unwrap();
    assert!(closed.cookie().is_some() && !closed.removes());
    let closed = visit(&sessions, &[&cookie], Session::clear).unwrap();
    assert!(closed.removes());
}

#[test]
fn one_key_that_is_a_tag_is_guarded_at_the_top() {
    let sessions = flask();
    for key in [" t", " di", " b", " m", " u", " d"] {
        let closed = visit(&sessions, &[], |session| session.insert(key, [1])).unwrap();
        let session = sessions.open(&common::request(&[closed.cookie().unwrap()]));
        assert_eq!(session.keys(), [key]);
        assert_eq!(session.get::<Vec<i64>>(key).unwrap().unwrap(), [1]);
        assert_eq!(
            session.payload(),
            format!("{{\" di\":{{\"{key}__\":[1]}}}}")
        );
        session.insert("x", 1).unwrap();
        assert_eq!(session.payload(), format!("{{\"{key}\":[1],\"x\":1}}"));
    }
}

#[test]
fn what_rust_cannot_represent_stays() {
    let sessions = flask();
    let text = r#"{"big":123456789012345678901234567890,"half":"\ud800","nan":NaN,"user":"ada"}"#;
    let headers = request(&sessions, |session| session.insert_tagged_json(text)).unwrap();
    let session = sessions.open(&headers);
    assert!(session.get::<i64>("big").is_err() && session.get::<String>("half").is_err());
    assert!(session.get::<f64>("nan").unwrap().unwrap().is_nan());
    session.insert("user", "eve").unwrap();
    assert_eq!(session.payload(), text.replace("ada", "eve"));
    assert_eq!(session.to_json(), text.replace("ada", "eve"));
    assert!(
        session.insert_tagged_json("[1]").is_err()
            && session.insert_tagged_json(r#"{"\ud800":1}"#).is_err()
    );
    assert!(
        session.insert_tagged_json(r#"{" t":[1]}"#).is_err(),
        "a session must not be a tag as a whole"
    );
}

/// Read as Werkzeug reads it. A cookie that is written again has no quotes.
#[test]
fn a_cookie_in_quotes_is_refreshed_as_any_other() {
    let time = ManualClock::at(1_700_000_000);
    let sessions = Sessions::flask_builder("dev")
        .clock(time.clone())
        .build()
        .unwrap();
    let fill = |session: &Session| session.set_permanent(true).and(session.insert("a", 1));
    let cookie = visit(&sessions, &[], fill).unwrap().new_cookie();
    let value = cookie.strip_prefix("session=").unwrap();
    time.advance(std::time::Duration::from_secs(60));
    let plain = visit(&sessions, &[&cookie], |_| Ok(()))
        .unwrap()
        .set_cookie()
        .unwrap()
        .to_owned();
    for quoted in [
        value.to_owned(),
        value.replace('.', "\\."),
        value.replace('.', "\\056"),
    ] {
        let header = format!("$Version=1; session=\"{quoted}\"; $Path=\"/\"");
        let closed = visit(&sessions, &[&header], |session| {
            assert_eq!(session.get::<i64>("a")?, Some(1));
            Ok(())
        });
        assert_eq!(closed.unwrap().set_cookie(), Some(&*plain), "{header}");
    }
    // In our own format quotes are part of the value.
    let ours = Sessions::new(common::key(common::KEY));
    let cookie = common::cookie_with(&ours, "a", 1);
    let quoted = format!("{}\"", cookie.replace('=', "=\""));
    assert!(ours.open(&common::request(&[&quoted])).rejected().is_some());
}
