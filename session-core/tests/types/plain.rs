//! Numbers and null.

use std::collections::HashMap;
use std::fmt::Debug;

use serde::Deserialize;
use serde_json::{Value, json};
use session_core::Error;
use session_core::tagged::{Bytes, Markup};

use crate::helpers::each;

#[test]
fn a_float_counter_stays_one() {
    for session in each() {
        session.insert("n", 41.0).unwrap();
        assert_eq!(session.increment("n", 1).unwrap(), 42);
        assert_eq!(session.to_json(), r#"{"n":42.0}"#);
        assert_eq!(session.get::<f64>("n").unwrap(), Some(42.0));
        assert!(
            session.get::<i64>("n").is_err(),
            "a float is not an integer"
        );
        for other in [
            json!(0.5),
            json!(1e300),
            json!(null),
            json!(true),
            json!("1"),
        ] {
            session.insert("n", &other).unwrap();
            let error = session.increment("n", 1).unwrap_err();
            assert!(
                matches!(&error, Error::WrongType { reason, .. } if reason.contains("`update`")),
                "{error}"
            );
            assert_eq!(session.get::<Value>("n").unwrap(), Some(other));
        }
        session.insert("n", 9_007_199_254_740_992.0).unwrap();
        assert!(matches!(
            session.increment("n", 1),
            Err(Error::Overflow { .. })
        ));
        assert_eq!(session.increment("n", -1).unwrap(), 9_007_199_254_740_991);
    }
}

#[test]
fn a_stored_null_is_there_and_is_no_text() {
    #[derive(Debug, PartialEq, Deserialize)]
    enum Theme {
        Dark,
    }
    for session in each() {
        session.insert_tagged_json(r#"{"k": null}"#).unwrap();
        assert_eq!(session.get::<Option<String>>("k").unwrap(), Some(None));
        assert_eq!(session.get::<Option<Markup>>("k").unwrap(), Some(None));
        assert_eq!(session.get::<Value>("k").unwrap(), Some(Value::Null));
        assert_eq!(session.get::<()>("k").unwrap(), Some(()));
        let errors = [
            session.get::<String>("k").unwrap_err(),
            session.get::<i64>("k").unwrap_err(),
            session.get::<f64>("k").unwrap_err(),
            session.get::<bool>("k").unwrap_err(),
            session.get::<Vec<String>>("k").unwrap_err(),
            session.get::<(String, i64)>("k").unwrap_err(),
            session.get::<HashMap<String, i64>>("k").unwrap_err(),
            session.get::<Theme>("k").unwrap_err(),
            session.get::<Markup>("k").unwrap_err(),
            session.get::<Bytes>("k").unwrap_err(),
            session.take::<String>("k").unwrap_err(),
            session.get_or_insert_with("k", String::new).unwrap_err(),
            session
                .update("k", |text: &mut String| text.push('!'))
                .unwrap_err(),
        ];
        for error in errors {
            let Error::WrongType { key, reason } = &error else {
                unreachable!("{error}")
            };
            assert_eq!(key, "k");
            assert!(
                reason.starts_with("found null, expected ") && reason.ends_with("read an Option"),
                "{error}"
            );
        }
        assert_eq!(session.take::<Option<String>>("k").unwrap(), Some(None));
        assert!(!session.contains_key("k"));
    }
}
