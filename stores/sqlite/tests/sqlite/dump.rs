//! T5: the file opens no session.

use std::process::Command;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value;
use session_store::Store;
use session_store_sqlite::SqliteStore;

use crate::client::{self, Cookie, request};
use crate::directory::Directory;

/// Decodes the 64 characters of an id: selector and verifier.
fn id(cookie: &Cookie) -> [u8; 48] {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let text = &cookie.as_ref().unwrap().as_bytes()[..64];
    let mut bytes = [0; 48];
    for (three, four) in bytes.chunks_mut(3).zip(text.chunks(4)) {
        let bits = four.iter().fold(0_u32, |bits, digit| {
            bits << 6
                | u32::try_from(digits.iter().position(|other| other == digit).unwrap()).unwrap()
        });
        three.copy_from_slice(&bits.to_be_bytes()[1..]);
    }
    bytes
}

/// Returns the forms in which bytes could be stored. Twelve bytes do not occur by chance; in base64 they have three forms,
/// depending on where they begin.
fn forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    vec![
        bytes[..12].to_vec(),
        hex.as_bytes()[..24].to_vec(),
        hex.to_uppercase().as_bytes()[..24].to_vec(),
    ]
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

/// Reads the files in another process: if this one closed them, SQLite would lose its locks.
fn bytes(directory: &Directory) -> Vec<u8> {
    let script = "cat sessions.db sessions.db-wal";
    Command::new("sh")
        .args(["-c", script])
        .current_dir(directory.path())
        .output()
        .unwrap()
        .stdout
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t5_what_is_stored_opens_nothing() {
    let directory = Directory::new();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(directory.file()).unwrap());
    let source = client::source(store.clone());
    let mut minted: Vec<Cookie> = Vec::new();
    for number in 0..20 {
        let user = format!("user {number}");
        let text = format!("canary {number}");
        let (_, first) = request(&source, &None, |session| {
            session.insert("text", &text).unwrap()
        })
        .await
        .unwrap();
        let (_, second) = request(&source, &first, |session| session.log_in(&user).unwrap())
            .await
            .unwrap();
        let (_, third) = request(&source, &second, |session| session.cycle_id().unwrap())
            .await
            .unwrap();
        assert!(first != second && second != third);
        let (read, _) = request(&source, &third, |session| {
            session.get::<String>("text").unwrap()
        })
        .await
        .unwrap();
        assert_eq!(read.as_deref(), Some(&*text));
        if number % 4 == 0 {
            request(&source, &third, |session| session.clear().unwrap())
                .await
                .unwrap();
        }
        minted.extend([first, second, third]);
    }

    let connection = Connection::open(directory.file()).unwrap();
    let mut statement = connection.prepare("SELECT * FROM sessions").unwrap();
    let columns = statement.column_count();
    let mut keys = Vec::new();
    let mut haystack = bytes(&directory);
    assert!(
        holds(&haystack, b"canary 3"),
        "the dump holds what is stored"
    );
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        keys.push(row.get::<_, [u8; 32]>("key").unwrap());
        for column in 0..columns {
            if let Value::Blob(bytes) = row.get(column).unwrap() {
                haystack.extend(bytes);
            }
        }
    }
    assert_eq!(keys.len(), 20);
    for cookie in &minted {
        let text = cookie.as_ref().unwrap().as_bytes();
        let id = id(cookie);
        let (selector, verifier) = id.split_at(16);
        let mut needles = [forms(selector), forms(verifier)].concat();
        needles.extend([
            text[..20].to_vec(),
            text[24..60].to_vec(),
            text[90..].to_vec(),
        ]);
        for needle in needles {
            assert!(
                !holds(&haystack, &needle),
                "a part of a cookie is in the dump"
            );
        }
    }

    for key in keys {
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = session_core::RecordKey::from_bytes(key).to_text();
        // Also with the signature of a valid cookie.
        let end = minted[2].as_ref().unwrap()[64..].to_owned();
        let long = format!("{text}{text}");
        for forged in [
            hex,
            text.clone(),
            format!("{}{end}", &long[..64]),
            format!("{text}{end}"),
        ] {
            let (read, _) = request(&source, &Some(forged), |session| {
                (
                    session.user(),
                    session.is_empty(),
                    session.rejected().is_some(),
                )
            })
            .await
            .unwrap();
            assert_eq!(read, (None, true, true));
        }
    }
}

/// Deleted data is overwritten in the file.
#[tokio::test]
async fn deleted_data_is_gone() {
    let directory = Directory::new();
    {
        let source = client::source(Arc::new(SqliteStore::open(directory.file()).unwrap()));
        let mut cookies = Vec::new();
        for number in 0..50 {
            let text =
                format!("canary {number} ").repeat(if number % 10 == 0 { 1_000 } else { 10 });
            let login = |session: &session_core::Session| {
                session.insert("text", text).unwrap();
                session.log_in(&format!("owner {number}")).unwrap();
            };
            cookies.push(request(&source, &None, login).await.unwrap().1);
        }
        assert!(holds(&bytes(&directory), b"canary 7") && holds(&bytes(&directory), b"owner 7"));
        for cookie in &cookies {
            request(&source, cookie, |session| session.clear().unwrap())
                .await
                .unwrap();
        }
    }
    let file = std::fs::read(directory.file()).unwrap();
    assert!(!holds(&file, b"canary") && !holds(&file, b"owner 7"));
}
