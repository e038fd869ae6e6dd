//! A full disk.

use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use servers::{Folder, Postgres};
use session_core::{
    Error,
    protocol::{Inserted, Loaded},
};
use session_store::Store;
use session_store_postgres::PostgresStore;

use crate::tools::*;

/// A disk of a few megabytes, mounted for this test.
struct Disk(Folder);

impl Disk {
    /// Returns `None`, and prints why, if mounting is not allowed.
    fn mount() -> Option<Self> {
        use std::io::Write as _;
        let folder = Folder::new("disk");
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=6m,mode=777", "tmpfs"])
            .arg(folder.path());
        if mount.output().is_ok_and(|mounted| mounted.status.success()) {
            return Some(Self(folder));
        }
        let message =
            b"LEFT OUT: a full disk, since this user may not mount one of a few megabytes.\n";
        std::io::stderr().write_all(message).unwrap();
        None
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// The table's disk is full: writes are refused immediately, sessions stay readable, and free space helps.
#[tokio::test]
async fn the_disk_is_full() {
    let Some(disk) = Disk::mount() else { return };
    let Some(server) = Postgres::start(&Postgres::FAST) else {
        return;
    };
    let place = disk.0.path().join("space");
    std::fs::create_dir(&place).unwrap();
    let owned = Command::new("chown")
        .args(["postgres"])
        .arg(&place)
        .status()
        .unwrap();
    assert!(owned.success());
    let ballast = disk.0.path().join("ballast");
    std::fs::write(&ballast, vec![1; 2 << 20]).unwrap();
    let plain = pool(server.port(), 1);
    run(
        &plain,
        &format!("CREATE TABLESPACE small LOCATION '{}'", place.display()),
    )
    .await;
    let pool = pool_with(server.port(), 4, "-c default_tablespace=small");
    let store = PostgresStore::with_pool(pool.clone());
    store.create_schema().await.unwrap();

    // Bytes that do not compress.
    let mut state = 1_u64;
    let mut noise = || {
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        };
        (0..100_000).map(|_| next()).collect::<Vec<u8>>()
    };
    let mut kept = Vec::new();
    let error = loop {
        let number = kept.len() as u64;
        let large = session_core::protocol::Record {
            body: noise().into(),
            ..record(number, Some("ada"))
        };
        match store.insert(key(number), &large, NOW).await {
            Ok(inserted) => {
                assert_eq!(inserted, Inserted::Done);
                kept.push(large);
            }
            Err(error) => break error,
        }
        assert!(kept.len() < 100);
    };
    assert_eq!(error.to_string(), "the disk of PostgreSQL is full");
    assert!(error.is_refused() && kept.len() > 5);
    let sessions = source(PostgresStore::with_pool(pool.clone()));
    let begun = Instant::now();
    let large = Browser::default();
    let body = BASE64.encode(noise());
    let visit = large
        .visit(&sessions, |session| session.insert("large", &body))
        .await;
    assert_eq!(visit, Err(Error::Unavailable));
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "refused, not waited for"
    );
    assert!(large.cookies().is_empty());

    for (number, record) in (0..).zip(&kept) {
        assert_eq!(
            store.load(key(number), NOW).await.unwrap(),
            Loaded::Live(record.clone())
        );
    }
    std::fs::remove_file(&ballast).unwrap();
    large
        .visit(&sessions, |session| session.insert("large", &body))
        .await
        .unwrap();
    assert_eq!(
        store.list("ada", 1000, NOW).await.unwrap().len(),
        kept.len()
    );
}
