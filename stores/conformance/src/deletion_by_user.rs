//! What ends or removes many records: delete_owned, trim and delete_expired.

use session_core::protocol::{Inserted, Loaded, Record, TrimResult, Updated};
use session_store::DeleteScope;

use crate::store_under_test::{
    HOUR, NOW, Tested, at_once, dead, expect, expect_one_of, hold, key, owned, record,
};
use crate::users::numbers;

pub(crate) async fn delete_all_but_one(store: Tested) {
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
        expect("delete_owned leaves a tombstone", &loaded, &dead(NOW));
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
            &Inserted::Dead,
        );
    }
    // One's own may be anything: another's, or nothing.
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
        "delete_owned leaves records of nobody alone",
        &loaded,
        &Loaded::Live(record(7)),
    );
}

pub(crate) async fn trim_keeps_the_newest(store: Tested) {
    for number in [5, 2, 4, 1, 3] {
        store.log_in(number, "ada").await;
    }
    store.log_in(9, "bob").await;
    let rows = [
        (9, 3, 0, true, &[5, 2, 4, 1, 3][..], "more than there are"),
        (5, 3, 0, true, &[5, 2, 4, 1, 3], "as many as there are"),
        (3, 3, 2, true, &[4, 1, 3], "fewer"),
        (3, 3, 0, true, &[4, 1, 3], "repeated"),
        (
            2,
            4,
            1,
            false,
            &[1, 3],
            "it ends the one that asks, too: that one has no preference",
        ),
        (2, 4, 0, false, &[1, 3], "the same repeated"),
        (2, 9, 0, true, &[1, 3], "`this` is another's"),
        (2, 8, 0, false, &[1, 3], "`this` is nothing"),
        (0, 3, 2, false, &[], "none"),
    ];
    for (keep, this, ended, alive, left, rule) in rows {
        let trimmed = store.trim("ada", keep, key(this), NOW).await;
        expect(
            format_args!("trim to {keep}: {rule}"),
            &trimmed,
            &TrimResult { ended, alive },
        );
        let rule = format!("trim to {keep}, {rule}: the newest are left, by the store's own order");
        expect(rule, &store.keys("ada").await, &numbers(left));
    }
    expect(
        "trim leaves a tombstone",
        &store.load(key(5), NOW).await,
        &dead(NOW),
    );
    expect(
        "trim leaves another's alone",
        &store.keys("bob").await,
        &numbers(&[9]),
    );
}

/// What has expired takes nobody's place.
pub(crate) async fn trim_counts_live_records(store: Tested) {
    store.log_in(1, "ada").await;
    store.index("ada", key(2), NOW + 60, NOW).await;
    store
        .insert(
            key(2),
            &Record {
                expires: NOW + 60,
                ..owned(2, "ada")
            },
            NOW,
        )
        .await;
    let trimmed = store.trim("ada", 1, key(2), NOW + 60).await;
    let rule = "trim counts live records: an expired one takes nobody's place, and is not alive";
    expect(
        rule,
        &trimmed,
        &TrimResult {
            ended: 0,
            alive: false,
        },
    );
    let keys = store.keys("ada").await;
    expect_one_of(
        "trim ends live records, here none",
        &keys,
        &[numbers(&[1, 2]), numbers(&[1])],
    );
}

pub(crate) async fn delete_one(store: Tested) {
    for number in 1..4 {
        store.log_in(number, "ada").await;
    }
    store.log_in(4, "bob").await;
    store.insert(key(5), &record(5), NOW).await;
    // Whoever it once belonged to, and whatever is noted: the record says whose it is.
    for number in [4, 5, 6] {
        store.index("ada", key(number), NOW + HOUR, NOW).await;
    }
    for (number, wanted, rule) in [
        (2, 1, "theirs"),
        (2, 0, "theirs, repeated"),
        (4, 0, "another's"),
        (5, 0, "nobody's"),
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
        &dead(NOW),
    );
    let rule = "delete_owned of one leaves another's alone";
    expect(
        rule,
        &store.load(key(4), NOW).await,
        &Loaded::Live(owned(4, "bob")),
    );
    let rule = "delete_owned of one leaves nobody's alone";
    expect(
        rule,
        &store.load(key(5), NOW).await,
        &Loaded::Live(record(5)),
    );
    expect(
        "delete_owned creates nothing",
        &store.load(key(6), NOW).await,
        &Loaded::Absent,
    );

    store.index("bob", key(1), NOW + HOUR, NOW).await;
    let updated = store.update(key(1), 1, &owned(11, "bob"), NOW).await;
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
        &Loaded::Live(owned(11, "bob")),
    );
}

/// Either the user changed first and nothing is ended, or the record was ended first and nothing is written.
pub(crate) async fn endings_respect_a_change_of_user(store: Tested) {
    for round in 0..48 {
        let (place, how) = (key(round), round % 3);
        let (before, after) = (format!("before {round}"), format!("after {round}"));
        store.log_in(round, &before).await;
        let answers = at_once(2, |task| {
            let (store, before, after) = (store.clone(), before.clone(), after.clone());
            async move {
                if task == 0 {
                    store.index(&after, place, NOW + HOUR, NOW).await;
                    let next = owned(round + 1000, &after);
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
        let [written, spared] = answers.await.try_into().unwrap();
        let rule = "delete_owned or trim while the user changes: either ended, or written with the other user";
        expect(rule, &written, &spared);
        let wanted = if written {
            Loaded::Live(owned(round + 1000, &after))
        } else {
            dead(NOW)
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

pub(crate) async fn durability_is_told(store: Tested) {
    let told = [store.durability().await, store.durability().await];
    hold("durability, asked twice: the same", told[0] == told[1]);
}

pub(crate) async fn delete_expired_by_batches(store: Tested) {
    for number in 0..100 {
        let expires = NOW + number;
        store
            .insert(
                key(number),
                &Record {
                    expires,
                    ..record(number)
                },
                NOW - HOUR,
            )
            .await;
    }
    expect(
        "delete_expired removes at most `batch`: 0",
        &store.delete_expired(NOW + 50, 0).await,
        &0,
    );
    let mut sum = 0;
    loop {
        let removed = store.delete_expired(NOW + 50, 7).await;
        hold(
            format_args!("delete_expired removes at most `batch`: 7, and not {removed}"),
            removed <= 7,
        );
        sum += removed;
        if removed < 7 {
            break;
        }
    }
    expect_one_of(
        "delete_expired removes all of them, or the store needs no such help",
        &sum,
        &[0, 50],
    );
    for number in 50..100 {
        let wanted = Loaded::Live(Record {
            expires: NOW + number,
            ..record(number)
        });
        let loaded = store.load(key(number), NOW - HOUR).await;
        expect(
            "delete_expired removes nothing whose `expires` is not earlier than `before`",
            &loaded,
            &wanted,
        );
    }
}
