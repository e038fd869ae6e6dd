//! The properties of `property/` with input from proptest; the fuzzer tries them for longer. Then
//! regressions that these comparisons revealed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod property;

use property::{
    flask_header, id, json, open_encrypted, open_flask, open_signed, record, round_trip, tamper,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..most)
}

/// Returns bytes of a change: none, one bit, or some. Most stamps stay valid.
fn change(length: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        2 => Just(vec![0; length]),
        1 => (0..length, 0..8_u32).prop_map(move |(at, bit)| {
            let mut bytes = vec![0; length];
            bytes[at] = 1 << bit;
            bytes
        }),
        1 => vec(select(vec![0, 0, 0, 1, 2, 255]), length),
    ]
}

/// Returns text that is JSON, or nearly JSON, or the content of our formats.
fn nearly_json() -> impl Strategy<Value = String> {
    let text = || r#"[a ]{0,3}|\\u[d0][8c0]00|[\\"/u0é😀]{0,3}"#;
    let scalar = prop_oneof![
        text().prop_map(|text| format!("\"{text}\"")),
        r"-?[0-9]{1,3}(\.[0-9]{1,2})?([eE][+-]?[0-9]{1,3})?",
        select(vec![
            "null",
            "true",
            "NaN",
            "Infinity",
            "-Infinity",
            "0",
            "-0",
            "1e400",
            "-",
            ""
        ])
        .prop_map(str::to_owned),
    ];
    let value = scalar.prop_recursive(4, 16, 4, move |inner| {
        let key = prop_oneof![
            text().prop_map(|text| format!("\"{text}\"")),
            select(vec![
                "\" t\"",
                "\" di\"",
                "\" t__\"",
                "\"_permanent\"",
                "\"_flashes\"",
                "\"a\""
            ])
            .prop_map(str::to_owned),
        ];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            vec((key, inner), 0..4).prop_map(|members| {
                let members: Vec<_> = members
                    .iter()
                    .map(|(key, value)| format!("{key}:{value}"))
                    .collect();
                format!("{{{}}}", members.join(" ,"))
            }),
        ]
    });
    prop_oneof![
        4 => value.clone(),
        1 => (value.clone(), 0..3_u8, value.clone()).prop_map(|(map, number, message)| {
            format!("[{map},[[{number},\"info\",{message}]]]")
        }),
        1 => (value.clone(), value, select(vec!["[]", "[[1,\"info\",\"x\"]]", "[1]", "{}"])).prop_map(|(map, user, flashes)| {
            format!("[{map},{flashes},{user}]")
        }),
        1 => (text(), select(vec!["[]", "[[1,\"info\",\"x\"]]"])).prop_map(|(user, flashes)| {
            format!("[{{}},{flashes},\"{user}\"]")
        }),
        1 => r#"[\[\]{}":,0-9eE+.\\a-u \-]{0,14}"#,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn our_cookies_open_as_the_naive_implementation_says(kind in 0..5_u8, stamp in change(18), json in nearly_json()) {
        open_signed::check(&[&[kind], &stamp[..], json.as_bytes()].concat());
    }

    #[test]
    fn our_encrypted_cookies_open_as_the_naive_implementation_says(kind in select(vec![0, 1, 2, 129, 130, 131]), nonce: [u8; 12], stamp in change(18), json in nearly_json()) {
        open_encrypted::check(&[&[kind], &nonce[..], &stamp, json.as_bytes()].concat());
    }

    #[test]
    fn flasks_cookies_open_as_the_naive_implementation_says(kind in 0..5_u8, time in change(8), json in nearly_json()) {
        open_flask::check(&[&[kind], &time[..], json.as_bytes()].concat());
    }

    #[test]
    fn json_is_read_and_written_as_the_naive_implementation_does(text in nearly_json(), key in "[a ]{0,2}") {
        json::check(text.as_bytes());
        json::check(format!("{{\"{key}\":{text}}}").as_bytes());
    }

    #[test]
    fn ids_open_as_the_naive_implementation_says(kind in 0..3_u8, stamp in change(18), id in vec(any::<u8>(), 47..50)) {
        id::check(&[&[kind], &stamp[..], &id].concat());
    }

    #[test]
    fn records_open_as_the_naive_implementation_says(
        flags in 0..18_u8, hash in select(vec![b'v', b'w']), rest in bytes(60), count in 0..10_u8, json in nearly_json(), cut: prop::sample::Index,
    ) {
        let mut body = record::good(json.as_bytes());
        record::check(&body);
        for kind in 0..4 {
            record::check_encrypted(&[&[kind], &body[..]].concat());
        }
        record::check(&body[..cut.index(body.len())]);
        body[1] = flags;
        body[22] = hash;
        let optional = [(2, 8), (4, 32), (8, 8)].iter().filter(|(flag, _)| flags & flag != 0).map(|(_, size)| size).sum();
        let ids = [&[count][..], &[7; 8].repeat(count.into())].concat();
        let optional = rest.iter().copied().chain(std::iter::repeat(b'v')).take(optional);
        body.splice(54..63, optional.chain(ids)).for_each(drop);
        record::check(&body);
        record::check_encrypted(&[&[1], &body[..]].concat());
    }

    #[test]
    fn any_change_of_a_cookie_is_refused(first: [u8; 2], changes in vec(any::<[u8; 5]>(), 0..4)) {
        tamper::check(&[&first[..], &changes.concat()].concat());
    }

    #[test]
    fn flasks_cookie_is_read_where_the_naive_implementation_finds_it(data in bytes(20)) {
        flask_header::check(&data);
    }

    #[test]
    fn arbitrary_bytes(data in bytes(120)) {
        for check in [flask_header::check, id::check, json::check, open_flask::check, open_encrypted::check, open_signed::check, record::check, record::check_encrypted, round_trip::check, tamper::check] {
            check(&data);
        }
    }
}

/// No second text is valid for a session: every other digit is tried in each place.
#[test]
fn every_other_digit_is_refused() {
    for choice in [0x10, 0x20, 0x11, 0x21, 0x12, 0x22] {
        for at in 0..160_u8 {
            for digit in (b'0'..=b'z').filter(|digit| digit.is_ascii_alphanumeric()) {
                tamper::check(&[choice, 0, 1, 0, at, digit, 0]);
            }
        }
    }
}

/// A regression, revealed by the naive implementation.
#[test]
fn a_tag_that_stands_twice_at_the_top_is_no_session() {
    let under_good_times =
        |json: &str| open_flask::check(&[&[1; 1][..], &[0; 8], json.as_bytes()].concat());
    under_good_times(r#"{" t":1," t":[2]}"#);
    under_good_times(r#"{" di":1," di":{" t__":2}}"#);
    under_good_times(r#"{" di":{" t__":1," t__":2}}"#);
}

/// A regression: a category is a text, and a tagged text is not.
#[test]
fn a_flash_with_a_tagged_category_is_refused() {
    let json = r#"[{},[[1,{" m":"info"},"x"]]]"#;
    open_signed::check(&[&[1; 1][..], &[0; 18], json.as_bytes()].concat());
}

/// Encrypted text is padded with spaces, not with other characters that ASCII calls whitespace.
#[test]
fn a_form_feed_behind_encrypted_json_is_no_padding() {
    for json in ["{}  ", "{}\u{c}", "{}\u{c} ", "{}\n", ""] {
        open_encrypted::check(&[&[1; 1][..], &[7; 12], &[0; 18], json.as_bytes()].concat());
    }
}

/// Texts with the result that Python gives, recorded by `tests/data/python-json.py`.
#[test]
fn json_is_read_and_written_as_python_does() {
    let sessions = session_core::Sessions::flask("dev").unwrap();
    let (mut read, mut refused) = (0, 0);
    for line in include_str!("data/python-json.jsonl").lines() {
        let (text, expected): (String, Option<String>) = serde_json::from_str(line).unwrap();
        json::check(text.as_bytes());
        let session = sessions.open(&http::HeaderMap::new());
        let found = session
            .insert_tagged_json(&text)
            .ok()
            .map(|()| session.payload());
        *(if expected.is_some() {
            &mut read
        } else {
            &mut refused
        }) += 1;
        assert_eq!(found, expected, "{text}");
    }
    assert!(read > 400 && refused > 400, "{read} {refused}");
}
