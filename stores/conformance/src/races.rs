//! Requests on one session at once, in every order that their questions to the store can have.

use crate::interleavings::Race;
use crate::request::Does::{
    self, EndsAll, Flashes, LogsIn, LogsInAsAnother, LogsInElsewhere, LogsOut, Renews,
    TakesFlashes, Touches, Writes,
};
use crate::request::sessions;
use crate::store_under_test::Tested;

/// Two requests: also with each question asked twice. Three have read before the first writes, or there would be too many
/// interleavings.
async fn race(store: &Tested, owned: bool, cap: Option<usize>, races: &[&[Does]]) {
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
                owned,
                opened,
                twice,
                requests,
            };
            let runs = race.run().await;
            assert!(runs > 1, "{requests:?} do not race");
        }
    }
}

pub(crate) async fn races_of_changes(store: Tested) {
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

pub(crate) async fn races_with_a_logout(store: Tested) {
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

pub(crate) async fn races_with_a_login(store: Tested) {
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

pub(crate) async fn races_with_the_end_of_all(store: Tested) {
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

pub(crate) async fn races_with_a_cap(store: Tested) {
    let races: [&[Does]; 3] = [
        &[LogsInElsewhere, Writes],
        &[LogsInElsewhere, Touches],
        &[LogsInElsewhere, LogsInElsewhere],
    ];
    race(&store, true, Some(1), &races).await;
}
