//! Every request may be repeated: immediately, and late, after the requests that followed it.

use session_core::{
    RecordKey,
    protocol::{Loaded, StoreRequest},
};
use session_store::{DeleteScope, SessionInfo};

use crate::store_under_test::{
    DAY, HOUR, NOW, StoreUnderTest, expect, key, of_user, record, tombstone,
};

// The driver repeats a request whose reply was lost, and a network may deliver a request late. So the script runs four times
// on four groups of records, with more and more repetitions, and must leave equal records and lists in each.

/// The requests to one group of records, in an order in which each has an effect when it is sent once.
fn script(group: u64) -> (Vec<StoreRequest>, Vec<RecordKey>, [String; 2]) {
    let at = |number| key(100 * group + number);
    let [ada, bob] = ["ada", "bob"].map(|user| format!("{user} {group}"));
    let index = |user: &str, number| StoreRequest::Index {
        user: user.into(),
        key: at(number),
        until: NOW + DAY,
        now: NOW,
    };
    let insert = |number, record| StoreRequest::Insert {
        key: at(number),
        record,
        now: NOW,
    };
    let update = |number, version, record| StoreRequest::Update {
        key: at(number),
        version,
        record,
        now: NOW,
    };
    let touch = |number, expires, now| StoreRequest::Touch {
        key: at(number),
        expires,
        now,
    };
    let delete = |number, version| StoreRequest::Delete {
        key: at(number),
        version,
        now: NOW,
    };
    let unindex = |user: &str, number| StoreRequest::Unindex {
        user: user.into(),
        key: at(number),
    };
    let mut requests: Vec<StoreRequest> = (1..7)
        .flat_map(|number| [index(&ada, number), insert(number, of_user(number, &ada))])
        .collect();
    requests.extend([
        // The oldest record gets another user, among whose records it is the newest.
        insert(8, record(8)),
        index(&bob, 8),
        update(8, 8, of_user(18, &bob)),
        index(&bob, 1),
        update(1, 1, of_user(11, &bob)),
        unindex(&ada, 1),
        update(1, 11, of_user(21, &bob)),
        touch(1, NOW + 2 * HOUR, NOW + 5),
        touch(1, NOW + 3 * HOUR, NOW + 3),
        update(2, 2, of_user(12, &ada)),
        delete(3, 3),
        unindex(&ada, 3),
        insert(9, record(9)),
        delete(9, 7),
        delete(9, 9),
        delete(10, 10),
        StoreRequest::Trim {
            user: ada.as_str().into(),
            keep: 3,
            this: at(6),
            now: NOW,
        },
        StoreRequest::Load {
            key: at(1),
            now: NOW,
        },
    ]);
    (requests, (1..11).map(at).collect(), [ada, bob])
}

/// Returns the records and lists at the end, which must not depend on repetitions.
async fn state(
    store: &StoreUnderTest,
    keys: &[RecordKey],
    users: &[String],
) -> (Vec<Loaded>, Vec<Vec<SessionInfo>>) {
    let mut records = Vec::new();
    for key in keys {
        let mut loaded = store.load(*key, NOW).await;
        if let Loaded::Live(record) = &mut loaded {
            // The groups differ in their users' names alone.
            record.user = record.user.as_ref().map(|user| user[..3].into());
        }
        records.push(loaded);
    }
    let mut lists = Vec::new();
    for user in users {
        let listed = store.list(user, 100, NOW).await.into_iter().map(|listed| {
            let place = keys.iter().position(|key| *key == listed.key);
            SessionInfo {
                key: key(place.map_or(u64::MAX, |place| place as u64)),
                ..listed
            }
        });
        lists.push(listed.collect());
    }
    (records, lists)
}

pub(crate) async fn repeated_requests_change_nothing(store: StoreUnderTest) {
    let mut states = Vec::new();
    for group in 0..4 {
        let (requests, keys, users) = script(group);
        for (number, request) in requests.iter().enumerate() {
            store.request(request).await;
            if group == 1 || group == 3 {
                store.request(request).await;
                store.request(request).await;
            }
            // Late: each request again after each of those that follow it, except for the trim, which would end another surplus
            // by then, and for index entries that are removed with their record.
            if group == 2 {
                for late in &requests[..number] {
                    store.request(late).await;
                }
            }
        }
        if group == 3 {
            for request in requests.iter().chain(requests.iter().rev()) {
                store.request(request).await;
            }
        }
        states.push(state(&store, &keys, &users).await);
    }
    let (records, lists) = &states[0];
    let tombstones = records
        .iter()
        .filter(|loaded| **loaded == tombstone(NOW))
        .count();
    // 3 and 9 were deleted, and 2 was trimmed when four of ada's were left.
    expect(
        "a script of requests, each sent once: tombstones",
        &tombstones,
        &3,
    );
    for (group, how) in [
        (1, "three times"),
        (2, "again after each that followed"),
        (3, "late, in both orders"),
    ] {
        let rule = format!("requests sent {how}: the records are as if each had been sent once");
        expect(rule, &states[group].0, records);
        let rule = format!("requests sent {how}: the lists are as if each had been sent once");
        expect(rule, &states[group].1, lists);
    }
}

/// The verbs that only the application calls.
pub(crate) async fn repeated_deletions_change_nothing(store: StoreUnderTest) {
    for number in 1..5 {
        store.log_in(number, "ada").await;
    }
    for (which, wanted) in [
        (DeleteScope::One(key(1)), 1),
        (DeleteScope::AllBut(key(3)), 2),
        (DeleteScope::All, 1),
    ] {
        let ended = store.delete_owned("ada", which, NOW).await;
        expect(
            format_args!("delete_owned of {which:?}, of what is left of four"),
            &ended,
            &wanted,
        );
        let left = store.keys("ada").await;
        for _ in 0..2 {
            let ended = store.delete_owned("ada", which, NOW).await;
            expect(
                format_args!("delete_owned of {which:?}, repeated: nothing is left to end"),
                &ended,
                &0,
            );
        }
        expect(
            "delete_owned, repeated, ends no others",
            &store.keys("ada").await,
            &left,
        );
    }
}
