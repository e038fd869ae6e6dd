//! Values, closures and random sources of the application that fail or panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

use session_core::{EntropyError, Error, Sessions};

use crate::common::{KEY, formats, key, request, visit};
use crate::helpers::ours;

#[test]
fn a_closure_that_panics_harms_nothing() {
    for (format, builder) in formats() {
        let sessions = builder.build().unwrap();
        let session = sessions.open(&http::HeaderMap::new());
        session.insert("n", 1).unwrap();
        let panics =
            |run: &dyn Fn()| assert!(catch_unwind(AssertUnwindSafe(run)).is_err(), "{format}");
        panics(&|| drop(session.update("n", |_: &mut i64| panic!("the handler's"))));
        panics(&|| drop(session.get_or_insert_with("m", || -> i64 { panic!("the handler's") })));
        struct Bad;
        impl serde::Serialize for Bad {
            fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                panic!("the handler's")
            }
        }
        panics(&|| drop(session.insert("n", Bad)));
        panics(&|| drop(session.push("l", Bad)));
        panics(&|| drop(session.flash(Bad, "info")));
        assert_eq!(session.to_json(), r#"{"n":1}"#);
        session.increment("n", 1).unwrap();
        let mut headers = http::HeaderMap::new();
        sessions.close(&session, &mut headers).unwrap();
        assert!(headers.contains_key(http::header::SET_COOKIE));
    }
}

#[test]
fn a_closure_may_use_its_own_session() {
    for (_, builder) in formats() {
        let session = builder.build().unwrap().open(&http::HeaderMap::new());
        session.insert("n", 1).unwrap();
        // The closure changes another key, and once the key that is being updated: then it runs
        // again.
        let mut runs = 0;
        let result = session.update("n", |n: &mut i64| {
            runs += 1;
            session.insert("other", runs).unwrap();
            if runs == 1 {
                session.increment("n", 10).unwrap();
            }
            *n += 1;
            *n
        });
        assert_eq!((result.unwrap(), runs), (12, 2));
        let first = session.get_or_insert_with("m", || {
            session.insert("m", 5).unwrap();
            6
        });
        assert_eq!(
            first.unwrap(),
            5,
            "the value that the closure inserted stays"
        );
        assert_eq!(session.to_json(), r#"{"m":5,"n":12,"other":2}"#);
    }
}

#[test]
fn values_that_cannot_be_stored_change_nothing() {
    struct Fails;
    impl serde::Serialize for Fails {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }
    let session = ours().open(&http::HeaderMap::new());
    for result in [
        session.insert("a", Fails),
        session.push("a", Fails),
        session.flash(Fails, "info"),
    ] {
        assert!(
            matches!(result, Err(Error::NotSerializable { .. })),
            "{result:?}"
        );
    }
    assert!(session.is_empty() && !session.is_modified());
    session.insert("list", [1]).unwrap();
    let error = session.increment("list", 1).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("session key \"list\" holds another type: "),
        "{error}"
    );
    assert!(matches!(
        session
            .push("n", 1)
            .and(session.insert("n", 1))
            .and(session.push("n", 1)),
        Err(Error::WrongType { .. })
    ));
    assert!(matches!(
        session.take::<String>("list"),
        Err(Error::WrongType { .. })
    ));
    assert!(
        session.contains_key("list"),
        "a value of another type stays"
    );
}

/// T7: the errors of a value's own `Serialize` or `Deserialize` may quote the value, and errors end
/// up in logs.
#[test]
fn t7_errors_do_not_quote_errors_of_values() {
    #[derive(Debug, Clone, Default)]
    struct Card(String);
    impl serde::Serialize for Card {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom(format!(
                "card {} is expired",
                self.0
            )))
        }
    }
    impl<'de> serde::Deserialize<'de> for Card {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let number = <String as serde::Deserialize>::deserialize(deserializer)?;
            Err(serde::de::Error::custom(format!(
                "card {number} is expired"
            )))
        }
    }
    let number = "4111111111111111";
    let card = || Card(number.to_owned());
    for sessions in [ours(), Sessions::flask("dev").unwrap()] {
        let session = sessions.open(&http::HeaderMap::new());
        session.insert("number", number).unwrap();
        let results = [
            session.insert("card", card()),
            session.insert("cards", [card()]),
            session.insert(
                "cards",
                std::collections::BTreeMap::from([(number, card())]),
            ),
            session.push("cards", card()),
            session.flash(card(), "info"),
            session.get_or_insert_with("card", card).map(drop),
            session.update("card", |value: &mut Card| *value = card()),
            session.get::<Card>("number").map(drop),
            session.take::<Card>("number").map(drop),
        ];
        for result in results {
            let error = result.unwrap_err();
            assert!(!format!("{error} {error:?}").contains("4111"), "{error}");
        }
    }
}

#[test]
fn t2_without_random_bytes_nothing_is_written() {
    struct Broken;
    impl session_core::EntropySource for Broken {
        fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
            Err(EntropyError)
        }
    }
    let sessions = Sessions::builder(key(KEY)).random(Broken).build().unwrap();
    let result = visit(&sessions, &[], |session| {
        assert_eq!(
            session.flash("m", "info"),
            Err(Error::Entropy(EntropyError))
        );
        assert!(!session.is_modified());
        Ok(())
    });
    assert_eq!(result.unwrap().set_cookie(), None);
}

#[test]
fn a_random_source_that_repeats_gives_two_flashes_two_numbers() {
    struct Stuck;
    impl session_core::EntropySource for Stuck {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            bytes.fill(0xff);
            Ok(())
        }
    }
    let sessions = Sessions::builder(key(KEY)).random(Stuck).build().unwrap();
    let closed = visit(&sessions, &[], |session| {
        session.flash("one", "a")?;
        session.flash("two", "b")
    });
    let session = sessions.open(&request(&[closed.unwrap().cookie().unwrap()]));
    assert_eq!(session.take_flashes_of(&["a"]).unwrap().len(), 1);
    assert_eq!(session.take_flashes().unwrap()[0].message(), "two");
}
