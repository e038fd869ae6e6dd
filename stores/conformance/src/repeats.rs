//! Every question is safe to repeat: at once, and late, after what came in between.

use session_core::{
    RecordKey,
    protocol::{Loaded, StoreRequest},
};
use session_store::{DeleteScope, SessionInfo};

use crate::store_under_test::{DAY, HOUR, NOW, Tested, dead, expect, key, owned, record};

/// What is asked of one group of records: verbs, in an order in which each still has its effect when it is asked once.
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
    let mut questions: Vec<StoreRequest> = (1..7)
        .flat_map(|number| [index(&ada, number), insert(number, owned(number, &ada))])
        .collect();
    questions.extend([
        // The oldest gets another user, so that it is the newest of theirs.
        insert(8, record(8)),
        index(&bob, 8),
        update(8, 8, owned(18, &bob)),
        index(&bob, 1),
        update(1, 1, owned(11, &bob)),
        unindex(&ada, 1),
        update(1, 11, owned(21, &bob)),
        touch(1, NOW + 2 * HOUR, NOW + 5),
        touch(1, NOW + 3 * HOUR, NOW + 3),
        update(2, 2, owned(12, &ada)),
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
    (questions, (1..11).map(at).collect(), [ada, bob])
}

/// What is there in the end; who asked how often must not matter.
async fn state(
    store: &Tested,
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

pub(crate) async fn what_is_repeated_changes_nothing(store: Tested) {
    let mut states = Vec::new();
    for group in 0..4 {
        let (questions, keys, users) = script(group);
        for (number, question) in questions.iter().enumerate() {
            store.ask(question).await;
            if group == 1 || group == 3 {
                store.ask(question).await;
                store.ask(question).await;
            }
            // Late: each question again after each of those that follow it, but for the trim, which ends what is too many
            // by then, and for notes that are forgotten with their record.
            if group == 2 {
                for late in &questions[..number] {
                    store.ask(late).await;
                }
            }
        }
        if group == 3 {
            for question in questions.iter().chain(questions.iter().rev()) {
                store.ask(question).await;
            }
        }
        states.push(state(&store, &keys, &users).await);
    }
    let (records, lists) = &states[0];
    let tombstones = records
        .iter()
        .filter(|loaded| **loaded == dead(NOW))
        .count();
    // 3 and 9 were deleted, 2 trimmed, where four of ada's were left.
    expect(
        "a script of questions, each asked once: tombstones",
        &tombstones,
        &3,
    );
    for (group, how) in [
        (1, "three times"),
        (2, "again after each that followed"),
        (3, "late, in both orders"),
    ] {
        let rule = format!("questions asked {how}: the records are as if each had been asked once");
        expect(rule, &states[group].0, records);
        let rule = format!("questions asked {how}: the lists are as if each had been asked once");
        expect(rule, &states[group].1, lists);
    }
}

/// The verbs that the core does not ask by itself.
pub(crate) async fn endings_repeated(store: Tested) {
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
