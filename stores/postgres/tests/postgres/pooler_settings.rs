//! Settings of connections behind a pooler.

use std::error::Error as _;

use servers::{PgBouncer, Postgres, Release};
use session_core::protocol::Loaded;
use session_store::Store;
use session_store_postgres::PostgresStore;
use tokio_postgres::NoTls;

use crate::pooler::{connect, pgbouncer};
use crate::tools::*;

/// A setting that the pooler refuses is an error that says what to do.
#[tokio::test]
async fn a_setting_that_it_refuses() {
    let newer = "unsupported startup parameter in options: lock_timeout";
    let not_understood = "unsupported options startup parameter";
    for (release, options, says) in [
        (
            Release::System,
            "-c lock_timeout=3s",
            "unsupported startup parameter",
        ),
        (Release::Newer, "-c lock_timeout=3s", newer),
        (Release::Newer, "--lock_timeout=3s", newer),
        (Release::Newer, "-B 1000", not_understood),
    ] {
        let Some(pgbouncer) = pgbouncer(release) else {
            continue;
        };
        let mut config = config(pgbouncer.port());
        config.options(options);
        let error = PostgresStore::new(config, NoTls)
            .load(key(1), NOW)
            .await
            .unwrap_err();
        assert!(
            error.is_refused() && error.to_string().contains("ALTER ROLE"),
            "{error}"
        );
        let source = error.source().unwrap().to_string();
        assert!(source.contains(says), "{release:?}: {source}");
    }
}

/// A setting that the pooler ignores has no effect, also if the pooler is told to track it: PostgreSQL does not report it. The
/// setting of the role has one.
#[tokio::test]
async fn a_setting_that_it_ignores() {
    let Some(server) = Postgres::start(&Postgres::FAST) else {
        return;
    };
    let passes_over = [
        (Release::System, "ignore_startup_parameters=options"),
        (Release::Newer, "ignore_startup_parameters=options"),
        (Release::Newer, "ignore_startup_parameters=lock_timeout"),
        (Release::Newer, "track_extra_parameters=lock_timeout"),
    ];
    let role = connect(server.port()).await;
    for of_role in ["0", "3s"] {
        role.batch_execute(&format!(
            "ALTER ROLE postgres SET lock_timeout = '{of_role}'"
        ))
        .await
        .unwrap();
        for (release, setting) in passes_over {
            let Some(pgbouncer) = PgBouncer::start(&server, release, 1, &[setting]) else {
                continue;
            };
            let mut config = config(pgbouncer.port());
            config.options("-c lock_timeout=7s");
            let store = PostgresStore::new(config.clone(), NoTls);
            store.create_schema().await.unwrap();
            assert!(
                matches!(store.load(key(1), NOW).await.unwrap(), Loaded::NotFound),
                "{setting}"
            );
            let (client, connection) = config.connect(NoTls).await.unwrap();
            tokio::spawn(connection);
            let shown = client.query_typed("SHOW lock_timeout", &[]).await.unwrap();
            assert_eq!(
                shown[0].get::<_, &str>(0),
                of_role,
                "{release:?}, {setting}"
            );
        }
    }
}

/// The store looks for a server that accepts writes, through a pooler, too.
#[tokio::test]
async fn a_server_that_may_only_be_read() {
    let Some(server) =
        Postgres::start(&[&Postgres::FAST[..], &["default_transaction_read_only=on"]].concat())
    else {
        return;
    };
    for release in Release::ALL {
        let Some(pgbouncer) = PgBouncer::start(&server, release, 3, &[]) else {
            continue;
        };
        let error = PostgresStore::new(config(pgbouncer.port()), NoTls)
            .load(key(1), NOW)
            .await
            .unwrap_err();
        let source = error.source().unwrap().to_string();
        assert!(
            source.contains("does not allow writes") && !error.is_refused(),
            "{release:?}: {source}"
        );
    }
}
