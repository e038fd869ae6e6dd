//! The number of commands that a verb takes.

use redis::{Value, cmd};
use servers::Redis;
use session_core::protocol::{Inserted, Outcome, Updated};
use session_store::Store;

use crate::{HOUR, NOW, connect, key, record, store};

/// A read and a write take one command each, after the server knows the scripts.
#[tokio::test]
async fn one_round_trip() {
    let Some(redis) = Redis::start(&[]) else {
        return;
    };
    let store = store(&redis, "test:").await;
    let mut monitor = Monitor::start(&redis).await;
    let live = record(1, Some("ada"));
    for round in 0..2 {
        let place = key(round);
        store.index("ada", place, NOW + HOUR, NOW).await.unwrap();
        let indexed = monitor.commands().await;
        assert_eq!(
            store.insert(place, &live, NOW).await.unwrap(),
            Inserted::Done
        );
        let inserted = monitor.commands().await;
        store.load(place, NOW).await.unwrap();
        let loaded = monitor.commands().await;
        let next = record(2, Some("ada"));
        assert_eq!(
            store.update(place, 1, &next, NOW).await.unwrap(),
            Updated::Done
        );
        let updated = monitor.commands().await;
        assert!(matches!(
            store.update(place, 1, &next, NOW).await.unwrap(),
            Updated::Conflict(_)
        ));
        let conflict = monitor.commands().await;
        assert_eq!(
            store.touch(place, NOW + 2 * HOUR, NOW).await.unwrap(),
            Outcome::Done
        );
        let touched = monitor.commands().await;
        assert_eq!(store.delete(place, NOW).await.unwrap(), Outcome::Done);
        let deleted = monitor.commands().await;
        store.unindex("ada", place).await.unwrap();
        let unindexed = monitor.commands().await;

        assert_eq!(
            (loaded, conflict, unindexed),
            (
                vec!["HMGET".into()],
                vec!["EVALSHA".into()],
                vec!["ZREM".into()]
            )
        );
        let first = ["EVALSHA".to_owned(), "EVAL".to_owned()];
        for commands in [indexed, inserted, updated, touched, deleted] {
            assert_eq!(commands, first[..2 - usize::try_from(round).unwrap()]);
        }
    }
}

/// Listens to the commands that clients send; those of scripts are left out.
struct Monitor {
    lines: tokio::io::Lines<tokio::io::BufReader<tokio::net::TcpStream>>,
    redis: redis::aio::ConnectionManager,
}

impl Monitor {
    async fn start(redis: &Redis) -> Self {
        use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _};
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", redis.port()))
            .await
            .unwrap();
        stream.write_all(b"MONITOR\r\n").await.unwrap();
        let mut lines = tokio::io::BufReader::new(stream).lines();
        assert_eq!(lines.next_line().await.unwrap().unwrap(), "+OK");
        Self {
            lines,
            redis: connect(&redis.url(), std::time::Duration::from_secs(10)).await,
        }
    }

    /// Returns the commands since the last call.
    async fn commands(&mut self) -> Vec<String> {
        let _: Value = cmd("ECHO")
            .arg("until here")
            .query_async(&mut self.redis)
            .await
            .unwrap();
        let mut commands = Vec::new();
        loop {
            // +time [database address] "command" "argument"..
            let line = self.lines.next_line().await.unwrap().unwrap();
            let (from, command) = line.split_once("] \"").unwrap();
            let name = command.split('"').next().unwrap().to_uppercase();
            match &*name {
                "ECHO" => return commands,
                // The first command of a connection.
                "CLIENT" => {}
                _ if from.ends_with(" lua") => {}
                _ => commands.push(name),
            }
        }
    }
}
