//! PgBouncer, a pooler between applications and PostgreSQL.

use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::postgres::{is_root, unprivileged};
use crate::{Folder, Postgres, Program, find, free_port, left_out};

/// One in front of a server, in transaction mode: each transaction gets a connection to the server that is free.
#[derive(Debug)]
pub struct PgBouncer {
    // Ends before its folder does.
    _program: Program,
    folder: Folder,
    port: u16,
}

impl PgBouncer {
    /// Starts one that has at most so many connections to the server. `None`, and [said so](left_out), where it is not
    /// installed.
    ///
    /// # Panics
    /// When it is there and does not start.
    #[must_use]
    pub fn start(postgres: &Postgres, connections: usize) -> Option<Self> {
        let Some(program) = find("pgbouncer", &["/usr/sbin".into()]) else {
            left_out("PgBouncer");
            return None;
        };
        let (folder, port) = (Folder::new("pgbouncer"), free_port());
        let settings = format!(
            "[databases]\npostgres = host=127.0.0.1 port={} user=postgres dbname=postgres\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\nunix_socket_dir =\n\
             pool_mode = transaction\ndefault_pool_size = {connections}\nmax_client_conn = 400\n",
            postgres.port()
        );
        let path = folder.path().join("pgbouncer.ini");
        fs::write(&path, settings).unwrap();
        if is_root() {
            assert!(
                Command::new("chown").args(["-R", "postgres"]).arg(folder.path()).status().unwrap().success()
            );
        }
        let mut command = unprivileged(&program);
        command.arg(&path).current_dir(folder.path());
        let program = Program::start(&command, &folder.path().join("log"), "KILL");
        let mut is_ready = postgres.program("pg_isready");
        is_ready.env("PGPORT", port.to_string());
        let pgbouncer = Self { _program: program, folder, port };
        let begun = Instant::now();
        while !is_ready.output().unwrap().status.success() {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "PgBouncer does not start: {}",
                pgbouncer.log()
            );
            sleep(Duration::from_millis(20));
        }
        Some(pgbouncer)
    }

    /// Where it listens, on the loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_to_the_server() {
        let Some(postgres) = Postgres::start(&Postgres::FAST) else { return };
        let Some(pgbouncer) = PgBouncer::start(&postgres, 2) else { return };
        let mut psql = postgres.program("psql");
        psql.env("PGPORT", pgbouncer.port().to_string());
        let answer = psql.args(["-qAtc", "SELECT current_user, inet_server_port()"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&answer.stdout).trim(), format!("postgres|{}", postgres.port()));
    }
}
