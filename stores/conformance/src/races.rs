//! Concurrent requests on one session, in every order that their requests to the store can have.

use crate::interleavings::Race;
use crate::request::Does::{
    self, EndsAll, Flashes, LogsIn, LogsInAsAnother, LogsInElsewhere, LogsOut, Renews,
    TakesFlashes, Touches, Writes,
};
use crate::request::sessions;
use crate::store_under_test::StoreUnderTest;

/// Two requests also run with each request to the store sent twice. Three have opened before the first closes: there would be too many
/// interleavings otherwise.
async fn race(store: &StoreUnderTest, has_user: bool, cap: Option<usize>, races: &[&[Does]]) {
    let sessions = sessions(|builder| match cap {
        Some(cap) => builder.max_sessions_per_user(cap),
        None => builder,
    });
    for requests in races {
        for twice in [false, true] {
            let opened = requests.len() > 2;
            if opened && twice {
                continue;
            }
            let race = Race {
                store,
                sessions: &sessions,
                has_user,
                opened,
                twice,
                requests,
            };
            let runs = race.run().await;
            assert!(runs > 1, "{requests:?} do not race");
        }
    }
}

pub(crate) async fn races_of_changes(store: StoreUnderTest) {
    let races: [&[Does]; 7] = [
        &[Writes, Writes],
        &[Writes, Touches],
        &[Flashes, TakesFlashes],
        &[Flashes, Flashes],
        &[TakesFlashes, Writes],
        &[Renews, Writes],
        &[Writes, Writes, Writes],
    ];
    race(&store, false, None, &races).await;
}

pub(crate) async fn races_with_a_logout(store: StoreUnderTest) {
    let races: [&[Does]; 7] = [
        &[Writes, LogsOut],
        &[Touches, LogsOut],
        &[LogsOut, LogsOut],
        &[Renews, LogsOut],
        &[TakesFlashes, LogsOut],
        &[LogsIn, LogsOut],
        &[Writes, Writes, LogsOut],
    ];
    race(&store, false, None, &races).await;
    race(
        &store,
        true,
        None,
        &[
            &[Writes, LogsOut],
            &[Touches, LogsOut],
            &[LogsInAsAnother, LogsOut],
        ],
    )
    .await;
}

pub(crate) async fn races_with_a_login(store: StoreUnderTest) {
    let races: [&[Does]; 6] = [
        &[Writes, LogsIn],
        &[Touches, LogsIn],
        &[Renews, LogsIn],
        &[LogsIn, LogsIn],
        &[LogsIn, LogsInAsAnother],
        &[Writes, LogsIn, Writes],
    ];
    race(&store, false, None, &races).await;
}

pub(crate) async fn races_with_delete_all(store: StoreUnderTest) {
    let races: [&[Does]; 6] = [
        &[Writes, EndsAll],
        &[Touches, EndsAll],
        &[LogsOut, EndsAll],
        &[LogsIn, EndsAll],
        &[LogsInAsAnother, EndsAll],
        &[Writes, EndsAll, EndsAll],
    ];
    race(&store, true, None, &races).await;
}

pub(crate) async fn races_with_a_cap(store: StoreUnderTest) {
    let races: [&[Does]; 3] = [
        &[LogsInElsewhere, Writes],
        &[LogsInElsewhere, Touches],
        &[LogsInElsewhere, LogsInElsewhere],
    ];
    race(&store, true, Some(1), &races).await;
}
