//! The verbs by owner.

use session_core::{Inserted, Loaded, Outcome, Record, RecordKey, Trimmed, Updated};

use super::tested::{DAY, HOUR, NOW, Tested, expect, expect_one_of, key, owned, record};
use crate::store::{Listed, Which};

fn numbers(numbers: &[u64]) -> Vec<RecordKey> {
    numbers.iter().map(|number| key(*number)).collect()
}

/// Owners are the same if their bytes are.
pub(super) async fn owners_are_told_apart(store: Tested) {
    let long = "x".repeat(1 << 20);
    let longer = format!("{long}y");
    let texts =
        ["", " ", "\0", "\0\0", "a", "A", "a ", "a\0", "a\0b", "a:b", "é", "e\u{301}", &long, &longer];
    let unseen = ["\u{feff}a", "\u{202e}", "🦀", "a\n", "a\r\n", "\u{1}"];
    let syntax = ["*", "?", "%", "_", "[a]", "{a}", "}{", "'; --", "\\", "\\0", "0", "00", "null", "NULL"];
    let owners = [&texts[..], &unseen[..], &syntax[..]].concat();
    for (number, owner) in (0..).zip(&owners) {
        store.log_in(number, owner).await;
    }
    store.insert(key(1000), &record(1), NOW).await;
    for (number, owner) in (0..).zip(&owners) {
        let rule = format!("list of {owner:.9?} shows their record, and nobody else's");
        expect(rule, &store.keys(owner).await, &numbers(&[number]));
    }
    for (number, owner) in (0..).zip(&owners) {
        let trimmed = store.trim(owner, 1, key(number), NOW).await;
        let rule = format!("trim of {owner:.9?} counts their record alone");
        expect(rule, &trimmed, &Trimmed { ended: 0, alive: true });
        let ended = store.delete_owned(owner, Which::All, NOW).await;
        expect(format_args!("delete_owned of {owner:.9?} ends their record alone"), &ended, &1);
    }
    let loaded = store.load(key(1000), NOW).await;
    expect("a record of nobody is no owner's, not even that of \"\"", &loaded, &Loaded::Live(record(1)));
}

/// By login, not by key or time.
pub(super) async fn list_is_in_the_order_of_logins(store: Tested) {
    expect("list of an unknown owner is empty", &store.list("ada", 9, NOW).await, &vec![]);
    for (number, created) in [(3, 30), (1, 50), (2, 10)] {
        store.index("ada", key(number), NOW + HOUR, NOW).await;
        let label = Some(format!("browser {number}").into());
        let record = Record { created, label, ..owned(number, "ada") };
        store.insert(key(number), &record, NOW).await;
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
        let wanted = all[all.len().saturating_sub(max)..].to_vec();
        let rule = format!("list of 3 records with max = {max}: the newest, in the order of logins");
        expect(rule, &store.list("ada", max, NOW).await, &wanted);
    }

    let update = async |number, version, next: Record, rule: &str| {
        let updated = store.update(key(number), version, &next, NOW).await;
        expect(format_args!("update, its version there: {rule}"), &updated, &Updated::Done);
    };
    update(3, 3, owned(13, "ada"), "of the same owner").await;
    expect("touch, a live record there", &store.touch(key(3), NOW + DAY, NOW).await, &Outcome::Done);
    let rule = "an update of the same owner and a touch keep the record's number in the order";
    expect(rule, &store.keys("ada").await, &numbers(&[3, 1, 2]));
    update(3, 13, record(23), "to nobody").await;
    expect("list: no longer of this owner", &store.keys("ada").await, &numbers(&[1, 2]));
    store.index("ada", key(3), NOW + HOUR, NOW).await;
    update(3, 23, owned(33, "ada"), "from nobody to an owner").await;
    let rule = "an update to another owner, here from nobody, gives the next number of the store's order";
    expect(rule, &store.keys("ada").await, &numbers(&[1, 2, 3]));
    store.log_in(4, "bob").await;
    store.index("bob", key(1), NOW + HOUR, NOW).await;
    update(1, 1, owned(11, "bob"), "from one owner to another").await;
    expect("list: no longer of this owner", &store.keys("ada").await, &numbers(&[2, 3]));
    let rule = "an update to another owner gives the next number of the store's order";
    expect(rule, &store.keys("bob").await, &numbers(&[4, 1]));
}

/// Notes of records that never came, were ended or are somebody else's harm nobody.
pub(super) async fn the_index_is_a_hint(store: Tested) {
    store.log_in(1, "ada").await;
    store.log_in(2, "bob").await;
    store.log_in(3, "ada").await;
    store.delete(key(3), NOW).await;
    for number in [1, 2, 3, 4] {
        for _ in 0..2 {
            store.index("ada", key(number), NOW + HOUR, NOW).await;
        }
    }
    expect("index creates no record", &store.load(key(4), NOW).await, &Loaded::Absent);
    expect("list: the record is the truth, the index a hint", &store.keys("ada").await, &numbers(&[1]));
    let trimmed = store.trim("ada", 1, key(2), NOW).await;
    expect("trim counts the owner's records, not notes", &trimmed, &Trimmed { ended: 0, alive: true });
    let ended = store.delete_owned("ada", Which::All, NOW).await;
    expect("delete_owned ends the owner's records, not whatever is noted", &ended, &1);
    expect("delete_owned leaves another's record alone", &store.keys("bob").await, &numbers(&[2]));

    // Those that looked did not take the note away from a record that comes late.
    let inserted = store.insert(key(4), &owned(4, "ada"), NOW).await;
    expect("insert, nothing there: creates the record", &inserted, &Inserted::Done);
    let rule = "index: the note stays until the record comes, whoever looked meanwhile";
    expect(rule, &store.keys("ada").await, &numbers(&[4]));
    for _ in 0..2 {
        store.unindex("ada", key(2)).await;
        store.unindex("nobody", key(9)).await;
    }
    expect("unindex forgets one note", &store.keys("ada").await, &numbers(&[4]));
    expect("unindex of one owner's note leaves another's", &store.keys("bob").await, &numbers(&[2]));
    let loaded = store.load(key(2), NOW).await;
    expect("unindex leaves the record as it is", &loaded, &Loaded::Live(owned(2, "bob")));
}

/// A note lasts as long as the latest telling says, in whatever order they come.
pub(super) async fn the_latest_note_counts(store: Tested) {
    for (number, untils) in [(1, [NOW + 30 * DAY, NOW]), (2, [NOW, NOW + 30 * DAY])] {
        for until in untils {
            store.index("ada", key(number), until, NOW).await;
        }
        let record = Record { expires: NOW + 30 * DAY, ..owned(number, "ada") };
        store.insert(key(number), &record, NOW).await;
    }
    let later = NOW + 29 * DAY;
    for number in 10..40 {
        store.index("bob", key(number), later, later).await;
    }
    store.delete_expired(later, 1000).await;
    let listed = store.list("ada", 9, later).await.len();
    expect("index told twice: the later `until` counts, whichever came last", &listed, &2);
}

pub(super) async fn delete_all_but_one(store: Tested) {
    for number in 0..6 {
        store.log_in(number, if number < 4 { "ada" } else { "bob" }).await;
    }
    store.insert(key(7), &record(7), NOW).await;
    let delete = async |owner, which, rule: &str, wanted| {
        let ended = store.delete_owned(owner, which, NOW).await;
        expect(format_args!("delete_owned, {rule}: how many were ended"), &ended, &wanted);
    };
    delete("ada", Which::AllBut(key(2)), "all but one of four", 3).await;
    delete("ada", Which::AllBut(key(2)), "all but one, repeated", 0).await;
    expect("delete_owned of all but one leaves that one", &store.keys("ada").await, &numbers(&[2]));
    for number in [0, 1, 3] {
        let loaded = store.load(key(number), NOW).await;
        expect("delete_owned leaves a tombstone", &loaded, &Loaded::Dead);
        let updated = store.update(key(number), number, &record(9), NOW).await;
        expect("update, a tombstone of delete_owned there", &updated, &Updated::Gone);
        let inserted = store.insert(key(number), &record(9), NOW).await;
        expect("insert, a tombstone of delete_owned there", &inserted, &Inserted::Dead);
    }
    // One's own may be anything: another's, or nothing.
    delete("ada", Which::AllBut(key(5)), "all but one that is another's", 1).await;
    delete("ada", Which::All, "where none is left", 0).await;
    delete("nobody", Which::All, "of an unknown owner", 0).await;
    expect("delete_owned leaves another's alone", &store.keys("bob").await, &numbers(&[4, 5]));
    let loaded = store.load(key(7), NOW).await;
    expect("delete_owned leaves records of nobody alone", &loaded, &Loaded::Live(record(7)));
}

pub(super) async fn trim_keeps_the_newest(store: Tested) {
    for number in [5, 2, 4, 1, 3] {
        store.log_in(number, "ada").await;
    }
    store.log_in(9, "bob").await;
    let rows = [
        (9, 3, 0, true, &[5, 2, 4, 1, 3][..], "more than there are"),
        (5, 3, 0, true, &[5, 2, 4, 1, 3], "as many as there are"),
        (3, 3, 2, true, &[4, 1, 3], "fewer"),
        (3, 3, 0, true, &[4, 1, 3], "repeated"),
        (2, 4, 1, false, &[1, 3], "it ends the one that asks, too: that one has no preference"),
        (2, 4, 0, false, &[1, 3], "the same repeated"),
        (2, 9, 0, true, &[1, 3], "`this` is another's"),
        (2, 8, 0, false, &[1, 3], "`this` is nothing"),
        (0, 3, 2, false, &[], "none"),
    ];
    for (keep, this, ended, alive, left, rule) in rows {
        let trimmed = store.trim("ada", keep, key(this), NOW).await;
        expect(format_args!("trim to {keep}: {rule}"), &trimmed, &Trimmed { ended, alive });
        let rule = format!("trim to {keep}, {rule}: the newest are left, by the store's own order");
        expect(rule, &store.keys("ada").await, &numbers(left));
    }
    expect("trim leaves a tombstone", &store.load(key(5), NOW).await, &Loaded::Dead);
    expect("trim leaves another's alone", &store.keys("bob").await, &numbers(&[9]));
}

/// What has expired takes nobody's place.
pub(super) async fn trim_counts_live_records(store: Tested) {
    store.log_in(1, "ada").await;
    store.index("ada", key(2), NOW + 60, NOW).await;
    store.insert(key(2), &Record { expires: NOW + 60, ..owned(2, "ada") }, NOW).await;
    let trimmed = store.trim("ada", 1, key(2), NOW + 60).await;
    let rule = "trim counts live records: an expired one takes nobody's place, and is not alive";
    expect(rule, &trimmed, &Trimmed { ended: 0, alive: false });
    let keys = store.keys("ada").await;
    expect_one_of("trim ends live records, here none", &keys, &[numbers(&[1, 2]), numbers(&[1])]);
}
