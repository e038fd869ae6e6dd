//! A full disk: writes get the documented error, reads go on, no acknowledged write is lost, and with free space writes go on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use session_core::Error;
use session_store::{SessionBackend, Store};
use session_store_sqlite::SqliteStore;

use crate::child::{Other, block_on, command, report};
use crate::client::{self, Cookie, request};
use crate::directory::Directory;

/// Logs in with 20 kB each until a write fails. Returns the acknowledged logins and the error.
async fn fill(source: &SessionBackend, most: usize) -> (Vec<Cookie>, Option<Error>) {
    let mut cookies = Vec::new();
    while cookies.len() < most {
        let number = cookies.len();
        let handler = |session: &session_core::Session| {
            session.insert("number", number).unwrap();
            session.insert("text", "x".repeat(20_000)).unwrap();
        };
        match request(source, &None, handler).await {
            Ok((_, cookie)) => cookies.push(cookie),
            Err(error) => return (cookies, Some(error)),
        }
    }
    (cookies, None)
}

async fn check(source: &SessionBackend, cookies: &[Cookie]) {
    for (number, cookie) in cookies.iter().enumerate() {
        let (read, _) = request(source, cookie, |session| session.get("number").unwrap())
            .await
            .unwrap();
        assert_eq!(read, Some(number), "acknowledged but lost");
    }
}

/// A file system of eight megabytes that is unmounted on drop.
struct Mount(PathBuf);

impl Mount {
    fn new(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=8m", "none"])
            .arg(at)
            .output();
        mounted
            .is_ok_and(|output| output.status.success())
            .then(|| Self(at.into()))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_file_system() {
    let directory = Directory::new();
    let Some(mount) = Mount::new(&directory.path().join("small")) else {
        eprintln!(
            "LEFT OUT: a full file system, since this user may not mount one (run as root); `a_file_that_may_not_grow` ran"
        );
        return;
    };
    let ballast = mount.0.join("ballast");
    fs::write(&ballast, vec![1; 5_000_000]).unwrap();
    let store = Arc::new(SqliteStore::open(mount.0.join("sessions.db")).unwrap());
    let source = client::source(store.clone());
    let (cookies, error) = fill(&source, 1_000).await;
    assert_eq!(error, Some(Error::Unavailable));
    assert!(!cookies.is_empty());
    check(&source, &cookies).await;

    // The message of the store, and that a retry does not help.
    let body = vec![0; 200_000].into();
    let record = session_core::protocol::Record {
        version: 1,
        expires: 9,
        created: 1,
        seen: 1,
        user: None,
        label: None,
        body,
    };
    let key = session_core::RecordKey::from_bytes([7; 32]);
    let error = store.insert(key, &record, 1).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the disk that holds the database of the sessions is full"),
        "{error}"
    );
    assert!(error.is_refused());
    assert_eq!(
        store.load(key, 1).await.unwrap(),
        session_core::protocol::Loaded::NotFound
    );

    // With free space it goes on by itself, and nothing was lost.
    fs::remove_file(&ballast).unwrap();
    check(&source, &cookies).await;
    for cookie in &cookies {
        request(&source, cookie, |session| session.clear().unwrap())
            .await
            .unwrap();
    }
    let (more, error) = fill(&source, 3).await;
    assert_eq!((more.len(), error), (3, None));
    check(&source, &more).await;
    for cookie in &more {
        request(&source, cookie, |session| session.clear().unwrap())
            .await
            .unwrap();
    }
    drop((source, store));
    drop(mount);
}

/// On a read-only file system opening fails with a clear error, and the file stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_file_system() {
    let directory = Directory::new();
    let Some(mount) = Mount::new(&directory.path().join("small")) else {
        eprintln!(
            "LEFT OUT: a file system that cannot be written, since this user may not mount one (run as root)"
        );
        return;
    };
    let file = mount.0.join("sessions.db");
    let cookies = {
        let source = client::source(Arc::new(SqliteStore::open(&file).unwrap()));
        fill(&source, 3).await.0
    };
    let remount = |mode| {
        Command::new("mount")
            .args(["-o", mode])
            .arg(&mount.0)
            .status()
            .unwrap()
    };
    assert!(remount("remount,ro").success());
    let error = SqliteStore::open(&file).unwrap_err().to_string();
    let expected = "give this process the right to write the file and its directory";
    assert!(error.ends_with(expected), "{error}");
    let error = SqliteStore::open(mount.0.join("other.db"))
        .unwrap_err()
        .to_string();
    assert!(error.ends_with("it cannot be created"), "{error}");
    assert!(remount("remount,rw").success());
    check(
        &client::source(Arc::new(SqliteStore::open(&file).unwrap())),
        &cookies,
    )
    .await;
    drop(mount);
}

/// Files may not exceed 3 MiB: like a full disk, without the right to mount one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_may_not_grow() {
    let directory = Directory::new();
    // `ulimit` counts blocks of 512 or 1024 bytes, depending on the shell. The signal is ignored, so that the write fails.
    let limited = "trap '' XFSZ; ulimit -f 3072; exec \"$@\"";
    let mut other = Other::start(command("fills", &directory.file(), Some(limited)));
    let cookies = other.reads("filled ");
    assert!(other.process.wait().unwrap().success());
    let cookies: Vec<Cookie> = cookies
        .split(',')
        .map(|cookie| Some(cookie.to_owned()))
        .collect();
    assert!(cookies.len() > 10);
    let source = client::source(Arc::new(SqliteStore::open(directory.file()).unwrap()));
    check(&source, &cookies).await;
    let (more, error) = fill(&source, 30).await;
    assert_eq!((more.len(), error), (30, None));
    check(&source, &cookies).await;
}

/// The part of the other process.
pub(crate) fn fill_limited(file: &Path) {
    block_on(async {
        let source = client::source(Arc::new(SqliteStore::open(file).unwrap()));
        let (cookies, error) = fill(&source, 10_000).await;
        assert_eq!(error, Some(Error::Unavailable));
        check(&source, &cookies).await;
        report(&format!(
            "filled {}",
            cookies.into_iter().flatten().collect::<Vec<_>>().join(",")
        ));
    });
}
