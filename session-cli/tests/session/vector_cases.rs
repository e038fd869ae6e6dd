//! The recorded vectors of Flask, through the tool.

use std::collections::BTreeSet;

use crate::helpers::{line, options, run, with};
use crate::vectors::python::canonical;

#[test]
fn every_uncompressed_dump_is_signed_and_verified() {
    let all = crate::vectors::load();
    let mut counted = 0;
    for case in all["cases"].as_array().unwrap() {
        let Some(options) = options(case).filter(|_| case["kind"] == "dump") else {
            continue;
        };
        let (json, cookie) = (
            case["data_tagged_json"].as_str().unwrap(),
            case["cookie"].as_str().unwrap(),
        );
        let now = format!("--now={}", case["signed_at"].as_f64().unwrap().trunc());
        let name = &case["name"];
        assert_eq!(
            line(&with("verify", &options, &[&now, "--", cookie])),
            json,
            "{name}"
        );
        let signed = line(&with("sign", &options, &[&now, "--", json]));
        if case["compressed"] == false {
            assert_eq!(signed, cookie, "{name}");
            counted += 1;
        } else {
            assert_eq!(crate::vectors::payload(&signed), json, "{name}");
        }
        let decoded = run(&["decode", "--", cookie]);
        assert_eq!(
            (decoded.code, decoded.out.lines().next()),
            (0, Some(json)),
            "{name}"
        );
    }
    assert!(counted >= 32, "only {counted} dumps were signed");
}

#[test]
fn every_load_agrees_or_is_in_the_table() {
    let all = crate::vectors::load();
    let listed: BTreeSet<String> = crate::vectors::differences().into_iter().collect();
    let (mut counted, mut disagree) = (0, Vec::new());
    for case in all["cases"].as_array().unwrap() {
        let Some(options) = options(case).filter(|_| case["kind"] == "load") else {
            continue;
        };
        let name = case["name"].as_str().unwrap();
        if listed.contains(name) {
            continue;
        }
        let now = format!("--now={}", case["now_unix"].as_f64().unwrap().trunc());
        let run = run(&with(
            "verify",
            &options,
            &[&now, "--", case["cookie"].as_str().unwrap()],
        ));
        let agrees = match case["expected"].as_str().unwrap() {
            "ok" => {
                let loaded = case["loaded_tagged_json"].as_str().unwrap();
                run.code == 0
                    && run.err.is_empty()
                    && canonical(run.out.trim_end()) == canonical(loaded)
            }
            expected => {
                let reason = match expected {
                    "expired" => "expired",
                    "future" => "dated in the future",
                    // Flask reports a wrong form as a bad signature.
                    "bad-signature" => "the cookie",
                    _ => "",
                };
                run.code == 1 && run.out.is_empty() && run.err.contains(reason)
            }
        };
        if !agrees {
            disagree.push(format!("{name}: {} {:?} {:?}", run.code, run.out, run.err));
        }
        counted += 1;
    }
    assert!(disagree.is_empty(), "{disagree:#?}");
    assert!(counted >= 64, "only {counted} loads were compared");
}
