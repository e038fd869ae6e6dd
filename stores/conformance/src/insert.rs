//! The rules of `load` and `insert`, row by row of their tables.

use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, Updated},
};

use crate::store_under_test::{
    HOUR, NOW, StoreUnderTest, expect, expect_one_of, key, record, tombstone,
};

// Each rule runs its verb on each of four keys. The replies that the contract wants:
//
//     stored         load                insert              then stored
//     nothing        Absent              Done                the new record
//     live record    Live                Exists              the old record
//     expired        Live or Absent      Exists or Done      either
//     tombstone      Dead                Dead                the tombstone
//
// An expired record may be removed at any time, so two replies are right.

/// What is stored under a key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Existing {
    Nothing,
    Live,
    Expired,
    Tombstone,
}

pub(crate) const ALL: [Existing; 4] = [
    Existing::Nothing,
    Existing::Live,
    Existing::Expired,
    Existing::Tombstone,
];

pub(crate) fn expired() -> Record {
    Record {
        expires: NOW,
        ..record(1)
    }
}

/// Stores this under the key. An expired record is inserted while it is live, since `now` only grows in most applications.
pub(crate) async fn prepare(store: &StoreUnderTest, key: RecordKey, there: Existing) {
    let inserted = match there {
        Existing::Nothing => return,
        Existing::Live | Existing::Tombstone => store.insert(key, &record(1), NOW).await,
        Existing::Expired => store.insert(key, &expired(), NOW - HOUR).await,
    };
    expect(
        "insert, nothing there: creates the record",
        &inserted,
        &Inserted::Done,
    );
    if there == Existing::Tombstone {
        let deleted = store.delete(key, NOW).await;
        expect(
            "delete, a live record there: leaves a tombstone",
            &deleted,
            &Outcome::Done,
        );
    }
}

pub(crate) async fn load_returns_what_is_stored(store: StoreUnderTest) {
    for (number, there) in (0..).zip(ALL) {
        prepare(&store, key(number), there).await;
        for _ in 0..2 {
            let loaded = store.load(key(number), NOW).await;
            let rule = format!("load, {there:?} there, asked twice");
            match there {
                Existing::Nothing => expect(rule, &loaded, &Loaded::NotFound),
                Existing::Live => expect(rule, &loaded, &Loaded::Live(record(1))),
                Existing::Expired => {
                    expect_one_of(rule, &loaded, &[Loaded::Live(expired()), Loaded::NotFound])
                }
                Existing::Tombstone => expect(rule, &loaded, &tombstone(NOW)),
            }
        }
    }
}

pub(crate) async fn insert_creates_only_where_nothing_is(store: StoreUnderTest) {
    for (number, there) in (0..).zip(ALL) {
        prepare(&store, key(number), there).await;
        let inserted = store.insert(key(number), &record(2), NOW).await;
        let rule = format!("insert, {there:?} there");
        match there {
            Existing::Nothing => expect(rule, &inserted, &Inserted::Done),
            Existing::Live => expect(rule, &inserted, &Inserted::Exists(record(1))),
            Existing::Expired => {
                expect_one_of(
                    rule,
                    &inserted,
                    &[Inserted::Exists(expired()), Inserted::Done],
                );
            }
            Existing::Tombstone => expect(rule, &inserted, &Inserted::Tombstone),
        }
        let loaded = store.load(key(number), NOW).await;
        let rule = format!("insert, {there:?} there, creates only where nothing is");
        match there {
            Existing::Nothing => expect(rule, &loaded, &Loaded::Live(record(2))),
            Existing::Live => expect(rule, &loaded, &Loaded::Live(record(1))),
            Existing::Expired => {}
            Existing::Tombstone => expect(rule, &loaded, &tombstone(NOW)),
        }
    }
}

/// A lost reply: the repeated insert meets its own record, a later version of it, and in the end its tombstone.
pub(crate) async fn insert_repeated(store: StoreUnderTest) {
    prepare(&store, key(1), Existing::Live).await;
    let again = async |rule: &str, wanted| {
        let inserted = store.insert(key(1), &record(1), NOW).await;
        expect(format_args!("insert repeated, {rule}"), &inserted, &wanted);
    };
    again("its own record there", Inserted::Exists(record(1))).await;
    let updated = store.update(key(1), 1, &record(2), NOW).await;
    expect("update, its version there", &updated, &Updated::Done);
    again("a later write there", Inserted::Exists(record(2))).await;
    expect(
        "delete, a live record there",
        &store.delete(key(1), NOW).await,
        &Outcome::Done,
    );
    again("deleted meanwhile", Inserted::Tombstone).await;
    expect(
        "insert, a tombstone there: no effect",
        &store.load(key(1), NOW).await,
        &tombstone(NOW),
    );
}
