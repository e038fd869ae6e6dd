//! Sessions of one application on every back end, over real HTTP. Where several processes can share the back end, two server
//! processes do: the changes of 64 concurrent clients add up exactly, and a session that one process ended stays ended in the
//! other.

#![allow(clippy::unwrap_used, clippy::panic)]

mod application;
mod client;
mod clients;
mod ledger;
mod place;
mod process;
mod revival;

use servers::{Folder, Postgres, Redis};

use crate::place::Place;

/// One after another: each of them is busy enough.
async fn exact_and_dead(place: &Place) {
    clients::sixty_four_share_a_session(place).await;
    clients::sixty_four_have_their_own(place).await;
    revival::what_ended_in_one_process_stays_dead(place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_on_memory() {
    exact_and_dead(&Place::memory().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_file() {
    let folder = Folder::new("backends");
    let file = folder.path().join("sessions.db");
    exact_and_dead(&Place::shared(&format!("sqlite:{}", file.display())).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_redis() {
    if let Some(redis) = Redis::start(&[]) {
        exact_and_dead(&Place::shared(&redis.url()).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_postgres() {
    if let Some(postgres) = Postgres::start(&Postgres::FAST) {
        exact_and_dead(&Place::shared(&postgres.url()).await).await;
    }
}
