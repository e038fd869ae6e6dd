//! The rules of `delete_owned`.

use session_core::protocol::{Inserted, Loaded, Updated};
use session_store::DeleteScope;

use crate::store_under_test::{
    HOUR, NOW, StoreUnderTest, concurrently, expect, hold, key, of_user, record, tombstone,
};
use crate::users::numbers;

// The check of the user and the tombstone are one atomic step for each record; the deletion of several records is not. A
// record that gets its user during the call is ended or not, but never half.

pub(crate) async fn delete_all_but_one(store: StoreUnderTest) {
    for number in 0..6 {
        store
            .log_in(number, if number < 4 { "ada" } else { "bob" })
            .await;
    }
    store.insert(key(7), &record(7), NOW).await;
    let delete = async |user, which, rule: &str, wanted| {
        let ended = store.delete_owned(user, which, NOW).await;
        expect(
            format_args!("delete_owned, {rule}: how many were ended"),
            &ended,
            &wanted,
        );
    };
    delete("ada", DeleteScope::AllBut(key(2)), "all but one of four", 3).await;
    delete(
        "ada",
        DeleteScope::AllBut(key(2)),
        "all but one, repeated",
        0,
    )
    .await;
    expect(
        "delete_owned of all but one leaves that one",
        &store.keys("ada").await,
        &numbers(&[2]),
    );
    for number in [0, 1, 3] {
        let loaded = store.load(key(number), NOW).await;
        expect("delete_owned leaves a tombstone", &loaded, &tombstone(NOW));
        let updated = store.update(key(number), number, &record(9), NOW).await;
        expect(
            "update, a tombstone of delete_owned there",
            &updated,
            &Updated::Gone,
        );
        let inserted = store.insert(key(number), &record(9), NOW).await;
        expect(
            "insert, a tombstone of delete_owned there",
            &inserted,
            &Inserted::Tombstone,
        );
    }
    // The record that is spared may be another user's, or none.
    delete(
        "ada",
        DeleteScope::AllBut(key(5)),
        "all but one that is another's",
        1,
    )
    .await;
    delete("ada", DeleteScope::All, "where none is left", 0).await;
    delete("nobody", DeleteScope::All, "of an unknown user", 0).await;
    expect(
        "delete_owned leaves another's alone",
        &store.keys("bob").await,
        &numbers(&[4, 5]),
    );
    let loaded = store.load(key(7), NOW).await;
    expect(
        "delete_owned leaves records without a user alone",
        &loaded,
        &Loaded::Live(record(7)),
    );
}

pub(crate) async fn delete_one(store: StoreUnderTest) {
    for number in 1..4 {
        store.log_in(number, "ada").await;
    }
    store.log_in(4, "bob").await;
    store.insert(key(5), &record(5), NOW).await;
    // Index entries for records of another user, of no user, and for no record.
    for number in [4, 5, 6] {
        store.index("ada", key(number), NOW + HOUR, NOW).await;
    }
    for (number, wanted, rule) in [
        (2, 1, "theirs"),
        (2, 0, "theirs, repeated"),
        (4, 0, "another's"),
        (5, 0, "of no user"),
        (6, 0, "nothing"),
    ] {
        let ended = store
            .delete_owned("ada", DeleteScope::One(key(number)), NOW)
            .await;
        expect(
            format_args!("delete_owned of one that is {rule}: how many were ended"),
            &ended,
            &wanted,
        );
    }
    expect(
        "delete_owned of one ends no other",
        &store.keys("ada").await,
        &numbers(&[1, 3]),
    );
    expect(
        "delete_owned of one leaves a tombstone",
        &store.load(key(2), NOW).await,
        &tombstone(NOW),
    );
    let rule = "delete_owned of one leaves another's alone";
    expect(
        rule,
        &store.load(key(4), NOW).await,
        &Loaded::Live(of_user(4, "bob")),
    );
    let rule = "delete_owned of one leaves a record without a user alone";
    expect(
        rule,
        &store.load(key(5), NOW).await,
        &Loaded::Live(record(5)),
    );
    expect(
        "delete_owned creates nothing",
        &store.load(key(6), NOW).await,
        &Loaded::NotFound,
    );

    store.index("bob", key(1), NOW + HOUR, NOW).await;
    let updated = store.update(key(1), 1, &of_user(11, "bob"), NOW).await;
    expect(
        "update, its version there: to another user",
        &updated,
        &Updated::Done,
    );
    for which in [DeleteScope::One(key(1)), DeleteScope::All] {
        let ended = store.delete_owned("ada", which, NOW).await;
        let wanted = u64::from(which == DeleteScope::All);
        expect(
            format_args!("delete_owned of {which:?} by the user before"),
            &ended,
            &wanted,
        );
    }
    let rule = "delete_owned leaves alone what has got another user";
    expect(
        rule,
        &store.load(key(1), NOW).await,
        &Loaded::Live(of_user(11, "bob")),
    );
}

/// Either the user changes first and the record lives, or the record ends first and the update writes nothing.
pub(crate) async fn deletion_respects_a_change_of_user(store: StoreUnderTest) {
    for round in 0..48 {
        let (place, how) = (key(round), round % 3);
        let (before, after) = (format!("before {round}"), format!("after {round}"));
        store.log_in(round, &before).await;
        let replies = concurrently(2, |task| {
            let (store, before, after) = (store.clone(), before.clone(), after.clone());
            async move {
                if task == 0 {
                    store.index(&after, place, NOW + HOUR, NOW).await;
                    let next = of_user(round + 1000, &after);
                    return store.update(place, round, &next, NOW).await == Updated::Done;
                }
                let ended = match how {
                    0 => {
                        store
                            .delete_owned(&before, DeleteScope::One(place), NOW)
                            .await
                    }
                    1 => store.delete_owned(&before, DeleteScope::All, NOW).await,
                    _ => store.trim(&before, 0, place, NOW).await.ended,
                };
                ended == 0
            }
        });
        let [written, spared] = replies.await.try_into().unwrap();
        let rule = "delete_owned or trim while the user changes: either ended, or written with the other user";
        expect(rule, &written, &spared);
        let wanted = if written {
            Loaded::Live(of_user(round + 1000, &after))
        } else {
            tombstone(NOW)
        };
        expect(rule, &store.load(place, NOW).await, &wanted);
        let listed = store.keys(&after).await.len();
        expect(
            "list of the other user, after the change",
            &listed,
            &usize::from(written),
        );
        hold(
            "list of the user before, after the change",
            store.keys(&before).await.is_empty(),
        );
    }
}
