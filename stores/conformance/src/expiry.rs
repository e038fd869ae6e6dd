//! The rules of `delete_expired` and of `durability`.

use session_core::protocol::{Loaded, Record};

use crate::store_under_test::{
    HOUR, NOW, StoreUnderTest, expect, expect_one_of, hold, key, record,
};

pub(crate) async fn durability_is_reported(store: StoreUnderTest) {
    let replies = [store.durability().await, store.durability().await];
    hold("durability, called twice: equal", replies[0] == replies[1]);
}

pub(crate) async fn delete_expired_by_batches(store: StoreUnderTest) {
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
