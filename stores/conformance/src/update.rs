//! The rules of `update` and `touch`, and of the end of a record: row by row of their tables.

use session_core::protocol::{Loaded, Outcome, Record, Updated};

use crate::insert::{ALL, Existing, expired, prepare};
use crate::store_under_test::{
    DAY, HOUR, NOW, StoreUnderTest, expect, expect_one_of, key, of_user, record,
};

// The replies that the contract wants, by what is stored:
//
//     stored                        update      touch
//     nothing                       Gone        Gone
//     live, of the version          Done        Done
//     live, of another version      Conflict    Done
//     expired                       Gone        Gone
//     tombstone                     Gone        Gone
//
// `Conflict` returns the stored record. `touch` takes no version: it changes two times that only grow, so it may run before
// or after any update.

pub(crate) async fn update_replaces_its_version(store: StoreUnderTest) {
    let mut number = 0;
    for there in ALL {
        for version in [1, 7] {
            number += 1;
            prepare(&store, key(number), there).await;
            let before = store.load(key(number), NOW).await;
            let updated = store.update(key(number), version, &record(2), NOW).await;
            let wanted = match (there, version) {
                (Existing::Live, 1) => Updated::Done,
                (Existing::Live, _) => Updated::Conflict(record(1)),
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
                Existing::Expired => expect_one_of(rule, &after, &[wanted, Loaded::NotFound]),
                _ => expect(rule, &after, &wanted),
            }
        }
    }
}

/// A lost reply: the repeated update meets its own version, a later one, or a tombstone.
pub(crate) async fn update_repeated(store: StoreUnderTest) {
    prepare(&store, key(1), Existing::Live).await;
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

pub(crate) async fn update_replaces_all_but_the_later_end(store: StoreUnderTest) {
    prepare(&store, key(1), Existing::Live).await;
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

pub(crate) async fn touch_extends_and_never_shortens(store: StoreUnderTest) {
    for (number, there) in (0..).zip(ALL) {
        prepare(&store, key(number), there).await;
        let touched = store.touch(key(number), NOW + DAY, NOW).await;
        let wanted = if there == Existing::Live {
            Outcome::Done
        } else {
            Outcome::Gone
        };
        expect(format_args!("touch, {there:?} there"), &touched, &wanted);
        let loaded = store.load(key(number), NOW).await;
        let is_live = matches!(&loaded, Loaded::Live(record) if record.expires > NOW);
        let rule = format!("load after a touch, {there:?} there: whether it is live");
        expect(rule, &is_live, &(there == Existing::Live));
    }
    prepare(&store, key(9), Existing::Live).await;
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

pub(crate) async fn expired_is_never_live_again(store: StoreUnderTest) {
    prepare(&store, key(1), Existing::Expired).await;
    for now in [NOW, NOW + HOUR] {
        // The repeated insert, which carries its own end, and writes of other requests.
        store.insert(key(1), &expired(), NOW - HOUR).await;
        let updated = store.update(key(1), 1, &record(2), now).await;
        expect("update, an expired record there", &updated, &Updated::Gone);
        let touched = store.touch(key(1), now + HOUR, now).await;
        expect("touch, an expired record there", &touched, &Outcome::Gone);
        let loaded = store.load(key(1), now).await;
        expect_one_of(
            "no verb makes an expired record live",
            &loaded,
            &[Loaded::Live(expired()), Loaded::NotFound],
        );
    }
}

/// The last second of a record is the one before `expires`.
pub(crate) async fn live_while_expires_is_later_than_now(store: StoreUnderTest) {
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
            .update(key(number), number, &of_user(9, "ada"), now)
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
