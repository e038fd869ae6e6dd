//! The recorded vectors of whole requests: the call of a view, and the headers of the response.

use super::payload;
use super::views::run;
use http::{HeaderMap, HeaderValue, header};
use serde_json::{Map, Value, json};
use session_core::{Config, EventKind, Session, Sessions};
use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

/// Compares one entry with our behaviour; the error describes the difference.
pub fn compare(entry: &Value) -> Result<(), String> {
    if entry["name"] == "size-warning-boundary" {
        return boundary(entry);
    }
    let sessions = configure(entry)?;
    let mut request = HeaderMap::new();
    if let Some(cookie) = entry["request_cookie"].as_str() {
        request.insert(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
    }
    let exchange = sessions.exchange(&request);
    let view = entry["view"].as_str().unwrap();
    let mut response = HeaderMap::new();
    if let Some(vary) = entry["preset_vary"].as_str() {
        response.insert(header::VARY, HeaderValue::from_str(vary).unwrap());
    }
    if view != "None" {
        let session = exchange.open().done().unwrap().unwrap();
        let result = run(view, &session)?;
        differ("result", &json!(result), &entry["result"])?;
        if !entry["modified"].is_null() {
            differ(
                "modified",
                &json!(session.is_modified()),
                &entry["modified"],
            )?;
        }
    }
    let mut outgoing = exchange.close().done().unwrap();
    outgoing
        .apply(&mut response)
        .map_err(|error| error.to_string())?;

    let warned = outgoing
        .events()
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Oversized { .. }))
        .count();
    differ(
        "warnings",
        &json!(warned),
        &json!(entry["warnings"].as_array().unwrap().len()),
    )?;
    let of_3_1_3 = &entry["differs_in"]["3.1.3"];
    let expected = |key| {
        if of_3_1_3[key].is_null() {
            &entry[key]
        } else {
            &of_3_1_3[key]
        }
    };
    let all = |name| {
        response
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect::<Vec<_>>()
    };
    differ("vary", &json!(all(header::VARY)), expected("vary"))?;
    let cookies = expected("set_cookie").as_array().unwrap();
    differ(
        "number of cookies",
        &json!(all(header::SET_COOKIE).len()),
        &json!(cookies.len()),
    )?;
    for (found, expected) in all(header::SET_COOKIE).iter().zip(cookies) {
        same_cookie(found, expected.as_str().unwrap())?;
    }
    Ok(())
}

fn differ(what: &str, found: &Value, expected: &Value) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what}: {found} instead of {expected}"))
    }
}

/// Compares name, value and the set of attributes. Of compressed values it compares the content.
fn same_cookie(found: &str, expected: &str) -> Result<(), String> {
    let split = |text: &str| {
        let mut parts = text.split("; ");
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        (
            name.to_owned(),
            value.to_owned(),
            parts.map(str::to_ascii_lowercase).collect::<BTreeSet<_>>(),
        )
    };
    let (found, expected) = (split(found), split(expected));
    let inside = |value: &str| {
        if value.is_empty() {
            String::new()
        } else {
            payload(value)
        }
    };
    let stamp = |value: &str| value.rsplit('.').nth(1).map(str::to_owned);
    let same = found.1 == expected.1
        || (found.1.starts_with('.')
            && expected.1.starts_with('.')
            && inside(&found.1) == inside(&expected.1)
            && stamp(&found.1) == stamp(&expected.1));
    if same && found.0 == expected.0 && found.2 == expected.2 {
        Ok(())
    } else {
        Err(format!("{found:?} instead of {expected:?}"))
    }
}

/// Builds the entry's configuration from Python literals.
fn configure(entry: &Value) -> Result<Sessions, String> {
    let mut settings = Map::new();
    settings.insert("SECRET_KEY".into(), entry["secret_key"].clone());
    for (name, literal) in entry["config"].as_object().unwrap() {
        let literal = literal.as_str().unwrap();
        let value = match literal {
            "True" => json!(true),
            "False" => json!(false),
            "datetime.timedelta(seconds=1, microseconds=500000)" => json!(1.5),
            _ => serde_json::from_str(&literal.replace('\'', "\"")).unwrap(),
        };
        settings.insert(name.clone(), value);
    }
    let now = UNIX_EPOCH + Duration::from_secs_f64(entry["now_unix"].as_f64().unwrap());
    let config: Config =
        serde_json::from_value(settings.into()).map_err(|error| error.to_string())?;
    config
        .flask_builder()
        .and_then(|builder| builder.clock(move || now).build())
        .map_err(|error| error.to_string())
}

/// Flask warns when the whole header has `first_length_with_warning` bytes or more.
fn boundary(entry: &Value) -> Result<(), String> {
    let first = entry["first_length_with_warning"].as_u64().unwrap();
    let mut noise = 0_u64;
    let text: String = (0..5000)
        .map(|_| {
            noise = noise
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            char::from(
                b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
                    [(noise >> 58) as usize],
            )
        })
        .collect();
    let mut seen = BTreeSet::new();
    for name in ["s", "se", "ses", "sess"] {
        for length in (3300..4000).step_by(3) {
            let sessions = Sessions::flask_builder("dev")
                .cookie_name(name)
                .build()
                .unwrap();
            let session = sessions.open(&HeaderMap::new());
            session.insert("t", &text[..length]).unwrap();
            let exchange = session_headers(&sessions, &session);
            let Ok((size, warned)) = exchange else {
                continue;
            };
            seen.insert(size);
            differ(
                &format!("a warning at {size}"),
                &json!(warned),
                &json!(size >= first),
            )?;
        }
    }
    if seen.contains(&first) && seen.contains(&(first - 1)) {
        Ok(())
    } else {
        Err("the boundary was not met".into())
    }
}

fn session_headers(
    sessions: &Sessions,
    filled: &Session,
) -> Result<(u64, bool), session_core::Error> {
    let exchange = sessions.exchange(&HeaderMap::new());
    let session = exchange.open().done().unwrap().unwrap();
    session
        .insert("t", filled.get::<String>("t").unwrap().unwrap())
        .unwrap();
    let mut outgoing = exchange.close().done().unwrap();
    let mut response = HeaderMap::new();
    outgoing.apply(&mut response)?;
    let warned = outgoing
        .events()
        .iter()
        .any(|event| matches!(event.kind, EventKind::Oversized { .. }));
    Ok((response[header::SET_COOKIE].len() as u64, warned))
}
