//! Every vector that was recorded by running a real Flask: equal byte for byte, or named in the
//! table of differences.
//!
//! `tests/data/flask-vectors.json` was recorded with Flask 3.1.2/3.1.3, itsdangerous 2.2.0 and
//! Werkzeug 3.1.8; unusual input is in `tests/data/flask-odd.json`, recorded by the program beside
//! it.

mod vectors;

use std::collections::BTreeSet;

use vectors::{cases, differences, http, odd};

fn check(kind: &str, disagree: BTreeSet<String>, all: &BTreeSet<String>) {
    let listed: BTreeSet<String> = differences()
        .into_iter()
        .filter(|name| all.contains(name))
        .collect();
    let unlisted: Vec<_> = disagree.difference(&listed).collect();
    let stale: Vec<_> = listed.difference(&disagree).collect();
    assert!(
        unlisted.is_empty(),
        "{kind}: these differ from Flask and are in no row: {unlisted:#?}"
    );
    assert!(
        stale.is_empty(),
        "{kind}: these are in a row, but agree with Flask: {stale:#?}"
    );
}

#[test]
fn every_uncompressed_dump_is_byte_equal() {
    let all = vectors::load();
    let mut counted = 0;
    for case in all["cases"].as_array().unwrap() {
        let plain = case["kind"] == "dump" && case["compressed"] == false;
        let hmac = case["key_derivation"] == "hmac";
        let sessions = (plain && hmac).then(|| cases::sessions(case, "signed_at"));
        let Some(sessions) = sessions.flatten() else {
            continue;
        };
        let expected = case["cookie"].as_str().unwrap();
        // From typed values, where Rust has them.
        if case["name"] != "lone-surrogate" {
            let dumped = cases::dump(&sessions, case["data_tagged_json"].as_str().unwrap());
            assert_eq!(dumped, expected, "{}", case["name"]);
        }
        // Read, then written again.
        let (again, _) = cases::reload(&sessions, expected);
        assert_eq!(again.as_deref(), Some(expected), "{}", case["name"]);
        counted += 1;
    }
    assert!(counted >= 32, "only {counted} dumps were compared");
}

#[test]
fn every_compressed_dump_holds_the_same_json() {
    let all = vectors::load();
    let (mut counted, mut otherwise) = (0, Vec::new());
    for case in all["cases"].as_array().unwrap() {
        if case["kind"] != "dump" || case["compressed"] != true {
            continue;
        }
        let sessions = cases::sessions(case, "signed_at").unwrap();
        let json = case["data_tagged_json"].as_str().unwrap();
        for cookie in [
            &cases::dump(&sessions, json),
            case["cookie"].as_str().unwrap(),
        ] {
            assert_eq!(vectors::payload(cookie), json, "{}", case["name"]);
            if !cookie.starts_with('.') {
                otherwise.push(case["name"].as_str().unwrap());
            }
        }
        let (again, _) = cases::reload(&sessions, case["cookie"].as_str().unwrap());
        assert_eq!(vectors::payload(&again.unwrap()), json, "{}", case["name"]);
        counted += 1;
    }
    assert!(counted >= 13, "only {counted} dumps were compared");
    // Our zlib's stream is a byte longer here, so that compression does not pay (a row of the
    // table).
    assert_eq!(otherwise, ["flashes"]);
}

#[test]
fn every_load_agrees_or_is_in_the_table() {
    let all = vectors::load();
    let (mut names, mut disagree) = (BTreeSet::new(), BTreeSet::new());
    for case in all["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap().to_owned();
        let agrees = match cases::sessions(case, "now_unix") {
            None => false,
            Some(sessions) => cases::load_agrees(&sessions, case),
        };
        if !agrees {
            disagree.insert(name.clone());
        }
        names.insert(name);
    }
    check("load", disagree, &names);
}

#[test]
fn every_http_entry_agrees_or_is_in_the_table() {
    let all = vectors::load();
    let (mut names, mut disagree) = (BTreeSet::new(), BTreeSet::new());
    for entry in all["http"].as_array().unwrap() {
        let name = entry["name"].as_str().unwrap().to_owned();
        if let Err(difference) = http::compare(entry) {
            println!("{name}: {difference}");
            disagree.insert(name.clone());
        }
        names.insert(name);
    }
    check("http", disagree, &names);
}

#[test]
fn every_odd_cookie_agrees_or_is_in_the_table() {
    let all = vectors::load_odd();
    let (mut names, mut disagree) = (BTreeSet::new(), BTreeSet::new());
    for kind in ["headers", "cases", "environment"] {
        for case in all[kind].as_array().unwrap() {
            let name = case["name"].as_str().unwrap().to_owned();
            if let Err(found) = odd::compare(kind, case) {
                println!("{name}: {found} instead of {}", case["flask"]);
                disagree.insert(name.clone());
            }
            names.insert(name);
        }
    }
    assert!(names.len() > 50);
    check("odd", disagree, &names);
}

#[test]
fn floats_are_written_as_python_writes_them() {
    let all = vectors::load();
    let sessions = session_core::Sessions::flask("dev").unwrap();
    for case in all["float_repr"].as_array().unwrap() {
        let bits = u64::from_str_radix(case["bits"].as_str().unwrap(), 16).unwrap();
        let session = sessions.open(&::http::HeaderMap::new());
        session.insert("f", f64::from_bits(bits)).unwrap();
        assert_eq!(
            session.to_json(),
            format!("{{\"f\":{}}}", case["json"].as_str().unwrap())
        );
        assert_eq!(session.get::<f64>("f").unwrap().unwrap().to_bits(), bits);
    }
}

/// Checks the table in both directions: the names in it exist, and each row names a vector or a
/// test.
#[test]
fn every_row_of_the_table_is_held_by_a_vector_or_a_test() {
    let (all, odd) = (vectors::load(), vectors::load_odd());
    let kinds = [
        (&all, "cases"),
        (&all, "http"),
        (&odd, "headers"),
        (&odd, "cases"),
        (&odd, "environment"),
    ];
    let named = kinds
        .iter()
        .flat_map(|(all, kind)| all[kind].as_array().unwrap());
    let vectors: BTreeSet<_> = named
        .map(|case| case["name"].as_str().unwrap().to_owned())
        .collect();
    let tests = vectors::tests_in(&["src", "tests"]);
    for (row, names) in vectors::rows() {
        assert!(
            !names.is_empty(),
            "this row names no vector and no test: {row}"
        );
        for name in names {
            assert!(
                vectors.contains(&name) || tests.contains(&name),
                "{name} is neither a vector nor a test: {row}"
            );
        }
    }
    let table: BTreeSet<_> = differences().into_iter().collect();
    let tests = vectors::tests_in(&["tests/flask_differences"]);
    assert!(tests.len() > 15);
    for name in tests {
        assert!(table.contains(&name), "{name} is in no row");
    }
}
