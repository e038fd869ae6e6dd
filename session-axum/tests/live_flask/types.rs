//! The TYPES of app.py, in Rust.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use session_axum::Session;
use session_core::tagged::{Bytes, DateTime, Markup, Tuple, Uuid};

type Object<T> = BTreeMap<String, T>;

const USER: Uuid = Uuid([
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
]);
const PARTY: &str = "<b title=\"Grüße\">🎉 &amp; \u{7f}</b>";

fn then(seconds: i64) -> DateTime {
    DateTime::from_unix(seconds).unwrap()
}

const THEN: i64 = 1_577_934_245;
/// 03:04:05 in India.
const AWARE: i64 = THEN - (5 * 60 + 30) * 60;
const LAST: i64 = 253_402_300_799;

fn every_byte() -> Bytes {
    Bytes::new((0..=255).collect::<Vec<u8>>())
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Deep {
    id: Uuid,
    when: Tuple<(DateTime,)>,
}

/// A list of a tuple, a list, a dict and a tuple.
type Nested = (
    Tuple<(Bytes, (Markup, Deep))>,
    [(); 0],
    Object<i64>,
    Tuple<[(); 0]>,
);

fn nested() -> Object<Nested> {
    let deep = Deep {
        id: USER,
        when: Tuple((then(THEN),)),
    };
    let tuple = Tuple((Bytes::new([0xff, 0xfe]), (Markup::new("<i>"), deep)));
    BTreeMap::from([("deep".to_owned(), (tuple, [], BTreeMap::new(), Tuple([])))])
}

/// A dict with a key that looks like a tag, beside another.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Two {
    #[serde(rename = " t")]
    tag: i64,
    x: Tuple<(i64,)>,
}

fn two() -> Two {
    Two {
        tag: 1,
        x: Tuple((2,)),
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Plain {
    float: [f64; 6],
    int: [i64; 4],
    none: Option<String>,
    text: String,
    truth: [bool; 2],
}

fn plain() -> Plain {
    let text = "q\" \\ ä 🎉 \u{7f} \0 </script>".to_owned();
    let float = [0.1, 1.0, -0.0, 1e16, 1.5e-07, 5e-324];
    Plain {
        float,
        int: [0, -1, i64::MAX, i64::MIN],
        none: None,
        text,
        truth: [true, false],
    }
}

/// Dicts that look like tags and are none.
fn lookalikes() -> BTreeMap<&'static str, Value> {
    BTreeMap::from([
        ("like_b", json!({" b": "//4="})),
        ("like_d", json!({" d": "Thu, 02 Jan 2020 03:04:05 GMT"})),
        ("like_di", json!({" di": {" t": [1]}})),
        ("like_escaped", json!({" t__": 1})),
        ("like_m", json!({" m": "<b>"})),
        ("like_t", json!({" t": 1})),
        ("like_u", json!({" u": "00112233445566778899aabbccddeeff"})),
    ])
}

fn is<T: DeserializeOwned + PartialEq + Debug>(session: &Session, key: &str, value: &T) {
    assert_eq!(
        session.get::<T>(key).unwrap().as_ref(),
        Some(value),
        "{key}"
    );
}

/// Flask's text for each type.
pub(crate) fn read(session: &Session) {
    is(session, "bytes", &every_byte());
    is(session, "bytes_none", &Bytes::new([]));
    is(session, "datetime", &then(THEN));
    is(session, "datetime_aware", &then(AWARE));
    is(session, "datetime_naive", &then(LAST));
    is(session, "markup", &Markup::new(PARTY));
    is(session, "nested", &nested());
    is(
        session,
        "tuple",
        &Tuple((1, "x".to_owned(), Tuple((2, [3])))),
    );
    is(session, "tuple_none", &Tuple::<[(); 0]>([]));
    is(session, "uuid", &USER);
    for (key, value) in lookalikes() {
        is(session, key, &value);
        is(
            session,
            key,
            &Object::from([(
                value.as_object().unwrap().keys().next().unwrap().clone(),
                value.as_object().unwrap().values().next().unwrap().clone(),
            )]),
        );
    }
    is(session, "like_two", &two());
    is(
        session,
        "like_unknown",
        &Object::from([(" zz".to_owned(), Tuple((1,)))]),
    );
    let inner = Object::from([(" u".to_owned(), Object::from([(" b".to_owned(), ())]))]);
    let middle = Object::from([(" di".to_owned(), Object::from([("a".to_owned(), 1)]))]);
    is(
        session,
        "like_nested",
        &(Object::from([(" t".to_owned(), 1)]), Tuple((middle, inner))),
    );

    is(session, "plain", &plain());
    let floats = session.get::<Plain>("plain").unwrap().unwrap().float;
    assert_eq!(
        floats.map(f64::to_bits),
        plain().float.map(f64::to_bits),
        "with the sign of -0.0"
    );

    // A type that is not there is an error, never a guess.
    assert!(
        session.get::<Markup>("tuple").is_err() && session.get::<Tuple<Value>>("like_t").is_err()
    );
    assert!(session.get::<Bytes>("like_b").is_err() && session.get::<Uuid>("like_u").is_err());
    assert!(session.get::<Markup>("like_m").is_err() && session.get::<DateTime>("like_d").is_err());
    assert!(
        session.get::<Object<Value>>("bytes").is_err(),
        "the tag itself is never seen"
    );

    let flashes = session
        .get::<Vec<Tuple<(String, Markup)>>>("_flashes")
        .unwrap()
        .unwrap();
    assert_eq!(
        flashes,
        [Tuple(("html".to_owned(), Markup::new("<b>Grüße</b>")))]
    );
}

/// The same, by Rust.
pub(crate) fn write(session: &Session) -> Result<(), session_core::Error> {
    session.insert("bytes", every_byte())?;
    session.insert("bytes_none", Bytes::new([]))?;
    session.insert("datetime", then(THEN))?;
    session.insert("datetime_aware", then(AWARE))?;
    session.insert("datetime_naive", then(LAST))?;
    for (key, value) in lookalikes() {
        session.insert(key, value)?;
    }
    session.insert(
        "like_nested",
        (
            json!({" t": 1}),
            Tuple((json!({" di": {"a": 1}}), json!({" u": {" b": null}}))),
        ),
    )?;
    session.insert("like_two", two())?;
    session.insert("like_unknown", BTreeMap::from([(" zz", Tuple((1,)))]))?;
    session.insert("markup", Markup::new(PARTY))?;
    session.insert("nested", nested())?;
    session.insert("plain", plain())?;
    session.insert("tuple", Tuple((1, "x", Tuple((2, [3])))))?;
    session.insert("tuple_none", Tuple([(); 0]))?;
    session.insert("uuid", USER)?;
    session.flash(Markup::new("<b>Grüße</b>"), "html")
}
