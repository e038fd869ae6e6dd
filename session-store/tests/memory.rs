//! The store contract row by row and under load, written against `dyn Store`; then the memory store beside the plainest
//! model of one, and what it promises beyond the contract.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use session_core::{Inserted, Loaded, Outcome, Record, RecordKey, TOMBSTONE_SECONDS, Trimmed, Updated};
use session_store::{Listed, MemoryStore, Store, StoreError, Which};

const NOW: u64 = 1_700_000_000;
const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

fn key(number: u64) -> RecordKey {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    RecordKey::from_bytes(bytes)
}

/// Live for an hour, of nobody.
fn record(version: u64) -> Record {
    let body = version.to_le_bytes().into();
    Record { version, expires: NOW + HOUR, created: NOW, seen: NOW, owner: None, label: None, body }
}

fn owned(version: u64, owner: &str) -> Record {
    Record { owner: Some(owner.into()), ..record(version) }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// So many threads at once; what each returns.
fn threads<T: Send>(count: u64, run: impl Fn(u64) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let run = &run;
        let handles: Vec<_> = (0..count).map(|number| scope.spawn(move || run(number))).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    })
}

/// As the core does it: index, then insert.
async fn log_in(store: &dyn Store, number: u64, owner: &str) {
    store.index(owner, key(number), NOW + HOUR, NOW).await.unwrap();
    assert_eq!(store.insert(key(number), &owned(number, owner), NOW).await.unwrap(), Inserted::Done);
}

async fn keys(store: &dyn Store, owner: &str) -> Vec<RecordKey> {
    store.list(owner, usize::MAX, NOW).await.unwrap().iter().map(|listed| listed.key).collect()
}

/// What any back end must do. Each test gets an empty store.
mod contract {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum There {
        Nothing,
        Live,
        Expired,
        Tombstone,
    }

    const ALL: [There; 4] = [There::Nothing, There::Live, There::Expired, There::Tombstone];

    fn expired() -> Record {
        Record { expires: NOW, ..record(1) }
    }

    /// A store is asked with earlier times first.
    async fn lay(store: &dyn Store, key: RecordKey, there: There) {
        match there {
            There::Nothing => {}
            There::Live => assert_eq!(store.insert(key, &record(1), NOW).await.unwrap(), Inserted::Done),
            There::Expired => {
                assert_eq!(store.insert(key, &expired(), NOW - HOUR).await.unwrap(), Inserted::Done);
            }
            There::Tombstone => {
                assert_eq!(store.insert(key, &record(1), NOW).await.unwrap(), Inserted::Done);
                assert_eq!(store.delete(key, NOW).await.unwrap(), Outcome::Done);
            }
        }
    }

    pub(super) async fn load_says_what_lies_there(store: &dyn Store) {
        for (number, there) in (0..).zip(ALL) {
            lay(store, key(number), there).await;
            for _ in 0..2 {
                let loaded = store.load(key(number), NOW).await.unwrap();
                match there {
                    There::Nothing => assert_eq!(loaded, Loaded::Absent),
                    There::Live => assert_eq!(loaded, Loaded::Live(record(1))),
                    There::Expired => assert!([Loaded::Live(expired()), Loaded::Absent].contains(&loaded)),
                    There::Tombstone => assert_eq!(loaded, Loaded::Dead),
                }
            }
        }
    }

    pub(super) async fn insert_creates_where_nothing_is(store: &dyn Store) {
        for (number, there) in (0..).zip(ALL) {
            lay(store, key(number), there).await;
            let inserted = store.insert(key(number), &record(2), NOW).await.unwrap();
            match there {
                There::Nothing => assert_eq!(inserted, Inserted::Done),
                There::Live => assert_eq!(inserted, Inserted::Exists(record(1))),
                There::Expired => assert!([Inserted::Exists(expired()), Inserted::Done].contains(&inserted)),
                There::Tombstone => assert_eq!(inserted, Inserted::Dead),
            }
        }
    }

    /// A lost answer: the insert meets its own record, what became of it, and in the end its tombstone.
    pub(super) async fn insert_repeated(store: &dyn Store) {
        assert_eq!(store.insert(key(1), &record(1), NOW).await.unwrap(), Inserted::Done);
        assert_eq!(store.insert(key(1), &record(1), NOW).await.unwrap(), Inserted::Exists(record(1)));
        assert_eq!(store.update(key(1), 1, &record(2), NOW).await.unwrap(), Updated::Done);
        assert_eq!(store.insert(key(1), &record(1), NOW).await.unwrap(), Inserted::Exists(record(2)));
        assert_eq!(store.delete(key(1), NOW).await.unwrap(), Outcome::Done);
        assert_eq!(store.insert(key(1), &record(1), NOW).await.unwrap(), Inserted::Dead);
        assert_eq!(store.load(key(1), NOW).await.unwrap(), Loaded::Dead);
    }

    pub(super) async fn update_replaces_its_version(store: &dyn Store) {
        let mut number = 0;
        for there in ALL {
            for version in [1, 7] {
                number += 1;
                lay(store, key(number), there).await;
                let before = store.load(key(number), NOW).await.unwrap();
                let updated = store.update(key(number), version, &record(2), NOW).await.unwrap();
                let expected = match (there, version) {
                    (There::Live, 1) => Updated::Done,
                    (There::Live, _) => Updated::Conflict(record(1)),
                    _ => Updated::Gone,
                };
                assert_eq!(updated, expected, "{there:?} {version}");
                let after = store.load(key(number), NOW).await.unwrap();
                let replaced = expected == Updated::Done;
                assert_eq!(
                    after,
                    if replaced { Loaded::Live(record(2)) } else { before },
                    "{there:?} {version}"
                );
            }
        }
    }

    /// A lost answer: the update meets its own version, or a later one, or that it is gone.
    pub(super) async fn update_repeated(store: &dyn Store) {
        lay(store, key(1), There::Live).await;
        assert_eq!(store.update(key(1), 1, &record(2), NOW).await.unwrap(), Updated::Done);
        assert_eq!(store.update(key(1), 1, &record(2), NOW).await.unwrap(), Updated::Conflict(record(2)));
        assert_eq!(store.update(key(1), 2, &record(3), NOW).await.unwrap(), Updated::Done);
        assert_eq!(store.update(key(1), 1, &record(2), NOW).await.unwrap(), Updated::Conflict(record(3)));
        assert_eq!(store.delete(key(1), NOW).await.unwrap(), Outcome::Done);
        assert_eq!(store.update(key(1), 1, &record(2), NOW).await.unwrap(), Updated::Gone);
    }

    pub(super) async fn update_replaces_all_but_the_later_end(store: &dyn Store) {
        lay(store, key(1), There::Live).await;
        let other = Record {
            version: 2,
            expires: NOW + HOUR - 1,
            created: NOW + 1,
            seen: NOW - 1,
            owner: Some("ada".into()),
            label: Some("Firefox".into()),
            body: [9].into(),
        };
        store.index("ada", key(1), NOW + HOUR, NOW).await.unwrap();
        assert_eq!(store.update(key(1), 1, &other, NOW).await.unwrap(), Updated::Done);
        let expected = Record { expires: NOW + HOUR, ..other };
        assert_eq!(store.load(key(1), NOW).await.unwrap(), Loaded::Live(expected));

        let nobody = Record { expires: NOW + DAY, ..record(3) };
        assert_eq!(store.update(key(1), 2, &nobody, NOW).await.unwrap(), Updated::Done);
        assert_eq!(store.load(key(1), NOW).await.unwrap(), Loaded::Live(nobody));
        assert_eq!(keys(store, "ada").await, []);
    }

    pub(super) async fn touch_extends_and_never_shortens(store: &dyn Store) {
        for (number, there) in (0..).zip(ALL) {
            lay(store, key(number), there).await;
            let touched = store.touch(key(number), NOW + DAY, NOW).await.unwrap();
            assert_eq!(touched == Outcome::Done, there == There::Live, "{there:?}");
            let loaded = store.load(key(number), NOW).await.unwrap();
            let is_live = matches!(&loaded, Loaded::Live(record) if record.expires > NOW);
            assert_eq!(is_live, there == There::Live, "{there:?}");
        }
        lay(store, key(9), There::Live).await;
        for (expires, now, then_expires, then_seen) in [
            (NOW + HOUR + 1, NOW + 1, NOW + HOUR + 1, NOW + 1),
            (NOW + HOUR + 1, NOW + 1, NOW + HOUR + 1, NOW + 1), // repeated
            (NOW + HOUR, NOW + 2, NOW + HOUR + 1, NOW + 2),     // not shortened
            (0, NOW - HOUR, NOW + HOUR + 1, NOW + 2),           // the clock stepped back
        ] {
            assert_eq!(store.touch(key(9), expires, now).await.unwrap(), Outcome::Done);
            let expected = Record { expires: then_expires, seen: then_seen, ..record(1) };
            assert_eq!(store.load(key(9), now).await.unwrap(), Loaded::Live(expected));
        }
    }

    pub(super) async fn delete_leaves_a_tombstone(store: &dyn Store) {
        for (number, there) in (0..).zip(ALL) {
            lay(store, key(number), there).await;
            let deleted = store.delete(key(number), NOW).await.unwrap();
            match there {
                There::Live => assert_eq!(deleted, Outcome::Done),
                There::Expired => {}
                There::Nothing | There::Tombstone => assert_eq!(deleted, Outcome::Gone),
            }
            assert_eq!(store.delete(key(number), NOW).await.unwrap(), Outcome::Gone, "{there:?}");
            let loaded = store.load(key(number), NOW).await.unwrap();
            match there {
                There::Nothing => assert_eq!(loaded, Loaded::Absent, "created by a delete"),
                There::Expired => assert!([Loaded::Dead, Loaded::Absent].contains(&loaded)),
                There::Live | There::Tombstone => assert_eq!(loaded, Loaded::Dead),
            }
        }
    }

    /// I5, I6: whatever comes late, up to the tombstone's end, meets it.
    pub(super) async fn a_tombstone_blocks_what_is_late(store: &dyn Store) {
        lay(store, key(1), There::Tombstone).await;
        for now in [NOW, NOW - HOUR, NOW + TOMBSTONE_SECONDS - 1] {
            // Others are created meanwhile, which may clear away garbage.
            for number in 0..10 {
                store.insert(key(64 * (now + number)), &record(1), now).await.unwrap();
            }
            store.delete_expired(now, usize::MAX).await.unwrap();
            assert_eq!(store.insert(key(1), &record(1), now).await.unwrap(), Inserted::Dead);
            for version in [0, 1, 2] {
                assert_eq!(store.update(key(1), version, &record(2), now).await.unwrap(), Updated::Gone);
            }
            assert_eq!(store.touch(key(1), NOW + DAY, now).await.unwrap(), Outcome::Gone);
            assert_eq!(store.delete(key(1), now).await.unwrap(), Outcome::Gone);
            assert_eq!(store.load(key(1), now).await.unwrap(), Loaded::Dead);
        }
    }

    pub(super) async fn expired_is_never_live_again(store: &dyn Store) {
        lay(store, key(1), There::Expired).await;
        for now in [NOW, NOW + HOUR] {
            // Repetitions of the insert, which carries its own end, and what others ask.
            store.insert(key(1), &expired(), NOW - HOUR).await.unwrap();
            assert_eq!(store.update(key(1), 1, &record(2), now).await.unwrap(), Updated::Gone);
            assert_eq!(store.touch(key(1), now + HOUR, now).await.unwrap(), Outcome::Gone);
            match store.load(key(1), now).await.unwrap() {
                Loaded::Live(record) => assert!(record.expires <= NOW),
                loaded => assert_eq!(loaded, Loaded::Absent),
            }
        }
    }

    /// The last second is that before `expires`.
    pub(super) async fn live_while_expires_is_later_than_now(store: &dyn Store) {
        for (number, now, live) in [(1, NOW + HOUR - 1, true), (2, NOW + HOUR, false)] {
            log_in(store, number, "ada").await;
            assert_eq!(store.list("ada", 9, now).await.unwrap().len(), usize::from(live));
            let touched = store.touch(key(number), 0, now).await.unwrap();
            assert_eq!(touched == Outcome::Done, live);
            let updated = store.update(key(number), number, &record(9), now).await.unwrap();
            assert_eq!(updated == Updated::Done, live);
            store.delete(key(number), NOW).await.unwrap();
        }
    }

    pub(super) async fn what_is_stored_comes_back(store: &dyn Store) {
        let last = u64::try_from(i64::MAX).unwrap();
        let texts = [None, Some("".into()), Some("\0".into()), Some("ä\u{301}🦀\u{202e}".into())];
        let long = [Some("x".repeat(1 << 20).into())];
        let bodies: [Vec<u8>; 3] = [vec![], (0..=255).collect(), vec![0; 1 << 20]];
        let mut number = 0;
        for (text, body) in texts.iter().chain(&long).zip(bodies.iter().cycle()) {
            for version in [0, 1 << 63, u64::MAX] {
                number += 1;
                let record = Record {
                    version,
                    expires: last,
                    created: 0,
                    seen: last - 1,
                    owner: text.clone(),
                    label: text.clone(),
                    body: body.as_slice().into(),
                };
                assert_eq!(store.insert(key(number), &record, NOW).await.unwrap(), Inserted::Done);
                assert_eq!(store.load(key(number), NOW).await.unwrap(), Loaded::Live(record.clone()));
                let other = Record { version: version ^ 1, ..record };
                assert_eq!(store.update(key(number), version, &other, NOW).await.unwrap(), Updated::Done);
                assert_eq!(store.load(key(number), NOW).await.unwrap(), Loaded::Live(other));
            }
        }
    }

    /// Owners are the same if their bytes are.
    pub(super) async fn owners_are_told_apart(store: &dyn Store) {
        let long = "x".repeat(1 << 20);
        let longer = format!("{long}y");
        let texts =
            ["", " ", "\0", "\0\0", "a", "A", "a ", "a\0", "a\0b", "a:b", "é", "e\u{301}", &long, &longer];
        let unseen = ["\u{feff}a", "\u{202e}", "🦀"];
        let syntax = ["*", "?", "%", "_", "[a]", "{a}", "'; --", "0", "00", "null"];
        let owners = [&texts[..], &unseen[..], &syntax[..]].concat();
        for (number, owner) in (0..).zip(&owners) {
            log_in(store, number, owner).await;
        }
        store.insert(key(1000), &record(1), NOW).await.unwrap();
        for (number, owner) in (0..).zip(&owners) {
            assert_eq!(keys(store, owner).await, [key(number)], "{owner:.9?}");
        }
        for (number, owner) in (0..).zip(&owners) {
            assert_eq!(
                store.trim(owner, 1, key(number), NOW).await.unwrap(),
                Trimmed { ended: 0, alive: true }
            );
            assert_eq!(store.delete_owned(owner, Which::All, NOW).await.unwrap(), 1, "{owner:.9?}");
        }
        assert_eq!(store.load(key(1000), NOW).await.unwrap(), Loaded::Live(record(1)), "it has no owner");
    }

    /// By login, not by key or time.
    pub(super) async fn list_is_in_the_order_of_logins(store: &dyn Store) {
        assert_eq!(store.list("ada", 9, NOW).await.unwrap(), []);
        for (number, created) in [(3, 30), (1, 50), (2, 10)] {
            store.index("ada", key(number), NOW + HOUR, NOW).await.unwrap();
            let label = Some(format!("browser {number}").into());
            let record = Record { created, label, ..owned(number, "ada") };
            store.insert(key(number), &record, NOW).await.unwrap();
        }
        let listed = |number: u64, created| Listed {
            key: key(number),
            created,
            seen: NOW,
            expires: NOW + HOUR,
            label: Some(format!("browser {number}").into()),
        };
        let all = [listed(3, 30), listed(1, 50), listed(2, 10)];
        for max in 0..5 {
            let expected = &all[all.len().saturating_sub(max)..];
            assert_eq!(store.list("ada", max, NOW).await.unwrap(), expected, "the newest {max}");
        }

        // A write of the same owner and a touch keep the place; another owner, or none between, gives a new one.
        assert_eq!(store.update(key(3), 3, &owned(13, "ada"), NOW).await.unwrap(), Updated::Done);
        assert_eq!(store.touch(key(3), NOW + DAY, NOW).await.unwrap(), Outcome::Done);
        assert_eq!(keys(store, "ada").await, [key(3), key(1), key(2)]);
        assert_eq!(store.update(key(3), 13, &record(23), NOW).await.unwrap(), Updated::Done);
        assert_eq!(keys(store, "ada").await, [key(1), key(2)]);
        store.index("ada", key(3), NOW + HOUR, NOW).await.unwrap();
        assert_eq!(store.update(key(3), 23, &owned(33, "ada"), NOW).await.unwrap(), Updated::Done);
        assert_eq!(keys(store, "ada").await, [key(1), key(2), key(3)]);
        store.index("bob", key(1), NOW + HOUR, NOW).await.unwrap();
        assert_eq!(store.update(key(1), 1, &owned(11, "bob"), NOW).await.unwrap(), Updated::Done);
        assert_eq!(
            (keys(store, "ada").await, keys(store, "bob").await),
            (vec![key(2), key(3)], vec![key(1)])
        );
    }

    /// I12: notes of records that never came, were ended or are somebody else's harm nobody.
    pub(super) async fn the_index_is_a_hint(store: &dyn Store) {
        log_in(store, 1, "ada").await;
        log_in(store, 2, "bob").await;
        log_in(store, 3, "ada").await;
        store.delete(key(3), NOW).await.unwrap();
        for number in [1, 2, 3, 4] {
            for _ in 0..2 {
                store.index("ada", key(number), NOW + HOUR, NOW).await.unwrap();
            }
        }
        assert_eq!(store.load(key(4), NOW).await.unwrap(), Loaded::Absent);
        assert_eq!(keys(store, "ada").await, [key(1)]);
        assert_eq!(store.trim("ada", 1, key(2), NOW).await.unwrap(), Trimmed { ended: 0, alive: true });
        assert_eq!(store.delete_owned("ada", Which::All, NOW).await.unwrap(), 1);
        assert_eq!(keys(store, "bob").await, [key(2)]);

        // Those that looked did not take the note away from a record that comes late.
        assert_eq!(store.insert(key(4), &owned(4, "ada"), NOW).await.unwrap(), Inserted::Done);
        assert_eq!(keys(store, "ada").await, [key(4)]);
        for _ in 0..2 {
            store.unindex("ada", key(2)).await.unwrap();
            store.unindex("nobody", key(9)).await.unwrap();
        }
        assert_eq!((keys(store, "ada").await, keys(store, "bob").await), (vec![key(4)], vec![key(2)]));
    }

    /// A note lasts as long as the latest telling says, in whatever order they come.
    pub(super) async fn the_latest_note_counts(store: &dyn Store) {
        for (number, untils) in [(1, [NOW + 30 * DAY, NOW]), (2, [NOW, NOW + 30 * DAY])] {
            for until in untils {
                store.index("ada", key(number), until, NOW).await.unwrap();
            }
            let record = Record { expires: NOW + 30 * DAY, ..owned(number, "ada") };
            store.insert(key(number), &record, NOW).await.unwrap();
        }
        let later = NOW + 29 * DAY;
        for number in 10..40 {
            store.index("bob", key(number), later, later).await.unwrap();
        }
        store.delete_expired(later, usize::MAX).await.unwrap();
        assert_eq!(store.list("ada", 9, later).await.unwrap().len(), 2);
    }

    pub(super) async fn delete_all_but_one(store: &dyn Store) {
        for number in 0..6 {
            log_in(store, number, if number < 4 { "ada" } else { "bob" }).await;
        }
        store.insert(key(7), &record(7), NOW).await.unwrap();
        assert_eq!(store.delete_owned("ada", Which::AllBut(key(2)), NOW).await.unwrap(), 3);
        assert_eq!(store.delete_owned("ada", Which::AllBut(key(2)), NOW).await.unwrap(), 0, "repeated");
        assert_eq!(keys(store, "ada").await, [key(2)]);
        for number in [0, 1, 3] {
            assert_eq!(store.load(key(number), NOW).await.unwrap(), Loaded::Dead);
            assert_eq!(store.update(key(number), number, &record(9), NOW).await.unwrap(), Updated::Gone);
            assert_eq!(store.insert(key(number), &record(9), NOW).await.unwrap(), Inserted::Dead);
        }
        // One's own may be anything: another's, or nothing.
        assert_eq!(store.delete_owned("ada", Which::AllBut(key(5)), NOW).await.unwrap(), 1);
        assert_eq!(store.delete_owned("ada", Which::All, NOW).await.unwrap(), 0);
        assert_eq!(store.delete_owned("nobody", Which::All, NOW).await.unwrap(), 0);
        assert_eq!(keys(store, "bob").await, [key(4), key(5)]);
        assert_eq!(store.load(key(7), NOW).await.unwrap(), Loaded::Live(record(7)));
    }

    pub(super) async fn trim_keeps_the_newest(store: &dyn Store) {
        for number in [5, 2, 4, 1, 3] {
            log_in(store, number, "ada").await;
        }
        log_in(store, 9, "bob").await;
        let rows = [
            (9, 3, 0, true, &[5, 2, 4, 1, 3][..]),
            (5, 3, 0, true, &[5, 2, 4, 1, 3]),
            (3, 3, 2, true, &[4, 1, 3]),
            (3, 3, 0, true, &[4, 1, 3]), // repeated
            (2, 4, 1, false, &[1, 3]),   // one that asks has no preference
            (2, 4, 0, false, &[1, 3]),   // repeated
            (2, 9, 0, true, &[1, 3]),    // another's
            (2, 8, 0, false, &[1, 3]),   // nothing
            (0, 3, 2, false, &[]),
        ];
        for (keep, this, ended, alive, left) in rows {
            let trimmed = store.trim("ada", keep, key(this), NOW).await.unwrap();
            assert_eq!(trimmed, Trimmed { ended, alive }, "{keep} {this}");
            assert_eq!(keys(store, "ada").await, left.iter().map(|number| key(*number)).collect::<Vec<_>>());
        }
        assert_eq!(store.load(key(5), NOW).await.unwrap(), Loaded::Dead);
        assert_eq!(keys(store, "bob").await, [key(9)]);
    }

    /// What has expired takes nobody's place.
    pub(super) async fn trim_counts_live_records(store: &dyn Store) {
        log_in(store, 1, "ada").await;
        store.index("ada", key(2), NOW + 1, NOW).await.unwrap();
        store.insert(key(2), &Record { expires: NOW + 1, ..owned(2, "ada") }, NOW).await.unwrap();
        let trimmed = store.trim("ada", 1, key(2), NOW + 1).await.unwrap();
        assert_eq!(trimmed, Trimmed { ended: 0, alive: false });
        assert_eq!(keys(store, "ada").await.first(), Some(&key(1)));
    }

    pub(super) async fn delete_expired_by_batches(store: &dyn Store) {
        for number in 0..100 {
            let expires = NOW + number;
            store.insert(key(number), &Record { expires, ..record(number) }, NOW - HOUR).await.unwrap();
        }
        assert_eq!(store.delete_expired(NOW + 50, 0).await.unwrap(), 0);
        let mut sum = 0;
        loop {
            let removed = store.delete_expired(NOW + 50, 7).await.unwrap();
            assert!(removed <= 7);
            sum += removed;
            if removed < 7 {
                break;
            }
        }
        assert!([0, 50].contains(&sum), "all of them, or it needs no such help");
        for number in 50..100 {
            let expected = Record { expires: NOW + number, ..record(number) };
            assert_eq!(store.load(key(number), NOW - HOUR).await.unwrap(), Loaded::Live(expected));
        }
    }

    /// Repetitions and requests at once: one creates.
    pub(super) fn one_insert_wins(store: &dyn Store) {
        for round in 0..20 {
            let answers = threads(32, |number| {
                let answer = block_on(store.insert(key(round), &record(number), NOW)).unwrap();
                (number, answer)
            });
            let done: Vec<_> = answers.iter().filter(|(_, answer)| *answer == Inserted::Done).collect();
            assert_eq!(done.len(), 1);
            let winner = done[0].0;
            for (number, answer) in answers {
                assert!(number == winner || answer == Inserted::Exists(record(winner)));
            }
        }
    }

    /// I2: nothing is lost and nothing counts twice.
    pub(super) fn updates_at_once_all_count(store: &dyn Store) {
        const THREADS: u64 = 64;
        const EACH: u64 = 200;
        let with = |version: u64, sum: u64| Record { body: sum.to_le_bytes().into(), ..record(version) };
        block_on(store.insert(key(1), &with(u64::MAX, 0), NOW)).unwrap();
        let load = || match block_on(store.load(key(1), NOW)).unwrap() {
            Loaded::Live(record) => record,
            loaded => panic!("{loaded:?}"),
        };
        let sum = |record: &Record| u64::from_le_bytes((*record.body).try_into().unwrap());
        threads(THREADS, |thread| {
            for number in 0..EACH {
                let mut base = load();
                let version = thread * EACH + number;
                loop {
                    let next = with(version, sum(&base) + 1);
                    match block_on(store.update(key(1), base.version, &next, NOW)).unwrap() {
                        Updated::Done => break,
                        Updated::Conflict(newer) => base = newer,
                        Updated::Gone => panic!("gone"),
                    }
                }
            }
        });
        assert_eq!(sum(&load()), THREADS * EACH);
    }

    pub(super) fn a_thousand_sessions_at_once(store: &dyn Store) {
        const THREADS: u64 = 20;
        const EACH: u64 = 50;
        threads(THREADS, |thread| {
            block_on(async {
                let numbers = || (0..EACH).map(|number| thread + THREADS * number);
                for number in numbers() {
                    log_in(store, number, &format!("user {}", number % 100)).await;
                }
                for round in 1..=10 {
                    for number in numbers() {
                        let base = number + 10_000 * (round - 1);
                        let mut next = owned(number + 10_000 * round, &format!("user {}", number % 100));
                        next.expires += round;
                        assert_eq!(store.update(key(number), base, &next, NOW).await.unwrap(), Updated::Done);
                        assert_eq!(store.load(key(number), NOW).await.unwrap(), Loaded::Live(next));
                    }
                }
                for number in numbers() {
                    let answer = store.touch(key(number), NOW + DAY, NOW).await.unwrap();
                    assert_eq!(answer, Outcome::Done);
                }
            });
        });
        for user in 0..100 {
            let listed = block_on(store.list(&format!("user {user}"), usize::MAX, NOW)).unwrap();
            assert_eq!(listed.len(), 10);
            assert!(listed.iter().all(|listed| listed.expires == NOW + DAY));
        }
        let ended = threads(100, |user| {
            block_on(store.delete_owned(&format!("user {user}"), Which::AllBut(key(user)), NOW)).unwrap()
        });
        assert_eq!(ended.iter().sum::<u64>(), 900);
    }

    /// I5: after a delete was answered, no writer that was under way gets through.
    pub(super) fn a_delete_among_updates_is_final(store: &dyn Store) {
        for round in 0..50 {
            let place = key(round);
            block_on(store.insert(place, &record(0), NOW)).unwrap();
            let versions = AtomicU64::new(1);
            threads(8, |thread| {
                block_on(async {
                    if thread == 0 {
                        assert_eq!(store.delete(place, NOW).await.unwrap(), Outcome::Done);
                        assert_eq!(store.load(place, NOW).await.unwrap(), Loaded::Dead);
                    }
                    for _ in 0..20 {
                        let next = record(versions.fetch_add(1, Ordering::Relaxed));
                        if let Loaded::Live(base) = store.load(place, NOW).await.unwrap() {
                            store.update(place, base.version, &next, NOW).await.unwrap();
                        }
                        store.touch(place, NOW + DAY, NOW).await.unwrap();
                        assert_ne!(store.insert(place, &next, NOW).await.unwrap(), Inserted::Done);
                    }
                });
            });
            assert_eq!(block_on(store.load(place, NOW)).unwrap(), Loaded::Dead);
        }
    }

    /// L7: trims at once never end more than too many.
    pub(super) fn trims_at_once_leave_the_newest(store: &dyn Store) {
        for round in 0..20 {
            let owner = format!("user {round}");
            let numbers: Vec<_> = (100 * round..100 * round + 60).collect();
            block_on(async {
                for number in &numbers {
                    log_in(store, *number, &owner).await;
                }
            });
            let trimmed = threads(16, |thread| {
                block_on(store.trim(&owner, 5, key(100 * round + thread), NOW)).unwrap()
            });
            let newest: Vec<_> = numbers[55..].iter().map(|number| key(*number)).collect();
            assert_eq!(block_on(keys(store, &owner)), newest);
            assert_eq!(trimmed.iter().map(|trimmed| trimmed.ended).sum::<u64>(), 55);
            assert!(trimmed.iter().all(|trimmed| !trimmed.alive));
        }
    }

    /// Each login indexes, inserts, and trims; three stay, and these know it.
    pub(super) fn logins_at_once_leave_three(store: &dyn Store) {
        for round in 0..20 {
            let owner = format!("user {round}");
            let logins = threads(16, |thread| {
                block_on(async {
                    let logins = (0..4).map(|number| 100 * round + 4 * thread + number);
                    let mut alive = BTreeSet::new();
                    let mut ended = 0;
                    for number in logins {
                        log_in(store, number, &owner).await;
                        let trimmed = store.trim(&owner, 3, key(number), NOW).await.unwrap();
                        ended += trimmed.ended;
                        alive.extend(trimmed.alive.then_some(key(number)));
                    }
                    (alive, ended)
                })
            });
            let left = block_on(keys(store, &owner));
            assert_eq!(left.len(), 3);
            assert_eq!(logins.iter().map(|(_, ended)| ended).sum::<u64>(), 16 * 4 - 3);
            let alive: BTreeSet<_> = logins.into_iter().flat_map(|(alive, _)| alive).collect();
            assert!(left.iter().all(|key| alive.contains(key)));
        }
    }

    /// Who gets an owner anew after a trim has looked is the newest then: that trim lets it live, though it was too many.
    pub(super) fn a_trim_spares_who_comes_back(store: &dyn Store) {
        const SESSIONS: u64 = 60;
        for round in 0..100 {
            let owner = format!("user {round}");
            let back = key(100 * round + SESSIONS - 2);
            block_on(async {
                for number in 0..SESSIONS {
                    log_in(store, 100 * round + number, &owner).await;
                }
            });
            threads(2, |thread| {
                block_on(async {
                    if thread == 0 {
                        store.trim(&owner, 1, back, NOW).await.unwrap();
                        return;
                    }
                    let Loaded::Live(base) = store.load(back, NOW).await.unwrap() else {
                        return;
                    };
                    // What a trim takes until it ends this one varies from round to round.
                    for _ in 0..round {
                        store.list(&owner, 1, NOW).await.unwrap();
                    }
                    store.index(&owner, back, NOW + HOUR, NOW).await.unwrap();
                    store.update(back, base.version, &record(1 << 32), NOW).await.unwrap();
                    let returned = store.update(back, 1 << 32, &owned(1 << 33, &owner), NOW).await.unwrap();
                    if returned == Updated::Done {
                        store.trim(&owner, 1, back, NOW).await.unwrap();
                    }
                });
            });
            assert_eq!(block_on(keys(store, &owner)).len(), 1, "round {round}");
        }
    }

    /// I12: who had logged in before it began is out; who logs in meanwhile is complete in any case.
    pub(super) fn delete_all_among_logins(store: &dyn Store) {
        for round in 0..20 {
            let owner = format!("user {round}");
            let early: Vec<_> = (0..20).map(|number| 100 * round + number).collect();
            block_on(async {
                for number in &early {
                    log_in(store, *number, &owner).await;
                }
            });
            threads(9, |thread| {
                block_on(async {
                    if thread == 0 {
                        assert!(store.delete_owned(&owner, Which::All, NOW).await.unwrap() >= 20);
                        for number in &early {
                            assert_eq!(store.load(key(*number), NOW).await.unwrap(), Loaded::Dead);
                        }
                    } else {
                        for number in 0..5 {
                            log_in(store, 100 * round + 20 + 5 * thread + number, &owner).await;
                        }
                    }
                });
            });
            let listed = block_on(keys(store, &owner));
            for number in (100 * round + 25)..(100 * round + 65) {
                let live = block_on(store.load(key(number), NOW)).unwrap() != Loaded::Dead;
                assert_eq!(live, listed.contains(&key(number)));
            }
        }
    }
}

macro_rules! contract {
    (rows: $($row:ident)*; at_once: $($at_once:ident)*) => {
        $(#[test] fn $row() { block_on(contract::$row(&MemoryStore::new())); })*
        $(#[test] fn $at_once() { contract::$at_once(&MemoryStore::new()); })*
    };
}

contract! {
    rows:
        load_says_what_lies_there
        insert_creates_where_nothing_is
        insert_repeated
        update_replaces_its_version
        update_repeated
        update_replaces_all_but_the_later_end
        touch_extends_and_never_shortens
        delete_leaves_a_tombstone
        a_tombstone_blocks_what_is_late
        expired_is_never_live_again
        live_while_expires_is_later_than_now
        what_is_stored_comes_back
        owners_are_told_apart
        list_is_in_the_order_of_logins
        the_index_is_a_hint
        the_latest_note_counts
        delete_all_but_one
        trim_keeps_the_newest
        trim_counts_live_records
        delete_expired_by_batches;
    at_once:
        one_insert_wins
        updates_at_once_all_count
        a_thousand_sessions_at_once
        a_delete_among_updates_is_final
        trims_at_once_leave_the_newest
        logins_at_once_leave_three
        a_trim_spares_who_comes_back
        delete_all_among_logins
}

/// The plainest store: one map. What has expired by the latest time it was told may be gone.
#[derive(Debug, Default)]
struct Model {
    slots: BTreeMap<RecordKey, Slot>,
    orders: u64,
    latest: u64,
}

#[derive(Debug)]
enum Slot {
    Record(Record, u64),
    Tombstone(u64),
}

impl Model {
    fn live(&mut self, key: RecordKey, now: u64) -> Option<(&mut Record, &mut u64)> {
        match self.slots.get_mut(&key) {
            Some(Slot::Record(record, order)) if record.expires > now => Some((record, order)),
            _ => None,
        }
    }

    fn load(&self, key: RecordKey) -> Loaded {
        match self.slots.get(&key) {
            Some(Slot::Record(record, _)) => Loaded::Live(record.clone()),
            Some(Slot::Tombstone(_)) => Loaded::Dead,
            None => Loaded::Absent,
        }
    }

    fn insert(&mut self, key: RecordKey, record: &Record) -> Inserted {
        match self.load(key) {
            Loaded::Live(record) => Inserted::Exists(record),
            Loaded::Dead => Inserted::Dead,
            Loaded::Absent => {
                self.orders += 1;
                self.slots.insert(key, Slot::Record(record.clone(), self.orders));
                Inserted::Done
            }
        }
    }

    fn update(&mut self, key: RecordKey, version: u64, record: &Record, now: u64) -> Updated {
        let drawn = self.orders + 1;
        let Some((old, order)) = self.live(key, now) else {
            return Updated::Gone;
        };
        if old.version != version {
            return Updated::Conflict(old.clone());
        }
        if old.owner != record.owner {
            *order = drawn;
        }
        *old = Record { expires: old.expires.max(record.expires), ..record.clone() };
        self.orders = drawn;
        Updated::Done
    }

    fn touch(&mut self, key: RecordKey, expires: u64, now: u64) -> Outcome {
        let Some((record, _)) = self.live(key, now) else {
            return Outcome::Gone;
        };
        record.expires = record.expires.max(expires);
        record.seen = record.seen.max(now);
        Outcome::Done
    }

    fn delete(&mut self, key: RecordKey, now: u64) -> Outcome {
        if let Some(Slot::Record(..)) = self.slots.get(&key) {
            self.slots.insert(key, Slot::Tombstone(now + TOMBSTONE_SECONDS));
            return Outcome::Done;
        }
        Outcome::Gone
    }

    fn list(&self, owner: &str, now: u64) -> Vec<Listed> {
        let mut records: Vec<_> = self
            .slots
            .iter()
            .filter_map(|(key, slot)| match slot {
                Slot::Record(record, order)
                    if record.owner.as_deref() == Some(owner) && record.expires > now =>
                {
                    let Record { created, seen, expires, .. } = *record;
                    Some((order, Listed { key: *key, created, seen, expires, label: record.label.clone() }))
                }
                _ => None,
            })
            .collect();
        records.sort_by_key(|(order, _)| *order);
        records.into_iter().map(|(_, listed)| listed).collect()
    }

    fn delete_owned(&mut self, owner: &str, which: Which, now: u64) -> u64 {
        let mine =
            |slot: &Slot| matches!(slot, Slot::Record(record, _) if record.owner.as_deref() == Some(owner));
        let keys: Vec<_> = self.slots.iter().filter(|(_, slot)| mine(slot)).map(|(key, _)| *key).collect();
        keys.iter()
            .filter(|key| which.names(**key))
            .map(|key| u64::from(self.delete(*key, now) == Outcome::Done))
            .sum()
    }

    fn trim(&mut self, owner: &str, keep: usize, this: RecordKey, now: u64) -> Trimmed {
        let listed = self.list(owner, now);
        let surplus = &listed[..listed.len().saturating_sub(keep)];
        let ended =
            surplus.iter().map(|listed| u64::from(self.delete(listed.key, now) == Outcome::Done)).sum();
        Trimmed { ended, alive: self.live(this, now).is_some() }
    }

    fn expires(&self, key: RecordKey) -> Option<u64> {
        self.slots.get(&key).map(|slot| match slot {
            Slot::Record(record, _) => record.expires,
            Slot::Tombstone(expires) => *expires,
        })
    }

    fn may_be_gone(&self, key: RecordKey) -> bool {
        self.expires(key).is_some_and(|expires| expires <= self.latest)
    }

    /// Forgets what the store has removed, and only what it may have.
    async fn follow(&mut self, store: &dyn Store) {
        for key in self.slots.keys().copied().collect::<Vec<_>>() {
            let loaded = store.load(key, 0).await.unwrap();
            if loaded == Loaded::Absent && self.may_be_gone(key) {
                self.slots.remove(&key);
            }
            assert_eq!(loaded, self.load(key));
        }
    }
}

#[derive(Debug, Clone)]
enum Operation {
    Insert(RecordKey, Record),
    Update(RecordKey, u64, Record),
    Touch(RecordKey, u64),
    Delete(RecordKey),
    Index(&'static str, RecordKey),
    Unindex(&'static str, RecordKey),
    List(&'static str, usize),
    DeleteOwned(&'static str, Which),
    Trim(&'static str, usize, RecordKey),
    DeleteExpired(u64, usize),
}

/// So many seconds lie between the first and the last time: less than notes last.
const SPAN: u64 = 400;

fn any_key() -> impl Strategy<Value = RecordKey> {
    // Most of them in one shard of 64.
    prop::sample::select(vec![0, 64, 128, 192, 256, 320, 1, 65, 2]).prop_map(key)
}

fn any_owner() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["ada", "bob", ""])
}

fn any_which() -> impl Strategy<Value = Which> {
    prop_oneof![Just(Which::All), any_key().prop_map(Which::AllBut), any_key().prop_map(Which::One)]
}

fn any_record() -> impl Strategy<Value = Record> {
    let times = (0..SPAN, 0..SPAN, 0..SPAN);
    (0..4_u64, times, prop::option::of(any_owner()), prop::option::of("[a-z]{0,9}"), 0..400_usize).prop_map(
        |(version, (expires, created, seen), owner, label, size)| Record {
            version,
            expires,
            created,
            seen,
            owner: owner.map(Into::into),
            label: label.map(Into::into),
            body: vec![0; size].into(),
        },
    )
}

fn any_operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        6 => (any_key(), any_record()).prop_map(|(key, record)| Operation::Insert(key, record)),
        6 => (any_key(), 0..4_u64, any_record()).prop_map(|(key, version, record)| Operation::Update(key, version, record)),
        2 => (any_key(), 0..SPAN).prop_map(|(key, expires)| Operation::Touch(key, expires)),
        2 => any_key().prop_map(Operation::Delete),
        1 => (any_owner(), any_key()).prop_map(|(owner, key)| Operation::Index(owner, key)),
        1 => (any_owner(), any_key()).prop_map(|(owner, key)| Operation::Unindex(owner, key)),
        3 => (any_owner(), 0..5_usize).prop_map(|(owner, max)| Operation::List(owner, max)),
        1 => (any_owner(), any_which()).prop_map(|(owner, which)| Operation::DeleteOwned(owner, which)),
        2 => (any_owner(), 0..4_usize, any_key()).prop_map(|(owner, keep, this)| Operation::Trim(owner, keep, this)),
        1 => (0..SPAN, 0..4_usize).prop_map(|(before, batch)| Operation::DeleteExpired(before, batch)),
    ]
}

async fn compare(store: &MemoryStore, model: &mut Model, operation: Operation, now: u64) {
    model.latest = model.latest.max(now);
    match operation {
        Operation::Insert(key, record) => {
            if let Some(owner) = &record.owner
                && store.index(owner, key, record.expires, now).await.is_err()
            {
                return;
            }
            let Ok(inserted) = store.insert(key, &record, now).await else {
                return;
            };
            if inserted == Inserted::Done && model.may_be_gone(key) {
                model.slots.remove(&key);
            }
            assert_eq!(inserted, model.insert(key, &record));
        }
        Operation::Update(key, version, record) => {
            if let Some(owner) = &record.owner
                && store.index(owner, key, record.expires, now).await.is_err()
            {
                return;
            }
            let Ok(updated) = store.update(key, version, &record, now).await else {
                return;
            };
            // Where it was full, garbage was cleared away: maybe this record, which has expired by another's time.
            if store.load(key, now).await.unwrap() == Loaded::Absent && model.may_be_gone(key) {
                model.slots.remove(&key);
            }
            assert_eq!(updated, model.update(key, version, &record, now));
        }
        Operation::Touch(key, expires) => {
            assert_eq!(store.touch(key, expires, now).await.unwrap(), model.touch(key, expires, now));
        }
        Operation::Delete(key) => {
            assert_eq!(store.delete(key, now).await.unwrap(), model.delete(key, now));
        }
        Operation::Index(owner, key) => drop(store.index(owner, key, now, now).await),
        // As the core does: only of a record that is not this owner's.
        Operation::Unindex(owner, key) => {
            if !matches!(model.load(key), Loaded::Live(record) if record.owner.as_deref() == Some(owner)) {
                store.unindex(owner, key).await.unwrap();
            }
        }
        Operation::List(owner, max) => {
            let listed = model.list(owner, now);
            let newest = &listed[listed.len().saturating_sub(max)..];
            assert_eq!(store.list(owner, max, now).await.unwrap(), newest);
        }
        Operation::DeleteOwned(owner, which) => {
            let ended = store.delete_owned(owner, which, now).await.unwrap();
            assert_eq!(ended, model.delete_owned(owner, which, now));
        }
        Operation::Trim(owner, keep, this) => {
            let trimmed = store.trim(owner, keep, this, now).await.unwrap();
            assert_eq!(trimmed, model.trim(owner, keep, this, now));
        }
        Operation::DeleteExpired(before, batch) => {
            model.latest = model.latest.max(before);
            let keys: Vec<_> = model.slots.keys().copied().collect();
            let ended =
                keys.iter().filter(|key| model.expires(**key).is_some_and(|expires| expires < before));
            let expected = u64::try_from(ended.count().min(batch)).unwrap();
            assert_eq!(store.delete_expired(before, batch).await.unwrap(), expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    /// Every verb in any order, at times that step about, with room and without.
    #[test]
    fn as_the_model(
        operations in prop::collection::vec((any_operation(), 0..SPAN), 1..80),
        limit in prop::sample::select(vec![usize::MAX, 8_000, 3_000]),
    ) {
        let store = MemoryStore::with_limit(limit);
        block_on(async {
            let mut model = Model::default();
            for (operation, now) in operations {
                compare(&store, &mut model, operation, now).await;
                assert!(store.used_bytes() <= limit);
                model.follow(&store).await;
                let records = model.slots.values().filter(|slot| matches!(slot, Slot::Record(..)));
                assert_eq!(store.len(), records.count());
            }
            // Not a byte is miscounted.
            store.delete_expired(u64::MAX, usize::MAX).await.unwrap();
            assert_eq!((store.len(), store.used_bytes()), (0, 0));
        });
    }
}

fn sized(version: u64, size: usize) -> Record {
    Record { body: vec![0; size].into(), ..record(version) }
}

/// Full: what grows is refused, the rest goes on, nobody loses a session, and there is room again after an end.
#[tokio::test]
async fn bounded() {
    let store = MemoryStore::with_limit(10_000);
    for number in 0..4 {
        assert_eq!(store.insert(key(number), &sized(number, 1_500), NOW).await.unwrap(), Inserted::Done);
    }
    let full = |error: StoreError| {
        let message = "the memory store is full: it may take 10000 bytes; let it take more (MemoryStore::with_limit), \
                       let idle sessions end sooner, or keep them in a database";
        assert_eq!(error.to_string(), message);
    };
    for _ in 0..100 {
        full(store.insert(key(9), &sized(9, 1_500), NOW).await.unwrap_err());
    }
    full(store.update(key(1), 1, &sized(5, 5_000), NOW).await.unwrap_err());
    full(store.index(&"x".repeat(2_000), key(9), NOW, NOW).await.unwrap_err());
    for number in 0..4 {
        assert_eq!(store.load(key(number), NOW).await.unwrap(), Loaded::Live(sized(number, 1_500)));
    }
    assert_eq!(store.load(key(9), NOW).await.unwrap(), Loaded::Absent);
    assert_eq!(store.list(&"x".repeat(2_000), 9, NOW).await.unwrap(), []);

    // What can be told without room is told.
    assert_eq!(store.insert(key(1), &sized(9, 9_000), NOW).await.unwrap(), Inserted::Exists(sized(1, 1_500)));
    let conflict = Updated::Conflict(sized(1, 1_500));
    assert_eq!(store.update(key(1), 7, &sized(9, 9_000), NOW).await.unwrap(), conflict);
    assert_eq!(store.update(key(9), 1, &sized(9, 9_000), NOW).await.unwrap(), Updated::Gone);
    assert_eq!(store.update(key(1), 1, &sized(11, 1_500), NOW).await.unwrap(), Updated::Done);
    assert_eq!(store.touch(key(1), NOW + DAY, NOW).await.unwrap(), Outcome::Done);

    // A deletion gives the data back, though not the tombstone.
    let used = store.used_bytes();
    assert_eq!(store.delete(key(0), NOW).await.unwrap(), Outcome::Done);
    assert_eq!(store.used_bytes(), used - 1_500);
    assert_eq!(store.insert(key(9), &sized(9, 1_500), NOW).await.unwrap(), Inserted::Done);
}

/// Each counts as owner, label, body and 512 bytes; a note as its owner and 512. The last byte may be taken.
#[tokio::test]
async fn what_counts() {
    let labelled = Record { label: Some("label".into()), ..owned(1, "ada") };
    for (limit, fits) in [(512 + 3 + 512 + 3 + 5 + 8, true), (512 + 3 + 512 + 3 + 5 + 7, false)] {
        let store = MemoryStore::with_limit(limit);
        store.index("ada", key(1), NOW, NOW).await.unwrap();
        assert_eq!(store.used_bytes(), 512 + 3);
        assert_eq!(store.insert(key(1), &labelled, NOW).await.is_ok(), fits);
        assert_eq!(store.used_bytes() == limit, fits);
    }
}

/// Another shard's garbage makes room, for an insert, an update and a note.
#[tokio::test]
async fn full_of_garbage_is_not_full() {
    let later = NOW + HOUR + 61;
    for which in 0..3 {
        let store = MemoryStore::with_limit(10_000);
        let stays = Record { expires: NOW + DAY, ..sized(0, 1_500) };
        store.insert(key(0), &stays, NOW).await.unwrap();
        for number in 1..4 {
            store.insert(key(number), &sized(number, 1_500), NOW).await.unwrap();
        }
        let early = store.insert(key(9), &sized(9, 5_000), later - 1).await;
        assert!(early.is_err(), "a minute for what is under way");
        let answered = match which {
            0 => store.insert(key(9), &sized(9, 5_000), later).await.map(|answer| answer == Inserted::Done),
            1 => store.update(key(0), 0, &sized(9, 5_000), later).await.map(|answer| answer == Updated::Done),
            _ => store.index(&"x".repeat(5_000), key(9), later, later).await.map(|()| true),
        };
        assert!(answered.unwrap());
        assert_eq!(store.load(key(1), later).await.unwrap(), Loaded::Absent);
    }
}

/// L10: each insert removes a few of what ended more than a minute ago, in its shard; more than it adds.
#[tokio::test]
async fn cleared_as_it_is_used() {
    let store = MemoryStore::new();
    let in_one_shard = |number| key(64 * number);
    for number in 0..1_000 {
        store.insert(in_one_shard(number), &record(number), NOW).await.unwrap();
    }
    for early in [NOW + HOUR, NOW + HOUR + 60] {
        store.insert(in_one_shard(early), &Record { expires: u64::MAX, ..record(1) }, early).await.unwrap();
    }
    assert_eq!(store.len(), 1_002, "a minute for what is under way");
    let later = NOW + HOUR + 61;
    store.insert(key(1), &Record { expires: u64::MAX, ..record(1) }, later).await.unwrap();
    assert_eq!(store.len(), 1_003, "another shard");
    let mut inserts = 0;
    while store.len() > 3 + inserts {
        let before = store.len();
        let record = Record { expires: u64::MAX, ..record(1) };
        let number = 10_000 + u64::try_from(inserts).unwrap();
        store.insert(in_one_shard(number), &record, later).await.unwrap();
        inserts += 1;
        assert_eq!(store.len(), before + 1 - 4);
    }
    assert_eq!(inserts, 250);
}

/// A note goes a day after it was needed, when others are told, and not before.
#[tokio::test]
async fn notes_end() {
    let store = MemoryStore::new();
    store.index("ada", key(1), NOW + HOUR, NOW).await.unwrap();
    let note = store.used_bytes();
    store.index("bob", key(2), u64::MAX, NOW + HOUR + DAY).await.unwrap();
    assert_eq!(store.used_bytes(), 2 * note);
    store.index("bob", key(2), 0, NOW + HOUR + DAY + 1).await.unwrap();
    assert_eq!(store.used_bytes(), note);
    // Told at a time beyond `until`: it stays for a day nevertheless.
    store.index("eve", key(3), 0, NOW).await.unwrap();
    store.delete_expired(NOW + DAY, 9).await.unwrap();
    assert_eq!(store.used_bytes(), 2 * note);
    store.delete_expired(NOW + DAY + 1, 9).await.unwrap();
    assert_eq!(store.used_bytes(), note);
}

/// Whoever ends a session takes its note away, so that logging in and out leaves nothing but tombstones.
#[tokio::test]
async fn ended_records_leave_no_notes() {
    let store = MemoryStore::new();
    for number in 0..10 {
        log_in(&store, number, "ada").await;
    }
    assert_eq!(store.trim("ada", 4, key(9), NOW).await.unwrap(), Trimmed { ended: 6, alive: true });
    assert_eq!(store.delete_owned("ada", Which::All, NOW).await.unwrap(), 4);
    assert_eq!(store.delete_expired(u64::MAX, 0).await.unwrap(), 0);
    let tombstones = store.used_bytes();
    store.delete_expired(u64::MAX, 10).await.unwrap();
    assert_eq!(store.used_bytes(), 0);
    assert_eq!(tombstones, 10 * 512);
}

/// Nothing happens before the first poll, and then all of it.
#[test]
fn ready_when_first_polled() {
    let store = MemoryStore::new();
    let mut context = Context::from_waker(Waker::noop());
    let record = record(1);
    drop(store.insert(key(1), &record, NOW));
    assert!(store.is_empty());
    let mut insert = store.insert(key(1), &record, NOW);
    assert!(matches!(insert.as_mut().poll(&mut context), Poll::Ready(Ok(Inserted::Done))));
    assert_eq!(store.len(), 1);
}

/// T7: neither the store nor an error shows what it holds.
#[tokio::test]
async fn nothing_is_printed() {
    let store = MemoryStore::with_limit(1_500);
    log_in(&store, 1, "ada").await;
    let error = store.insert(key(2), &owned(2, "ada"), NOW).await.unwrap_err();
    assert_eq!(format!("{store:?}"), "MemoryStore { used_bytes: 1038, limit: 1500, .. }");
    let listed = store.list("ada", 1, NOW).await.unwrap();
    for printed in [format!("{store:?}"), format!("{error:?} {error}"), format!("{listed:?}")] {
        assert!(!printed.contains("ada") && !printed.contains("[1, 0"), "{printed}");
    }
}

#[test]
fn an_error_and_its_source() {
    fn check<T: Error + Send + Sync + 'static>(error: T) -> T {
        error
    }
    let plain = check(StoreError::new("no answer"));
    assert!(plain.source().is_none());
    let error = plain.with_source(std::io::Error::other("Key (owner)=(ada)"));
    assert_eq!((error.to_string(), format!("{error:?}")), ("no answer".into(), "no answer".into()));
    let source = error.source().unwrap().downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(source.to_string(), "Key (owner)=(ada)");
}
