//! The rules of `trim`.

use session_core::protocol::{Record, TrimResult};

use crate::store_under_test::{
    NOW, StoreUnderTest, expect, expect_one_of, key, of_user, tombstone,
};
use crate::users::numbers;

// The order is that of logins: the number that a record got with its user. Expired records are not counted, and the session
// that asks has no preference: `alive` tells it whether it was ended.

pub(crate) async fn trim_keeps_the_newest(store: StoreUnderTest) {
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
        &tombstone(NOW),
    );
    expect(
        "trim leaves another's alone",
        &store.keys("bob").await,
        &numbers(&[9]),
    );
}

/// An expired record takes no place.
pub(crate) async fn trim_counts_live_records(store: StoreUnderTest) {
    store.log_in(1, "ada").await;
    store.index("ada", key(2), NOW + 60, NOW).await;
    store
        .insert(
            key(2),
            &Record {
                expires: NOW + 60,
                ..of_user(2, "ada")
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
