//! Keys that mean something as syntax, text or numbers, and values at their limits.

use std::collections::BTreeSet;

use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TrimResult, Updated},
};
use session_store::DeleteScope;

use crate::store_under_test::{HOUR, NOW, StoreUnderTest, expect, hold, key, of_user, tombstone};

// Keys are hashes in real use, so a store that mistreats some bytes would fail rarely, and only in production.

fn keys() -> Vec<RecordKey> {
    // NULs, the signed and unsigned extremes, Redis Cluster's hash tags, separators, quotes, patterns, escapes, line ends, bytes
    // that are no UTF-8.
    let bytes = [
        0, 0xff, 0x7f, 0x80, b'{', b'}', b':', b'*', b'?', b'[', b'%', b'_', b'\'', b'"', b'`',
        b'\\', b'\n', b'\r', b' ', b'0', b'-', b'a', b'A', 0xc0, 0xfe,
    ];
    let mut keys: Vec<[u8; 32]> = bytes.iter().map(|byte| [*byte; 32]).collect();
    // Keys that differ in one byte: a store that cuts, pads or folds keys takes two of them for one.
    for place in [0, 7, 8, 15, 16, 31] {
        for byte in [1, 0x80] {
            let mut key = [0; 32];
            key[place] = byte;
            keys.push(key);
        }
    }
    // Text: hash tags, escapes, numbers.
    for text in [
        "{a}{b}",
        "}{",
        "s:{",
        "\\x00",
        "%00",
        "\0\0{}",
        "1e308",
        "' OR 1=1 --",
        "\r\nFLUSHALL\r\n",
    ] {
        let mut key = [b' '; 32];
        key[..text.len()].copy_from_slice(text.as_bytes());
        keys.push(key);
    }
    keys.into_iter().map(RecordKey::from_bytes).collect()
}

pub(crate) async fn hostile_keys(store: StoreUnderTest) {
    let keys = keys();
    let all: BTreeSet<_> = keys.iter().collect();
    assert_eq!(all.len(), keys.len(), "the kit's keys differ");
    let rule = |verb: &str, key: &RecordKey| format!("{verb} of the key {:x?}", key.as_bytes());
    for (number, key) in (0..).zip(&keys) {
        expect(
            rule("load, nothing there,", key),
            &store.load(*key, NOW).await,
            &Loaded::NotFound,
        );
        store.index("ada", *key, NOW + HOUR, NOW).await;
        let inserted = store.insert(*key, &of_user(number, "ada"), NOW).await;
        expect(
            rule("insert, nothing there,", key),
            &inserted,
            &Inserted::Done,
        );
    }
    for (number, key) in (0..).zip(&keys) {
        let loaded = store.load(*key, NOW).await;
        expect(
            rule("load, a live record there,", key),
            &loaded,
            &Loaded::Live(of_user(number, "ada")),
        );
        let updated = store
            .update(*key, number, &of_user(number + 1000, "ada"), NOW)
            .await;
        expect(
            rule("update, its version there,", key),
            &updated,
            &Updated::Done,
        );
        let touched = store.touch(*key, NOW + HOUR + number, NOW).await;
        expect(
            rule("touch, a live record there,", key),
            &touched,
            &Outcome::Done,
        );
    }
    for (number, key) in (0..).zip(&keys) {
        let wanted = Record {
            expires: NOW + HOUR + number,
            ..of_user(number + 1000, "ada")
        };
        let loaded = store.load(*key, NOW).await;
        expect(
            rule("load after an update of each", key),
            &loaded,
            &Loaded::Live(wanted),
        );
    }
    expect(
        "list shows the keys as they are",
        &store.keys("ada").await,
        &keys,
    );

    // Each record ends alone: by delete, by delete_owned, or by a trim that spares the newer ones.
    for (number, key) in keys.iter().enumerate() {
        match number % 3 {
            0 => expect(
                rule("delete", key),
                &store.delete(*key, NOW).await,
                &Outcome::Done,
            ),
            1 => {
                let ended = store.delete_owned("ada", DeleteScope::One(*key), NOW).await;
                expect(rule("delete_owned", key), &ended, &1);
            }
            _ => {
                let newer = keys.len() - 1 - number;
                let trimmed = store.trim("ada", newer, *key, NOW).await;
                expect(
                    rule("trim", key),
                    &trimmed,
                    &TrimResult {
                        ended: 1,
                        alive: false,
                    },
                );
            }
        }
        store.unindex("ada", *key).await;
        let left = store.keys("ada").await;
        hold(
            rule("the end of one record ends no other:", key),
            left == keys[number + 1..],
        );
        expect(
            rule("load, a tombstone there,", key),
            &store.load(*key, NOW).await,
            &tombstone(NOW),
        );
    }
}

pub(crate) async fn stored_values_come_back_unchanged(store: StoreUnderTest) {
    let last = i64::MAX.cast_unsigned();
    let texts = [
        None,
        Some("".into()),
        Some("\0".into()),
        Some("ä\u{301}🦀\u{202e}".into()),
    ];
    let long = [Some("x".repeat(1 << 20).into())];
    let bodies: [Vec<u8>; 3] = [vec![], (0..=255).collect(), vec![0; 1 << 20]];
    let mut number = 0;
    for (text, body) in texts.iter().chain(&long).zip(bodies.iter().cycle()) {
        for version in [0, 1 << 53 | 1, 1 << 63, u64::MAX] {
            number += 1;
            let record = Record {
                version,
                expires: last,
                created: 0,
                seen: last - 1,
                user: text.clone(),
                label: text.clone(),
                body: body.as_slice().into(),
            };
            let inserted = store.insert(key(number), &record, NOW).await;
            expect(
                "insert, nothing there: creates the record",
                &inserted,
                &Inserted::Done,
            );
            let loaded = store.load(key(number), NOW).await;
            expect(
                "what was inserted comes back as it was",
                &loaded,
                &Loaded::Live(record.clone()),
            );
            let other = Record {
                version: version ^ 1,
                ..record
            };
            let updated = store.update(key(number), version, &other, NOW).await;
            expect(
                format_args!("update of version {version}, which is there"),
                &updated,
                &Updated::Done,
            );
            let loaded = store.load(key(number), NOW).await;
            expect(
                "what was written by an update comes back as it was",
                &loaded,
                &Loaded::Live(other),
            );
        }
    }
}
