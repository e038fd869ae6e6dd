//! The data in Redis, and how long it stays.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use redis::cmd;
use servers::Redis;
use session_core::protocol::Record;
use session_store::{DeleteScope, Store};

use crate::browser::{Browser, source};
use crate::{HOUR, NOW, REDIS, connect, key, prefix, record, store};

/// T5: no selector or verifier of a cookie is in the dump, in any form, and nothing in the dump opens a session.
#[tokio::test]
async fn t5_nothing_that_opens_a_session() {
    let Some(redis) = &*REDIS else {
        return;
    };
    let prefix = prefix();
    let source = source(Arc::new(store(redis, &prefix).await));
    let mut cookies = Vec::new();
    for number in 0..3 {
        let mut browser = Browser::default();
        browser
            .request(&source, |session| session.insert("a", 1))
            .await
            .unwrap()
            .unwrap();
        cookies.push(browser.cookie.clone().unwrap());
        let user = format!("user {number}");
        let label = |session: &session_core::Session| {
            session.log_in(&user)?;
            session.set_label("browser")
        };
        browser.request(&source, label).await.unwrap().unwrap();
        cookies.push(browser.cookie.clone().unwrap());
        browser
            .request(&source, session_core::Session::cycle_id)
            .await
            .unwrap()
            .unwrap();
        cookies.push(browser.cookie.clone().unwrap());
        if number == 2 {
            browser
                .request(&source, session_core::Session::clear)
                .await
                .unwrap()
                .unwrap();
        }
    }
    assert_eq!(cookies.len(), 9);

    let dump = dump(redis, &prefix).await;
    assert_eq!(
        dump.len(),
        3 + 2,
        "three sessions, one of them ended, and two users"
    );
    let all: Vec<&[u8]> = dump
        .iter()
        .flat_map(|(key, values)| [key].into_iter().chain(values))
        .map(|bytes| &**bytes)
        .collect();
    for cookie in &cookies {
        let value = cookie.split_once('=').unwrap().1;
        let (id, _) = value.split_once('.').unwrap();
        let id = URL_SAFE_NO_PAD.decode(id).unwrap();
        for part in [&id[..16], &id[16..], &id] {
            let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
            let forms = [
                part.to_vec(),
                hex.to_uppercase().into_bytes(),
                hex.into_bytes(),
                URL_SAFE_NO_PAD.encode(part).into_bytes(),
                STANDARD_NO_PAD.encode(part).into_bytes(),
            ];
            for bytes in &all {
                for form in &forms {
                    assert!(!bytes.windows(form.len()).any(|window| window == form));
                }
            }
        }
    }

    // Each value in place of a cookie, or of the id in a signed one.
    let (name, value) = cookies[2].split_once('=').unwrap();
    let (_, signature) = value.split_once('.').unwrap();
    for bytes in all {
        let tail = bytes.rsplit(|byte| *byte == b':').next().unwrap();
        for text in [
            URL_SAFE_NO_PAD.encode(bytes),
            STANDARD.encode(bytes),
            String::from_utf8_lossy(tail).into_owned(),
        ] {
            for value in [text.clone(), format!("{text}.{signature}")] {
                let cookie = format!("{name}={value}");
                if http::HeaderValue::try_from(&cookie).is_ok() {
                    let mut browser = Browser {
                        cookie: Some(cookie),
                    };
                    assert!(
                        browser
                            .request(&source, session_core::Session::is_empty)
                            .await
                            .unwrap()
                    );
                }
            }
        }
    }
}

/// Returns every key with this prefix, and its content. Checks that each key has a native expiry.
async fn dump(redis: &Redis, prefix: &str) -> BTreeMap<Vec<u8>, Vec<Vec<u8>>> {
    let mut connection = connect(&redis.url(), std::time::Duration::from_secs(10)).await;
    let keys: Vec<Vec<u8>> = cmd("KEYS")
        .arg(format!("{prefix}*"))
        .query_async(&mut connection)
        .await
        .unwrap();
    let mut dump = BTreeMap::new();
    for key in keys {
        let lifetime: i64 = cmd("PTTL")
            .arg(&key)
            .query_async(&mut connection)
            .await
            .unwrap();
        assert!(lifetime > 0, "{}", String::from_utf8_lossy(&key));
        let kind: String = cmd("TYPE")
            .arg(&key)
            .query_async(&mut connection)
            .await
            .unwrap();
        let values = match &*kind {
            "hash" => cmd("HGETALL")
                .arg(&key)
                .query_async(&mut connection)
                .await
                .unwrap(),
            "zset" => cmd("ZRANGE")
                .arg(&key)
                .arg(0)
                .arg(-1)
                .query_async(&mut connection)
                .await
                .unwrap(),
            kind => panic!("{kind}"),
        };
        dump.insert(key, values);
    }
    dump
}

/// After every verb, each key of the server begins with the prefix and has an expiry an hour later than
/// needed; a write with an earlier end does not shorten it.
#[tokio::test]
async fn keys_expire_by_themselves() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let store = store(&redis, "test:").await;
    let lifetime = |place: String| redis.ask(&["PTTL", &place]).parse::<u64>().unwrap() / 1000;
    let of = |number: u64| lifetime(format!("test:s:{}", key(number).to_text()));
    // A busy machine may take a while.
    let about = |seconds: u64, expected: u64| {
        assert!((expected - 60..=expected).contains(&seconds), "{seconds}")
    };

    store
        .index("ada", key(1), NOW + 3 * HOUR, NOW)
        .await
        .unwrap();
    store.index("ada", key(1), NOW, NOW).await.unwrap();
    store
        .insert(key(1), &record(1, Some("ada")), NOW)
        .await
        .unwrap();
    about(of(1), 2 * HOUR);
    store.touch(key(1), NOW + 2 * HOUR, NOW).await.unwrap();
    about(of(1), 3 * HOUR);
    store.touch(key(1), NOW, NOW).await.unwrap();
    store
        .update(key(1), 1, &record(2, Some("ada")), NOW)
        .await
        .unwrap();
    about(of(1), 3 * HOUR);
    let longer = Record {
        expires: NOW + 5 * HOUR,
        ..record(3, Some("ada"))
    };
    store.update(key(1), 2, &longer, NOW).await.unwrap();
    about(of(1), 6 * HOUR);
    let notes = redis.ask(&["KEYS", "test:o:*"]);
    about(lifetime(notes.clone()), (3 + 24 + 1) * HOUR);
    store.delete(key(1), NOW).await.unwrap();
    about(of(1), HOUR + 60);

    // A time that Redis would refuse becomes a hundred years, and an expired record stays for an hour.
    for (number, expires, expected) in [
        (2, u64::MAX, 100 * 365 * 24 * HOUR),
        (3, NOW, HOUR),
        (4, 0, HOUR),
    ] {
        store
            .insert(
                key(number),
                &Record {
                    expires,
                    ..record(1, None)
                },
                NOW,
            )
            .await
            .unwrap();
        about(of(number), expected);
    }
    store.index("bob", key(2), u64::MAX, NOW).await.unwrap();
    assert_eq!(dump(&redis, "").await.len(), 6);
    assert_eq!(dump(&redis, "test:").await.len(), 6);

    // Index entries are removed with the records.
    store.index("ada", key(5), NOW + HOUR, NOW).await.unwrap();
    store
        .insert(key(5), &record(1, Some("ada")), NOW)
        .await
        .unwrap();
    store.unindex("ada", key(1)).await.unwrap();
    assert_eq!(
        store
            .delete_owned("ada", DeleteScope::All, NOW)
            .await
            .unwrap(),
        1
    );
    assert_eq!(redis.ask(&["EXISTS", &notes]), "0");
}

/// An index entry is removed a day after its end, when another one is added, and not before.
#[tokio::test]
async fn index_entries_end() {
    let Some(redis) = &*REDIS else {
        return;
    };
    let prefix = prefix();
    let store = store(redis, &prefix).await;
    let day = 24 * HOUR;
    store.index("ada", key(1), NOW + HOUR, NOW).await.unwrap();
    store.index("ada", key(2), 0, NOW).await.unwrap();
    let notes = redis.ask(&["KEYS", &format!("{prefix}o:*")]);
    for (now, left) in [
        (NOW + day, 3),
        (NOW + day + 1, 2),
        (NOW + HOUR + day, 2),
        (NOW + HOUR + day + 1, 1),
    ] {
        store.index("ada", key(3), now + day, now).await.unwrap();
        assert_eq!(redis.ask(&["ZCARD", &notes]), left.to_string());
    }
}
