//! The rules of the verbs about a user's records, and of the index.

use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TrimResult, Updated},
};
use session_store::{DeleteScope, SessionInfo};

use crate::describe::short;
use crate::store_under_test::{DAY, HOUR, NOW, StoreUnderTest, expect, key, of_user, record};

// The index is a hint: it holds each live record of a user, and may hold others. The record says whose it is. So a verb reads
// the records, and an index entry without a record, or with another user's, changes nothing.

pub(crate) fn numbers(numbers: &[u64]) -> Vec<RecordKey> {
    numbers.iter().map(|number| key(*number)).collect()
}

/// Users are equal if their bytes are.
pub(crate) async fn users_are_distinct(store: StoreUnderTest) {
    let long = "x".repeat(1 << 20);
    let longer = format!("{long}y");
    let texts = [
        "", " ", "\0", "\0\0", "a", "A", "a ", "a\0", "a\0b", "a:b", "é", "e\u{301}", &long,
        &longer,
    ];
    let unseen = ["\u{feff}a", "\u{202e}", "🦀", "a\n", "a\r\n", "\u{1}"];
    let syntax = [
        "*", "?", "%", "_", "[a]", "{a}", "}{", "'; --", "\\", "\\0", "0", "00", "null", "NULL",
    ];
    let users = [&texts[..], &unseen[..], &syntax[..]].concat();
    let name = |user: &str| short(format!("{user:?}"));
    for (number, user) in (0..).zip(&users) {
        store.log_in(number, user).await;
    }
    store.insert(key(1000), &record(1), NOW).await;
    for (number, user) in (0..).zip(&users) {
        let rule = format!(
            "list of {} returns the user's record, and no other",
            name(user)
        );
        expect(rule, &store.keys(user).await, &numbers(&[number]));
    }
    for (number, user) in (0..).zip(&users) {
        let trimmed = store.trim(user, 1, key(number), NOW).await;
        let rule = format!("trim of {} counts the user's record alone", name(user));
        expect(
            rule,
            &trimmed,
            &TrimResult {
                ended: 0,
                alive: true,
            },
        );
        let ended = store.delete_owned(user, DeleteScope::All, NOW).await;
        expect(
            format_args!(
                "delete_owned of {} ends the user's record alone",
                name(user)
            ),
            &ended,
            &1,
        );
    }
    let loaded = store.load(key(1000), NOW).await;
    expect(
        "a record of nobody is no user's, not even that of \"\"",
        &loaded,
        &Loaded::Live(record(1)),
    );
}

/// The list is ordered by login, not by key or time.
pub(crate) async fn list_is_in_the_order_of_logins(store: StoreUnderTest) {
    expect(
        "list of an unknown user is empty",
        &store.list("ada", 9, NOW).await,
        &vec![],
    );
    for (number, created) in [(3, 30), (1, 50), (2, 10)] {
        store.index("ada", key(number), NOW + HOUR, NOW).await;
        let label = Some(format!("browser {number}").into());
        let record = Record {
            created,
            label,
            ..of_user(number, "ada")
        };
        store.insert(key(number), &record, NOW).await;
    }
    let listed = |number: u64, created| SessionInfo {
        key: key(number),
        created,
        seen: NOW,
        expires: NOW + HOUR,
        label: Some(format!("browser {number}").into()),
    };
    let all = [listed(3, 30), listed(1, 50), listed(2, 10)];
    for max in 0..5 {
        let wanted = all[all.len().saturating_sub(max)..].to_vec();
        let rule =
            format!("list of 3 records with max = {max}: the newest, in the order of logins");
        expect(rule, &store.list("ada", max, NOW).await, &wanted);
    }

    let update = async |number, version, next: Record, rule: &str| {
        let updated = store.update(key(number), version, &next, NOW).await;
        expect(
            format_args!("update, its version there: {rule}"),
            &updated,
            &Updated::Done,
        );
    };
    update(3, 3, of_user(13, "ada"), "of the same user").await;
    expect(
        "touch, a live record there",
        &store.touch(key(3), NOW + DAY, NOW).await,
        &Outcome::Done,
    );
    let rule = "an update of the same user and a touch keep the record's number in the order";
    expect(rule, &store.keys("ada").await, &numbers(&[3, 1, 2]));
    update(3, 13, record(23), "to nobody").await;
    expect(
        "list: no longer of this user",
        &store.keys("ada").await,
        &numbers(&[1, 2]),
    );
    store.index("ada", key(3), NOW + HOUR, NOW).await;
    update(3, 23, of_user(33, "ada"), "from nobody to a user").await;
    let rule =
        "an update to another user, here from nobody, gives the next number of the store's order";
    expect(rule, &store.keys("ada").await, &numbers(&[1, 2, 3]));
    store.log_in(4, "bob").await;
    store.index("bob", key(1), NOW + HOUR, NOW).await;
    update(1, 1, of_user(11, "bob"), "from one user to another").await;
    expect(
        "list: no longer of this user",
        &store.keys("ada").await,
        &numbers(&[2, 3]),
    );
    let rule = "an update to another user gives the next number of the store's order";
    expect(rule, &store.keys("bob").await, &numbers(&[4, 1]));
}

/// Index entries of records that do not exist, have ended or are another user's have no effect.
pub(crate) async fn the_index_is_a_hint(store: StoreUnderTest) {
    store.log_in(1, "ada").await;
    store.log_in(2, "bob").await;
    store.log_in(3, "ada").await;
    store.delete(key(3), NOW).await;
    for number in [1, 2, 3, 4] {
        for _ in 0..2 {
            store.index("ada", key(number), NOW + HOUR, NOW).await;
        }
    }
    expect(
        "index creates no record",
        &store.load(key(4), NOW).await,
        &Loaded::NotFound,
    );
    expect(
        "list: the record is the truth, the index a hint",
        &store.keys("ada").await,
        &numbers(&[1]),
    );
    let trimmed = store.trim("ada", 1, key(2), NOW).await;
    expect(
        "trim counts the user's records, not index entries",
        &trimmed,
        &TrimResult {
            ended: 0,
            alive: true,
        },
    );
    let ended = store.delete_owned("ada", DeleteScope::All, NOW).await;
    expect(
        "delete_owned ends the user's records, not every index entry",
        &ended,
        &1,
    );
    expect(
        "delete_owned leaves another's record alone",
        &store.keys("bob").await,
        &numbers(&[2]),
    );

    // The verbs above have not removed the entry of a record that arrives late.
    let inserted = store.insert(key(4), &of_user(4, "ada"), NOW).await;
    expect(
        "insert, nothing there: creates the record",
        &inserted,
        &Inserted::Done,
    );
    let rule = "index: the entry stays until the record arrives, whichever verbs ran meanwhile";
    expect(rule, &store.keys("ada").await, &numbers(&[4]));
    for _ in 0..2 {
        store.unindex("ada", key(2)).await;
        store.unindex("nobody", key(9)).await;
    }
    expect(
        "unindex removes one entry",
        &store.keys("ada").await,
        &numbers(&[4]),
    );
    expect(
        "unindex of one user's entry leaves another's",
        &store.keys("bob").await,
        &numbers(&[2]),
    );
    let loaded = store.load(key(2), NOW).await;
    expect(
        "unindex leaves the record as it is",
        &loaded,
        &Loaded::Live(of_user(2, "bob")),
    );
}

/// An index entry lasts until the latest `until`, in whatever order the calls arrive.
pub(crate) async fn the_latest_index_entry_holds(store: StoreUnderTest) {
    for (number, untils) in [(1, [NOW + 30 * DAY, NOW]), (2, [NOW, NOW + 30 * DAY])] {
        for until in untils {
            store.index("ada", key(number), until, NOW).await;
        }
        let record = Record {
            expires: NOW + 30 * DAY,
            ..of_user(number, "ada")
        };
        store.insert(key(number), &record, NOW).await;
    }
    let later = NOW + 29 * DAY;
    for number in 10..40 {
        store.index("bob", key(number), later, later).await;
    }
    store.delete_expired(later, 1000).await;
    let listed = store.list("ada", 9, later).await.len();
    expect(
        "index called twice: the later `until` holds, whichever came last",
        &listed,
        &2,
    );
}
