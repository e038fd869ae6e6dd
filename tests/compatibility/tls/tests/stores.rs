//! Runs the documented code against servers with certificates of their own.

use std::error::Error;
use std::fmt::Debug;

use servers::{Certificates, Postgres, Redis, free_port};
use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record},
};
use session_store::{Store, StoreError};
use session_store_postgres::PostgresStore;
use session_store_redis::RedisStore;
use tokio_postgres::NoTls;

const GUIDE: &str = include_str!("../../../../docs/stores.md");
const NOW: u64 = 1_700_000_000;

#[test]
fn the_guide_has_these_lines() {
    for file in [
        include_str!("../src/postgres.rs"),
        include_str!("../src/redis.rs"),
    ] {
        let (_, code) = file.split_once("\n\n").unwrap();
        assert!(
            GUIDE.contains(&format!("\n```rust,ignore\n{code}```\n")),
            "{code}"
        );
    }
}

/// Begins, reads and ends a session.
async fn works(store: &dyn Store, number: u8) {
    let key = RecordKey::from_bytes([number; 32]);
    let (user, label, body) = (Some("ada".into()), None, [1, 2, 3].into());
    let record = Record {
        version: 1,
        expires: NOW + 60,
        created: NOW,
        seen: NOW,
        user,
        label,
        body,
    };
    store.index("ada", key, NOW + 60, NOW).await.unwrap();
    assert_eq!(
        store.insert(key, &record, NOW).await.unwrap(),
        Inserted::Done
    );
    assert_eq!(store.load(key, NOW).await.unwrap(), Loaded::Live(record));
    assert_eq!(store.delete(key, NOW).await.unwrap(), Outcome::Done);
}

/// Returns an error's text, with all its causes.
fn causes(error: &dyn Error) -> String {
    let source = error.source().map(causes).unwrap_or_default();
    format!("{error} {source}")
}

/// Fails unless the store returned an error that names this cause.
fn fails_with<T: Debug>(result: Result<T, StoreError>, cause: &str) {
    let error = causes(&result.unwrap_err());
    assert!(error.contains(cause), "{error}");
}

#[tokio::test]
async fn postgres() {
    let (Some(certificates), Some(others)) = (Certificates::new(), Certificates::new()) else {
        return;
    };
    let (certificate, key) = (certificates.certificate(), certificates.key());
    let settings = [
        "ssl=on",
        &format!("ssl_cert_file={}", certificate.display()),
        &format!("ssl_key_file={}", key.display()),
        "log_min_duration_statement=0",
    ];
    let Some(server) = Postgres::start(&[&Postgres::FAST[..], &settings].concat()) else {
        return;
    };
    for (number, host) in [(1, "127.0.0.1"), (2, "localhost")] {
        let url = server.url().replace("127.0.0.1", host) + "?sslmode=require";
        let store = tls::postgres::store(&url, &certificates.authority()).unwrap();
        store.create_schema().await.unwrap();
        works(&store, number).await;
        let open = "SELECT string_agg(DISTINCT ssl::text, ' ') FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                    WHERE client_port > 0 AND pid <> pg_backend_pid()";
        let psql = server
            .program("psql")
            .args(["-qAtc", open])
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&psql.stdout).trim(),
            "true",
            "all are encrypted"
        );

        // A certificate of another authority, and a client without TLS.
        let other = tls::postgres::store(&url, &others.authority()).unwrap();
        fails_with(other.create_schema().await, "invalid peer certificate");
        let plain = PostgresStore::new(url.parse().unwrap(), NoTls);
        fails_with(plain.create_schema().await, "TLS");
    }
    // On a connection to the server itself, as the store found, statements may be prepared.
    assert!(server.log().contains("  parse s"), "{}", server.log());

    // A server without TLS, or an attacker between who removes it.
    let Some(without) = Postgres::start(&Postgres::FAST) else {
        return;
    };
    let store = tls::postgres::store(
        &(without.url() + "?sslmode=require"),
        &certificates.authority(),
    )
    .unwrap();
    fails_with(store.create_schema().await, "server does not support TLS");
}

#[tokio::test]
async fn redis() {
    let (Some(certificates), Some(others)) = (Certificates::new(), Certificates::new()) else {
        return;
    };
    let port = free_port().to_string();
    let [certificate, key, authority] = [
        certificates.certificate(),
        certificates.key(),
        certificates.authority(),
    ]
    .map(|path| path.into_os_string().into_string().unwrap());
    let options = [
        ["--tls-port", &port],
        ["--tls-cert-file", &certificate],
        ["--tls-key-file", &key],
        ["--tls-ca-cert-file", &authority],
        ["--tls-auth-clients", "no"],
    ];
    let Some(_server) = Redis::start(&options.concat()) else {
        return;
    };
    for (number, host) in [(1, "127.0.0.1"), (2, "localhost")] {
        let url = format!("rediss://{host}:{port}");
        let store = tls::redis::store(&url, &certificates.authority()).unwrap();
        store.check().await.unwrap();
        works(&store, number).await;
        // A certificate of another authority, and a client without TLS.
        let other = tls::redis::store(&url, &others.authority()).unwrap();
        fails_with(other.check().await, "invalid peer certificate");
        let client = ::redis::Client::open(url.replace("rediss", "redis")).unwrap();
        let plain = RedisStore::new(client, "shop:sessions:").unwrap();
        fails_with(plain.check().await, "no connection to Redis");
    }
}
