//! Delete and delete_version, row by row of their tables, and the tombstone that both leave.

use session_core::protocol::{Inserted, Loaded, Outcome, TOMBSTONE_SECONDS, TrimResult, Updated};
use session_store::DeleteScope;

use crate::store_under_test::{DAY, HOUR, NOW, Tested, dead, expect, expect_one_of, key, record};
use crate::verbs::{ALL, There, expired, lay};

/// Nobody may be held by a tombstone longer than it lasts, whether or not it was removed.
pub(crate) async fn a_tombstone_ends(store: Tested) {
    lay(&store, key(1), There::Tombstone).await;
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
        (NOW + TOMBSTONE_SECONDS - 1, dead(NOW)),
        (NOW + TOMBSTONE_SECONDS, Loaded::Absent),
        (NOW + DAY, Loaded::Absent),
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

pub(crate) async fn delete_leaves_a_tombstone(store: Tested) {
    for (number, there) in (0..).zip(ALL) {
        lay(&store, key(number), there).await;
        let deleted = store.delete(key(number), NOW).await;
        let rule = format!("delete, {there:?} there");
        match there {
            There::Live => expect(&rule, &deleted, &Outcome::Done),
            There::Expired => {}
            There::Nothing | There::Tombstone => expect(&rule, &deleted, &Outcome::Gone),
        }
        let again = store.delete(key(number), NOW).await;
        expect(format_args!("{rule}, repeated"), &again, &Outcome::Gone);
        let loaded = store.load(key(number), NOW).await;
        match there {
            There::Nothing => expect(
                "delete, nothing there: creates nothing",
                &loaded,
                &Loaded::Absent,
            ),
            There::Expired => expect_one_of(rule, &loaded, &[dead(NOW), Loaded::Absent]),
            There::Live | There::Tombstone => {
                expect(
                    format_args!("{rule}: a tombstone stays"),
                    &loaded,
                    &dead(NOW),
                );
            }
        }
    }
}

pub(crate) async fn delete_version_ends_its_version(store: Tested) {
    let mut number = 0;
    for there in ALL {
        for version in [1, 7] {
            number += 1;
            lay(&store, key(number), there).await;
            let before = store.load(key(number), NOW).await;
            let deleted = store.delete_version(key(number), version, NOW).await;
            let rule = format!("delete of version {version}, {there:?} of version 1 there");
            let wanted = match (there, version) {
                (There::Live | There::Expired, 1) => Updated::Done,
                (There::Live, _) => Updated::Conflict(record(1)),
                (There::Expired, _) => Updated::Conflict(expired()),
                (There::Nothing | There::Tombstone, _) => Updated::Gone,
            };
            match there {
                There::Expired => expect_one_of(&rule, &deleted, &[wanted.clone(), Updated::Gone]),
                _ => expect(&rule, &deleted, &wanted),
            }
            let wanted = if wanted == Updated::Done {
                dead(NOW)
            } else {
                before
            };
            let after = store.load(key(number), NOW).await;
            match there {
                There::Expired => {
                    expect_one_of(
                        format_args!("{rule}: its effect"),
                        &after,
                        &[wanted, Loaded::Absent],
                    );
                }
                _ => expect(format_args!("{rule}: its effect"), &after, &wanted),
            }
        }
    }
}

/// A lost answer: the delete meets its own tombstone. Late, it ends nothing that was written after it.
pub(crate) async fn delete_version_repeated(store: Tested) {
    lay(&store, key(1), There::Live).await;
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

/// Whatever comes late, up to the tombstone's end, meets it.
pub(crate) async fn a_tombstone_blocks_what_is_late(store: Tested) {
    lay(&store, key(1), There::Tombstone).await;
    for now in [NOW, NOW - HOUR, NOW + TOMBSTONE_SECONDS - 1] {
        // Others are created meanwhile, which may clear away garbage.
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
        expect(format_args!("insert, {when}"), &inserted, &Inserted::Dead);
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
            &dead(NOW),
        );
    }
}
