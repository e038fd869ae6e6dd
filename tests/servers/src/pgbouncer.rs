//! PgBouncer, a pooler between applications and PostgreSQL.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::postgres::{is_root, unprivileged};
use crate::{Folder, Postgres, Program, find, free_port, left_out};

/// A PgBouncer in front of a server, by default in transaction mode: each transaction gets a free connection to the
/// server.
#[derive(Debug)]
pub struct PgBouncer {
    // Dropped before its folder.
    _program: Program,
    _folder: Folder,
    port: u16,
}

/// A release of PgBouncer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// The release of the system. Debian 12 has 1.18, which does not track prepared statements.
    System,
    /// 1.24, which tracks them across connections. `scripts/test` builds it into the build folder.
    Newer,
}

impl Release {
    /// Both releases.
    pub const ALL: [Self; 2] = [Self::System, Self::Newer];

    fn program(self) -> Option<PathBuf> {
        match self {
            Self::System => find("pgbouncer", &["/usr/sbin".into()]),
            Self::Newer => {
                let this = std::env::current_exe().unwrap();
                let folders = this.ancestors().skip(1);
                let mut programs = folders.map(|folder| folder.join("tools/bin/pgbouncer"));
                programs.find(|program| program.is_file())
            }
        }
    }
}

impl PgBouncer {
    /// Starts a PgBouncer with at most this number of connections to the server, and with settings of the form `name=value`.
    /// Returns `None`, and [prints why](left_out), if it is not installed.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start(
        postgres: &Postgres,
        release: Release,
        connections: usize,
        settings: &[&str],
    ) -> Option<Self> {
        let Some(program) = release.program() else {
            left_out(&format!("PgBouncer ({release:?})"));
            return None;
        };
        let (folder, port) = (Folder::new("pgbouncer"), free_port());
        // The last of two equal settings is valid.
        let settings = format!(
            "[databases]\npostgres = host=127.0.0.1 port={} user=postgres dbname=postgres\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\nunix_socket_dir =\n\
             pool_mode = transaction\ndefault_pool_size = {connections}\nmax_client_conn = 400\n{}\n",
            postgres.port(),
            settings.join("\n")
        );
        let path = folder.path().join("pgbouncer.ini");
        fs::write(&path, settings).unwrap();
        // Only root may be able to enter the build folder.
        let own = folder.path().join("pgbouncer");
        run(Command::new("cp").arg(program).arg(&own));
        if is_root() {
            run(Command::new("chown")
                .args(["-R", "postgres"])
                .arg(folder.path()));
        }
        let mut command = unprivileged(&own);
        command.arg(&path).current_dir(folder.path());
        let program = Program::start(&command, &folder.path().join("log"), "KILL");
        let mut is_ready = postgres.program("pg_isready");
        is_ready.env("PGPORT", port.to_string());
        let begun = Instant::now();
        while !is_ready.output().unwrap().status.success() {
            assert!(
                program.is_running() && begun.elapsed() < Duration::from_secs(60),
                "PgBouncer does not start: {}",
                fs::read_to_string(folder.path().join("log")).unwrap_or_default()
            );
            sleep(Duration::from_millis(20));
        }
        Some(Self {
            _program: program,
            _folder: folder,
            port,
        })
    }

    /// Returns the port of the loopback interface on which it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(postgres: &Postgres, pgbouncer: &PgBouncer, sql: &str) -> String {
        let mut psql = postgres.program("psql");
        psql.env("PGPORT", pgbouncer.port().to_string());
        let answer = psql.args(["-qAtc", sql]).output().unwrap();
        String::from_utf8_lossy(&answer.stdout).trim().to_owned()
    }

    #[test]
    fn leads_to_the_server() {
        let Some(postgres) = Postgres::start(&Postgres::FAST) else {
            return;
        };
        for release in Release::ALL {
            let Some(pgbouncer) = PgBouncer::start(&postgres, release, 2, &[]) else {
                continue;
            };
            let answer = ask(
                &postgres,
                &pgbouncer,
                "SELECT current_user, inet_server_port()",
            );
            assert_eq!(
                answer,
                format!("postgres|{}", postgres.port()),
                "{release:?}"
            );
        }
    }

    #[test]
    fn settings_are_taken() {
        let Some(postgres) = Postgres::start(&Postgres::FAST) else {
            return;
        };
        // A release that does not track prepared statements does not start with the first setting.
        let settings = ["max_prepared_statements=7", "pool_mode=session"];
        let Some(pgbouncer) = PgBouncer::start(&postgres, Release::Newer, 1, &settings) else {
            return;
        };
        ask(&postgres, &pgbouncer, "SET lock_timeout = '7s'");
        assert_eq!(
            ask(&postgres, &pgbouncer, "SHOW lock_timeout"),
            "0",
            "it is another session"
        );
    }
}
