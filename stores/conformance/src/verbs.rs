//! Load, insert, update, touch and delete, row by row of their tables.

use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, Updated},
};

use crate::store_under_test::{
    DAY, HOUR, NOW, Tested, dead, expect, expect_one_of, key, owned, record,
};

/// What lies under a key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum There {
    Nothing,
    Live,
    Expired,
    Tombstone,
}

pub(crate) const ALL: [There; 4] = [
    There::Nothing,
    There::Live,
    There::Expired,
    There::Tombstone,
];

pub(crate) fn expired() -> Record {
    Record {
        expires: NOW,
        ..record(1)
    }
}

/// A store is asked with earlier times first.
pub(crate) async fn lay(store: &Tested, key: RecordKey, there: There) {
    let inserted = match there {
        There::Nothing => return,
        There::Live | There::Tombstone => store.insert(key, &record(1), NOW).await,
        There::Expired => store.insert(key, &expired(), NOW - HOUR).await,
    };
    expect(
        "insert, nothing there: creates the record",
        &inserted,
        &Inserted::Done,
    );
    if there == There::Tombstone {
        let deleted = store.delete(key, NOW).await;
        expect(
            "delete, a live record there: leaves a tombstone",
            &deleted,
            &Outcome::Done,
        );
    }
}

pub(crate) async fn load_says_what_lies_there(store: Tested) {
    for (number, there) in (0..).zip(ALL) {
        lay(&store, key(number), there).await;
        for _ in 0..2 {
            let loaded = store.load(key(number), NOW).await;
            let rule = format!("load, {there:?} there, asked twice");
            match there {
                There::Nothing => expect(rule, &loaded, &Loaded::Absent),
                There::Live => expect(rule, &loaded, &Loaded::Live(record(1))),
                There::Expired => {
                    expect_one_of(rule, &loaded, &[Loaded::Live(expired()), Loaded::Absent])
                }
                There::Tombstone => expect(rule, &loaded, &dead(NOW)),
            }
        }
    }
}

pub(crate) async fn insert_creates_where_nothing_is(store: Tested) {
    for (number, there) in (0..).zip(ALL) {
        lay(&store, key(number), there).await;
        let inserted = store.insert(key(number), &record(2), NOW).await;
        let rule = format!("insert, {there:?} there");
        match there {
            There::Nothing => expect(rule, &inserted, &Inserted::Done),
            There::Live => expect(rule, &inserted, &Inserted::Exists(record(1))),
            There::Expired => {
                expect_one_of(
                    rule,
                    &inserted,
                    &[Inserted::Exists(expired()), Inserted::Done],
                );
            }
            There::Tombstone => expect(rule, &inserted, &Inserted::Dead),
        }
        let loaded = store.load(key(number), NOW).await;
        let rule = format!("insert, {there:?} there, creates only where nothing is");
        match there {
            There::Nothing => expect(rule, &loaded, &Loaded::Live(record(2))),
            There::Live => expect(rule, &loaded, &Loaded::Live(record(1))),
            There::Expired => {}
            There::Tombstone => expect(rule, &loaded, &dead(NOW)),
        }
    }
}

/// A lost answer: the insert meets its own record, what became of it, and in the end its tombstone.
pub(crate) async fn insert_repeated(store: Tested) {
    lay(&store, key(1), There::Live).await;
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
    again("deleted meanwhile", Inserted::Dead).await;
    expect(
        "insert, a tombstone there: no effect",
        &store.load(key(1), NOW).await,
        &dead(NOW),
    );
}

pub(crate) async fn update_replaces_its_version(store: Tested) {
    let mut number = 0;
    for there in ALL {
        for version in [1, 7] {
            number += 1;
            lay(&store, key(number), there).await;
            let before = store.load(key(number), NOW).await;
            let updated = store.update(key(number), version, &record(2), NOW).await;
            let wanted = match (there, version) {
                (There::Live, 1) => Updated::Done,
                (There::Live, _) => Updated::Conflict(record(1)),
                _ => Updated::Gone,
            };
            expect(
                format_args!("update of version {version}, {there:?} of version 1 there"),
                &updated,
                &wanted,
            );
            let after = store.load(key(number), NOW).await;
            let wanted = if wanted == Updated::Done {
                Loaded::Live(record(2))
            } else {
                before
            };
            let rule =
                format!("update of version {version}, {there:?} of version 1 there: its effect");
            match there {
                There::Expired => expect_one_of(rule, &after, &[wanted, Loaded::Absent]),
                _ => expect(rule, &after, &wanted),
            }
        }
    }
}

/// A lost answer: the update meets its own version, or a later one, or that it is gone.
pub(crate) async fn update_repeated(store: Tested) {
    lay(&store, key(1), There::Live).await;
    let update = async |version, next, rule: &str, wanted| {
        let updated = store.update(key(1), version, &record(next), NOW).await;
        expect(format_args!("update, {rule}"), &updated, &wanted);
    };
    update(1, 2, "its version there", Updated::Done).await;
    update(
        1,
        2,
        "repeated, its own write there",
        Updated::Conflict(record(2)),
    )
    .await;
    update(2, 3, "its version there", Updated::Done).await;
    update(
        1,
        2,
        "repeated, a later write there",
        Updated::Conflict(record(3)),
    )
    .await;
    expect(
        "delete, a live record there",
        &store.delete(key(1), NOW).await,
        &Outcome::Done,
    );
    update(1, 2, "repeated, a tombstone there", Updated::Gone).await;
}

pub(crate) async fn update_replaces_all_but_the_later_end(store: Tested) {
    lay(&store, key(1), There::Live).await;
    let other = Record {
        version: 2,
        expires: NOW + HOUR - 1,
        created: NOW + 1,
        seen: NOW - 1,
        user: Some("ada".into()),
        label: Some("Firefox".into()),
        body: [9].into(),
    };
    store.index("ada", key(1), NOW + HOUR, NOW).await;
    let updated = store.update(key(1), 1, &other, NOW).await;
    expect("update, its version there", &updated, &Updated::Done);
    let wanted = Loaded::Live(Record {
        expires: NOW + HOUR,
        ..other
    });
    let loaded = store.load(key(1), NOW).await;
    expect(
        "update replaces everything; `expires` is the later of both",
        &loaded,
        &wanted,
    );

    let nobody = Record {
        expires: NOW + DAY,
        ..record(3)
    };
    let updated = store.update(key(1), 2, &nobody, NOW).await;
    expect("update, its version there", &updated, &Updated::Done);
    let loaded = store.load(key(1), NOW).await;
    expect(
        "update replaces everything, user and label by none, too",
        &loaded,
        &Loaded::Live(nobody),
    );
    let keys = store.keys("ada").await;
    expect(
        "list: the record is the truth about its user, the index a hint",
        &keys,
        &vec![],
    );
}

pub(crate) async fn touch_extends_and_never_shortens(store: Tested) {
    for (number, there) in (0..).zip(ALL) {
        lay(&store, key(number), there).await;
        let touched = store.touch(key(number), NOW + DAY, NOW).await;
        let wanted = if there == There::Live {
            Outcome::Done
        } else {
            Outcome::Gone
        };
        expect(format_args!("touch, {there:?} there"), &touched, &wanted);
        let loaded = store.load(key(number), NOW).await;
        let is_live = matches!(&loaded, Loaded::Live(record) if record.expires > NOW);
        let rule = format!("load after a touch, {there:?} there: whether it is live");
        expect(rule, &is_live, &(there == There::Live));
    }
    lay(&store, key(9), There::Live).await;
    for (expires, now, then_expires, then_seen, rule) in [
        (NOW + HOUR + 1, NOW + 1, NOW + HOUR + 1, NOW + 1, "later"),
        (NOW + HOUR + 1, NOW + 1, NOW + HOUR + 1, NOW + 1, "repeated"),
        (
            NOW + HOUR,
            NOW + 2,
            NOW + HOUR + 1,
            NOW + 2,
            "an earlier end: not shortened",
        ),
        (
            0,
            NOW - HOUR,
            NOW + HOUR + 1,
            NOW + 2,
            "the clock stepped back",
        ),
    ] {
        expect(
            format_args!("touch, a live record there: {rule}"),
            &store.touch(key(9), expires, now).await,
            &Outcome::Done,
        );
        let wanted = Loaded::Live(Record {
            expires: then_expires,
            seen: then_seen,
            ..record(1)
        });
        let loaded = store.load(key(9), now).await;
        expect(
            format_args!(
                "touch, {rule}: `expires` and `seen` become the later, version and body stay as they are"
            ),
            &loaded,
            &wanted,
        );
    }
}

pub(crate) async fn expired_is_never_live_again(store: Tested) {
    lay(&store, key(1), There::Expired).await;
    for now in [NOW, NOW + HOUR] {
        // Repetitions of the insert, which carries its own end, and what others ask.
        store.insert(key(1), &expired(), NOW - HOUR).await;
        let updated = store.update(key(1), 1, &record(2), now).await;
        expect("update, an expired record there", &updated, &Updated::Gone);
        let touched = store.touch(key(1), now + HOUR, now).await;
        expect("touch, an expired record there", &touched, &Outcome::Gone);
        let loaded = store.load(key(1), now).await;
        expect_one_of(
            "no verb makes an expired record live",
            &loaded,
            &[Loaded::Live(expired()), Loaded::Absent],
        );
    }
}

/// The last second is that before `expires`.
pub(crate) async fn live_while_expires_is_later_than_now(store: Tested) {
    for (number, now, live) in [(1, NOW + HOUR - 1, true), (2, NOW + HOUR, false)] {
        store.log_in(number, "ada").await;
        let rule = |verb| {
            format!(
                "{verb}: a record is live while expires > now; here is now = expires - {}",
                u8::from(live)
            )
        };
        expect(
            rule("list"),
            &store.list("ada", 9, now).await.len(),
            &usize::from(live),
        );
        let touched = store.touch(key(number), 0, now).await;
        expect(
            rule("touch"),
            &touched,
            if live { &Outcome::Done } else { &Outcome::Gone },
        );
        let updated = store
            .update(key(number), number, &owned(9, "ada"), now)
            .await;
        expect(
            rule("update"),
            &updated,
            if live { &Updated::Done } else { &Updated::Gone },
        );
        let trimmed = store.trim("ada", 1, key(number), now).await;
        expect(rule("trim, `alive`"), &trimmed.alive, &live);
        store.delete(key(number), NOW).await;
    }
}
