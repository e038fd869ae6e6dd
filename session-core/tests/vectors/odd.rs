//! The recorded vectors of unusual input: Cookie headers, sessions and settings.

use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderValue, header};
use serde_json::Value;
use session_core::{Config, Sessions};

use super::payload;
use super::python::canonical;

/// Compares one vector with our behaviour; the error describes the difference.
pub fn compare(kind: &str, case: &Value) -> Result<(), String> {
    if kind == "environment" {
        environment(case)
    } else {
        session(kind, case)
    }
}

fn now() -> std::time::SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

/// Compares the session that a handler sees. Where Flask answers 500, ours must be refused.
fn session(kind: &str, case: &Value) -> Result<(), String> {
    let sessions = Sessions::flask_builder("dev").clock(now).build().unwrap();
    // Headers are bytes, which the file stores as characters of Latin-1.
    let text = if kind == "headers" {
        case["header"].as_str()
    } else {
        case["cookie"].as_str()
    };
    let text = if kind == "headers" {
        text.unwrap().to_owned()
    } else {
        format!("session={}", text.unwrap())
    };
    let bytes: Vec<u8> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let headers =
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_bytes(&bytes).unwrap())]);
    let session = sessions.open(&headers);
    let agrees = match case["flask"].as_str() {
        None => session.rejected().is_some(),
        // A second key, so that the whole needs no guard.
        Some(flask) => {
            session.insert("zz", 0).unwrap();
            let comma = if flask == "{}" { "" } else { "," };
            let expected = format!("{}{comma}\"zz\":0}}", flask.strip_suffix('}').unwrap());
            canonical(&session.payload()) == canonical(&expected)
        }
    };
    if agrees {
        Ok(())
    } else {
        Err(format!("{:?} {}", session.rejected(), session.payload()))
    }
}

/// Compares the cookie of `{"a":1}` under a key from the environment. Where Flask has no sessions,
/// or fails, our configuration must be an error.
fn environment(case: &Value) -> Result<(), String> {
    let vars = [(
        "FLASK_SECRET_KEY".to_owned(),
        case["text"].as_str().unwrap().to_owned(),
    )];
    let built = Config::from_vars("FLASK", vars).and_then(Config::flask_builder);
    let built = built.and_then(|builder| builder.clock(now).build());
    let found = built.map(|sessions| {
        let session = sessions.open(&HeaderMap::new());
        session.insert("a", 1).unwrap();
        let mut response = HeaderMap::new();
        sessions.close(&session, &mut response).unwrap();
        let header = response[header::SET_COOKIE].to_str().unwrap();
        assert!(payload(&header["session=".len()..header.find(';').unwrap()]).contains("\"a\""));
        header["session=".len()..header.find(';').unwrap()].to_owned()
    });
    match (found, case["flask"].as_str()) {
        (Ok(found), Some(flask)) if found == flask => Ok(()),
        (Err(_), None) => Ok(()),
        (found, _) => Err(format!("{found:?}")),
    }
}
