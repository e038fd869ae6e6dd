//! The rules of `delete` and `delete_version`, row by row of their tables, and of the tombstone that both leave.

use session_core::protocol::{Inserted, Loaded, Outcome, TOMBSTONE_SECONDS, TrimResult, Updated};
use session_store::DeleteScope;

use crate::insert::{ALL, Existing, expired, prepare};
use crate::store_under_test::{
    DAY, HOUR, NOW, StoreUnderTest, expect, expect_one_of, key, record, tombstone,
};

// The replies that the contract wants, by what is stored:
//
//     stored                        delete          delete_version
//     nothing                       Gone            Gone
//     live, of the version          Done            Done
//     live, of another version      Done            Conflict
//     expired                       Done or Gone    as if live, or Gone
//     tombstone                     Gone            Gone
//
// After `Done` a tombstone has the key for `TOMBSTONE_SECONDS`, and no late write creates the record again.

/// A tombstone that has ended is not returned, whether or not it was removed.
pub(crate) async fn a_tombstone_ends(store: StoreUnderTest) {
    prepare(&store, key(1), Existing::Tombstone).await;
    store.log_in(2, "ada").await;
    store.log_in(3, "ada").await;
    expect(
        "delete_owned",
        &store
            .delete_owned("ada", DeleteScope::One(key(2)), NOW)
            .await,
        &1,
    );
    expect(
        "trim",
        &store.trim("ada", 0, key(3), NOW).await,
        &TrimResult {
            ended: 1,
            alive: false,
        },
    );
    for (now, wanted) in [
        (NOW + TOMBSTONE_SECONDS - 1, tombstone(NOW)),
        (NOW + TOMBSTONE_SECONDS, Loaded::NotFound),
        (NOW + DAY, Loaded::NotFound),
    ] {
        for number in [1, 2, 3] {
            let rule = format!(
                "load, a tombstone there, {} s after the end of its record",
                now - NOW
            );
            expect(rule, &store.load(key(number), now).await, &wanted);
        }
    }
}

pub(crate) async fn delete_leaves_a_tombstone(store: StoreUnderTest) {
    for (number, there) in (0..).zip(ALL) {
        prepare(&store, key(number), there).await;
        let deleted = store.delete(key(number), NOW).await;
        let rule = format!("delete, {there:?} there");
        match there {
            Existing::Live => expect(&rule, &deleted, &Outcome::Done),
            Existing::Expired => {}
            Existing::Nothing | Existing::Tombstone => expect(&rule, &deleted, &Outcome::Gone),
        }
        let again = store.delete(key(number), NOW).await;
        expect(format_args!("{rule}, repeated"), &again, &Outcome::Gone);
        let loaded = store.load(key(number), NOW).await;
        match there {
            Existing::Nothing => expect(
                "delete, nothing there: creates nothing",
                &loaded,
                &Loaded::NotFound,
            ),
            Existing::Expired => expect_one_of(rule, &loaded, &[tombstone(NOW), Loaded::NotFound]),
            Existing::Live | Existing::Tombstone => {
                expect(
                    format_args!("{rule}: a tombstone stays"),
                    &loaded,
                    &tombstone(NOW),
                );
            }
        }
    }
}

pub(crate) async fn delete_version_ends_its_version(store: StoreUnderTest) {
    let mut number = 0;
    for there in ALL {
        for version in [1, 7] {
            number += 1;
            prepare(&store, key(number), there).await;
            let before = store.load(key(number), NOW).await;
            let deleted = store.delete_version(key(number), version, NOW).await;
            let rule = format!("delete of version {version}, {there:?} of version 1 there");
            let wanted = match (there, version) {
                (Existing::Live | Existing::Expired, 1) => Updated::Done,
                (Existing::Live, _) => Updated::Conflict(record(1)),
                (Existing::Expired, _) => Updated::Conflict(expired()),
                (Existing::Nothing | Existing::Tombstone, _) => Updated::Gone,
            };
            match there {
                Existing::Expired => {
                    expect_one_of(&rule, &deleted, &[wanted.clone(), Updated::Gone])
                }
                _ => expect(&rule, &deleted, &wanted),
            }
            let wanted = if wanted == Updated::Done {
                tombstone(NOW)
            } else {
                before
            };
            let after = store.load(key(number), NOW).await;
            match there {
                Existing::Expired => {
                    expect_one_of(
                        format_args!("{rule}: its effect"),
                        &after,
                        &[wanted, Loaded::NotFound],
                    );
                }
                _ => expect(format_args!("{rule}: its effect"), &after, &wanted),
            }
        }
    }
}

/// A lost reply: the repeated delete meets its own tombstone. A late delete does not end a later version.
pub(crate) async fn delete_version_repeated(store: StoreUnderTest) {
    prepare(&store, key(1), Existing::Live).await;
    let updated = store.update(key(1), 1, &record(2), NOW).await;
    expect("update, its version there", &updated, &Updated::Done);
    let delete = async |version, rule: &str, wanted| {
        let deleted = store.delete_version(key(1), version, NOW).await;
        expect(format_args!("delete_version, {rule}"), &deleted, &wanted);
    };
    delete(1, "a later write there", Updated::Conflict(record(2))).await;
    delete(2, "its version there", Updated::Done).await;
    delete(2, "repeated, its own tombstone there", Updated::Gone).await;
}

/// Every late write finds the tombstone, up to its end.
pub(crate) async fn a_tombstone_blocks_late_writes(store: StoreUnderTest) {
    prepare(&store, key(1), Existing::Tombstone).await;
    for now in [NOW, NOW - HOUR, NOW + TOMBSTONE_SECONDS - 1] {
        // Other records are created meanwhile, which may make the store clean up.
        for number in 0..10 {
            store
                .insert(key(64 * (now + number)), &record(1), now)
                .await;
        }
        store.delete_expired(now, 1000).await;
        let when = format!(
            "a tombstone there, {} s after the delete",
            now.cast_signed() - NOW.cast_signed()
        );
        let inserted = store.insert(key(1), &record(1), now).await;
        expect(
            format_args!("insert, {when}"),
            &inserted,
            &Inserted::Tombstone,
        );
        for version in [0, 1, 2] {
            let updated = store.update(key(1), version, &record(2), now).await;
            expect(
                format_args!("update of version {version}, {when}"),
                &updated,
                &Updated::Gone,
            );
        }
        let touched = store.touch(key(1), NOW + DAY, now).await;
        expect(format_args!("touch, {when}"), &touched, &Outcome::Gone);
        expect(
            format_args!("delete, {when}"),
            &store.delete(key(1), now).await,
            &Outcome::Gone,
        );
        for version in [0, 1] {
            let deleted = store.delete_version(key(1), version, now).await;
            expect(
                format_args!("delete of version {version}, {when}"),
                &deleted,
                &Updated::Gone,
            );
        }
        expect(
            format_args!("load, {when}"),
            &store.load(key(1), now).await,
            &tombstone(NOW),
        );
    }
}
