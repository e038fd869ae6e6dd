//! The clock of the application decides: it may step back, and stand at its beginning or at its end.

use session_core::protocol::{
    Inserted, Loaded, Outcome, Record, TOMBSTONE_SECONDS, TrimResult, Updated,
};
use session_store::DeleteScope;

use crate::store_under_test::{
    DAY, HOUR, NOW, StoreUnderTest, expect, expect_one_of, hold, key, of_user, record, tombstone,
};
use crate::users::numbers;

// A store takes `now` from each request, and never its own clock or an earlier `now`. Its native expiry is relative, with slack,
// and only cleans up. Times may be anything from 0 to `u64::MAX`; a store may limit them to `i64::MAX`.

/// A record is live while `expires > now`, by the `now` of each request, not by an earlier one or by the machine's clock.
pub(crate) async fn the_clock_may_step_back(store: StoreUnderTest) {
    store.log_in(1, "ada").await;
    let times = [
        NOW + HOUR - 1,
        NOW,
        NOW - 30 * DAY,
        NOW + 1,
        NOW - DAY,
        0,
        NOW + HOUR - 1,
    ];
    for (version, now) in (1..).zip(times) {
        let when = format!(
            "{} s after the login",
            now.cast_signed() - NOW.cast_signed()
        );
        let loaded = store.load(key(1), now).await;
        hold(
            format_args!("load, a live record there, {when}"),
            matches!(&loaded, Loaded::Live(record) if record.version == version && record.expires == NOW + HOUR),
        );
        let rule = format!("list, a live record there, {when}");
        expect(rule, &store.list("ada", 9, now).await.len(), &1);
        let touched = store.touch(key(1), now, now).await;
        expect(
            format_args!("touch, a live record there, {when}"),
            &touched,
            &Outcome::Done,
        );
        let next = Record {
            expires: now,
            ..of_user(version + 1, "ada")
        };
        let updated = store.update(key(1), version, &next, now).await;
        expect(
            format_args!("update, its version there, {when}"),
            &updated,
            &Updated::Done,
        );
        let trimmed = store.trim("ada", 1, key(1), now).await;
        let rule = format!("trim, a live record there, {when}");
        expect(
            rule,
            &trimmed,
            &TrimResult {
                ended: 0,
                alive: true,
            },
        );
        store.delete_expired(now, 1000).await;
    }
    // Deleted at an early time, loaded at a late one and again at the early one.
    expect(
        "delete, a live record there",
        &store.delete(key(1), NOW).await,
        &Outcome::Done,
    );
    for now in [NOW + TOMBSTONE_SECONDS - 1, NOW - DAY, 0] {
        let loaded = store.load(key(1), now).await;
        expect(
            "load, a tombstone there, the clock stepping about",
            &loaded,
            &tombstone(NOW),
        );
    }
}

/// A clock that was never set: no time is earlier than 0.
pub(crate) async fn times_near_zero(store: StoreUnderTest) {
    let first = |version| Record {
        expires: HOUR,
        created: 0,
        seen: 0,
        ..of_user(version, "ada")
    };
    for number in 1..4 {
        store.index("ada", key(number), HOUR, 0).await;
        let inserted = store.insert(key(number), &first(number), 0).await;
        expect("insert at 0, nothing there", &inserted, &Inserted::Done);
    }
    expect(
        "delete_expired before 0 removes nothing",
        &store.delete_expired(0, 9).await,
        &0,
    );
    let rule = "load at 0, a live record there";
    expect(rule, &store.load(key(1), 0).await, &Loaded::Live(first(1)));
    expect(
        "touch at 0, a live record there",
        &store.touch(key(1), 0, 0).await,
        &Outcome::Done,
    );
    let updated = store.update(key(1), 1, &first(11), 0).await;
    expect("update at 0, its version there", &updated, &Updated::Done);
    expect("list at 0", &store.list("ada", 9, 0).await.len(), &3);
    expect(
        "trim at 0",
        &store.trim("ada", 2, key(3), 0).await,
        &TrimResult {
            ended: 1,
            alive: true,
        },
    );
    expect(
        "delete at 0, a live record there",
        &store.delete(key(2), 0).await,
        &Outcome::Done,
    );
    for number in [1, 2] {
        for now in [0, TOMBSTONE_SECONDS - 1] {
            let rule = format!("load at {now}, a record there that was ended at 0");
            expect(rule, &store.load(key(number), now).await, &tombstone(0));
        }
    }
    expect(
        "delete_owned at 0",
        &store.delete_owned("ada", DeleteScope::All, 0).await,
        &1,
    );

    // A record that ends at 0 was never live.
    let never = Record {
        expires: 0,
        created: 0,
        seen: 0,
        ..record(9)
    };
    let inserted = store.insert(key(9), &never, 0).await;
    expect(
        "insert, nothing there: creates also what has expired",
        &inserted,
        &Inserted::Done,
    );
    expect(
        "touch, an expired record there",
        &store.touch(key(9), HOUR, 0).await,
        &Outcome::Gone,
    );
    let loaded = store.load(key(9), 0).await;
    expect_one_of(
        "load, an expired record there",
        &loaded,
        &[Loaded::Live(never), Loaded::NotFound],
    );
}

/// An end as far away as possible: no arithmetic overflows, and the record does not expire early.
pub(crate) async fn times_near_the_end(store: StoreUnderTest) {
    let last = i64::MAX.cast_unsigned();
    let long = |version| Record {
        expires: last,
        ..of_user(version, "ada")
    };
    // The store's native expiry is relative, so it depends on `now`. Times are a day apart: a store that compares
    // them as 64-bit floats is right for any time that will come.
    for (number, now) in [(1, 0), (2, NOW), (3, last - DAY)] {
        store.index("ada", key(number), last, now).await;
        let inserted = store.insert(key(number), &long(number), now).await;
        expect(
            format_args!("insert at {now}, nothing there: ends at {last}"),
            &inserted,
            &Inserted::Done,
        );
        let loaded = store.load(key(number), now).await;
        let rule = format!("load at {now}, a live record there that ends at {last}");
        expect(&rule, &loaded, &Loaded::Live(long(number)));
        let updated = store
            .update(key(number), number, &long(number + 10), now)
            .await;
        expect(
            format_args!("update at {now}, its version there"),
            &updated,
            &Updated::Done,
        );
        let touched = store.touch(key(number), last, now).await;
        expect(
            format_args!("touch at {now} to {last}"),
            &touched,
            &Outcome::Done,
        );
        hold(
            &rule,
            matches!(store.load(key(number), now).await, Loaded::Live(record) if record.expires == last),
        );
    }
    expect("list", &store.keys("ada").await, &numbers(&[1, 2, 3]));
    let later = last - DAY / 2;
    expect(
        "list at the end",
        &store.list("ada", 9, later).await.len(),
        &3,
    );
    let trimmed = store.trim("ada", 2, key(3), later).await;
    expect(
        "trim at the end",
        &trimmed,
        &TrimResult {
            ended: 1,
            alive: true,
        },
    );
    expect(
        "delete at the end",
        &store.delete(key(2), last).await,
        &Outcome::Done,
    );
    expect(
        "delete_owned at the end",
        &store.delete_owned("ada", DeleteScope::All, last).await,
        &1,
    );
    for number in [2, 3] {
        let loaded = store.load(key(number), NOW).await;
        let wanted = [tombstone(last), Loaded::Tombstone { expires: last }];
        expect_one_of("a tombstone from the end of times", &loaded, &wanted);
    }
    store.delete_expired(last, 1000).await;
}

/// Times beyond a signed 64-bit number.
pub(crate) async fn times_beyond_the_end(store: StoreUnderTest) {
    let (last, most) = (i64::MAX.cast_unsigned(), u64::MAX);
    let beyond = |version| Record {
        expires: most,
        created: most,
        seen: most,
        ..of_user(version, "ada")
    };
    let is_stored_as = |record: &Record, wanted: &Record| {
        let time = |time: u64, wanted: u64| time == wanted || (wanted > last && time == last);
        time(record.expires, wanted.expires)
            && time(record.created, wanted.created)
            && time(record.seen, wanted.seen)
            && record.version == wanted.version
    };
    store.index("ada", key(1), most, NOW).await;
    let inserted = store.insert(key(1), &beyond(1), NOW).await;
    expect(
        "insert of times beyond i64::MAX, nothing there",
        &inserted,
        &Inserted::Done,
    );
    let rule = "a time beyond i64::MAX comes back as it was or as i64::MAX";
    hold(rule, is_stored_as(&store.live(key(1)).await, &beyond(1)));
    let updated = store.update(key(1), 1, &beyond(2), NOW).await;
    expect(
        "update to times beyond i64::MAX, its version there",
        &updated,
        &Updated::Done,
    );
    hold(rule, is_stored_as(&store.live(key(1)).await, &beyond(2)));
    let touched = store.touch(key(1), most, NOW).await;
    expect(
        "touch to a time beyond i64::MAX, a live record there",
        &touched,
        &Outcome::Done,
    );
    hold(rule, is_stored_as(&store.live(key(1)).await, &beyond(2)));
    store.insert(key(2), &record(2), NOW).await;
    expect(
        "touch to u64::MAX",
        &store.touch(key(2), most, NOW).await,
        &Outcome::Done,
    );
    hold(
        rule,
        is_stored_as(
            &store.live(key(2)).await,
            &Record {
                expires: most,
                ..record(2)
            },
        ),
    );
    expect(
        "delete at u64::MAX",
        &store.delete(key(1), most).await,
        &Outcome::Done,
    );
    let wanted = [most, last].map(|expires| Loaded::Tombstone { expires });
    expect_one_of(
        "load, a tombstone there",
        &store.load(key(1), NOW).await,
        &wanted,
    );
}
