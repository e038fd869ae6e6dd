//! PostgreSQL servers and standbys.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::{Folder, Program, find, free_port, left_out};

/// A PostgreSQL server on the loopback interface, with the role `postgres` without a password, and the database `postgres`.
#[derive(Debug)]
pub struct Postgres {
    /// Dropped before the folder.
    server: Option<Program>,
    folder: Folder,
    programs: PathBuf,
    settings: Vec<String>,
    port: u16,
}

impl Postgres {
    /// Settings for quick tests: no data need survive a loss of power.
    pub const FAST: [&str; 2] = ["fsync=off", "full_page_writes=off"];

    /// Starts a new server with settings of the form `name=value`. Returns `None`, and [prints why](left_out), if PostgreSQL is not
    /// installed.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start(settings: &[&str]) -> Option<Self> {
        let Some(programs) = programs() else {
            left_out("PostgreSQL");
            return None;
        };
        let folder = Folder::new("postgres");
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        if is_root() {
            for path in [folder.path(), &data] {
                assert!(
                    Command::new("chown")
                        .arg("postgres")
                        .arg(path)
                        .status()
                        .unwrap()
                        .success()
                );
            }
        }
        let mut initdb = unprivileged(&programs.join("initdb"));
        initdb.args([
            "--no-sync",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--username=postgres",
        ]);
        let made = initdb
            .arg("-D")
            .arg(&data)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let settings = settings.iter().map(ToString::to_string).collect();
        let mut postgres = Self {
            server: None,
            folder,
            programs,
            settings,
            port: free_port(),
        };
        postgres.start_again();
        Some(postgres)
    }

    /// Starts a standby that follows this server through this port, its own or that of a [`Proxy`](crate::Proxy). The standby
    /// has the data and the settings of this server.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn standby(&self, port: u16) -> Self {
        let folder = Folder::new("postgres");
        if is_root() {
            assert!(
                Command::new("chown")
                    .arg("postgres")
                    .arg(folder.path())
                    .status()
                    .unwrap()
                    .success()
            );
        }
        let mut copy = unprivileged(&self.programs.join("pg_basebackup"));
        copy.args([
            "-h",
            "127.0.0.1",
            "-p",
            &port.to_string(),
            "-U",
            "postgres",
            "-X",
            "stream",
            "-R",
        ]);
        copy.args(["--checkpoint=fast", "--no-sync", "-D"])
            .arg(folder.path().join("data"));
        let made = copy.current_dir(folder.path()).output().unwrap();
        assert!(
            made.status.success(),
            "pg_basebackup: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let (programs, settings) = (self.programs.clone(), self.settings.clone());
        let mut standby = Self {
            server: None,
            folder,
            programs,
            settings,
            port: free_port(),
        };
        standby.start_again();
        standby
    }

    /// Returns the port on which it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the URL for a client.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Returns a command of PostgreSQL, such as `pg_dump`, with the environment for this server.
    #[must_use]
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.envs([
            ("PGHOST", "127.0.0.1"),
            ("PGUSER", "postgres"),
            ("PGDATABASE", "postgres"),
        ]);
        command.env("PGPORT", self.port.to_string());
        command
    }

    /// Returns the log so far.
    ///
    /// # Panics
    /// If the log cannot be read.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.path().join("log")).unwrap()).into_owned()
    }

    /// Returns the server's folder, which the server may write to.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Shuts it down in order: clients are disconnected, and their commits are on the disk.
    pub fn shut_down(&mut self) {
        if let Some(server) = &self.server {
            server.signal("INT");
            wait_until("it ends", || !server.is_running());
        }
        self.server = None;
    }

    /// Kills all its processes, so that it has to recover when it starts again.
    pub fn kill(&mut self) {
        if let Some(server) = &self.server {
            let backends = self.backends();
            server.signal("KILL");
            signal(&backends, "KILL");
            wait_until("it ends", || {
                !server.is_running() && backends.iter().all(|pid| !is_there(pid))
            });
        }
        self.server = None;
    }

    /// Starts it again on its port, after [`shut_down`](Self::shut_down) or [`kill`](Self::kill).
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_again(&mut self) {
        let data = self.folder.path().join("data");
        let mut command = unprivileged(&self.programs.join("postgres"));
        command
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(self.folder.path());
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        command.current_dir(self.folder.path());
        let server = Program::start(&command, &self.folder.path().join("log"), "QUIT");
        let mut is_ready = self.program("pg_isready");
        wait_until("it starts", || {
            assert!(
                server.is_running(),
                "PostgreSQL does not start: {}",
                self.log()
            );
            is_ready.output().unwrap().status.success()
        });
        self.server = Some(server);
    }

    /// Stops all its processes: connections stay open, and no reply comes.
    pub fn hang(&self) {
        if let Some(server) = &self.server {
            server.signal("STOP");
            signal(&self.backends(), "STOP");
        }
    }

    /// Lets its processes go on.
    pub fn go_on(&self) {
        if let Some(server) = &self.server {
            signal(&self.backends(), "CONT");
            server.signal("CONT");
        }
    }

    /// Returns the children of the server's process.
    fn backends(&self) -> Vec<String> {
        let lock =
            fs::read_to_string(self.folder.path().join("data/postmaster.pid")).unwrap_or_default();
        let Some(server) = lock.lines().next().filter(|pid| is_there(pid)) else {
            return Vec::new();
        };
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let pids = processes.filter_map(|process| process.file_name().into_string().ok());
        pids.filter(|pid| parent(pid).as_deref() == Some(server))
            .collect()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.go_on();
    }
}

/// Returns the folder of `initdb` and `postgres`. Debian has each version in a folder of its own, which is not on `PATH`.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    let found = find("initdb", &folders)?;
    let folder = fs::canonicalize(found).ok()?.parent()?.to_owned();
    folder.join("postgres").is_file().then_some(folder)
}

pub(crate) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

/// Returns a command that runs without root's rights, as PostgreSQL demands. It replaces itself by the program, so that the
/// program gets signals.
pub(crate) fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
        .arg(program);
    command
}

fn signal(pids: &[String], signal: &str) {
    if !pids.is_empty() {
        // A process may have ended by itself.
        let _ = Command::new("kill")
            .args(["-s", signal])
            .args(pids)
            .output();
    }
}

fn is_there(pid: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status
        .rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Reads the parent from `pid (name) state parent ..`.
fn parent(pid: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    status
        .rsplit_once(") ")?
        .1
        .split(' ')
        .nth(1)
        .map(ToOwned::to_owned)
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "PostgreSQL: not until {what}"
        );
        sleep(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standby_follows() {
        let Some(postgres) = Postgres::start(&Postgres::FAST) else {
            return;
        };
        one(
            &postgres,
            "CREATE TABLE t (a int); INSERT INTO t VALUES (1)",
        );
        let standby = postgres.standby(postgres.port());
        one(&postgres, "INSERT INTO t VALUES (2)");
        wait_until("it follows", || {
            one(&standby, "SELECT sum(a) FROM t") == "3"
        });
        assert_eq!(one(&standby, "SELECT pg_is_in_recovery()"), "t");
    }

    fn one(postgres: &Postgres, sql: &str) -> String {
        let answer = postgres
            .program("psql")
            .args(["-qAtc", sql])
            .output()
            .unwrap();
        String::from_utf8_lossy(&answer.stdout).trim().to_owned()
    }

    #[test]
    fn keeps_what_it_has_through_its_ends() {
        let Some(mut postgres) = Postgres::start(&["max_connections=7"]) else {
            return;
        };
        assert_eq!(
            one(
                &postgres,
                "CREATE TABLE t (a int); INSERT INTO t VALUES (1); SHOW max_connections"
            ),
            "7"
        );
        postgres.kill();
        assert_eq!(one(&postgres, "SELECT a FROM t"), "");
        postgres.start_again();
        assert_eq!(one(&postgres, "SELECT a FROM t"), "1");
        postgres.shut_down();
        postgres.start_again();
        assert_eq!(one(&postgres, "SELECT a FROM t"), "1");

        postgres.hang();
        let mut waits = postgres
            .program("psql")
            .args(["-qAtc", "SELECT a FROM t"])
            .spawn()
            .unwrap();
        sleep(Duration::from_millis(300));
        assert_eq!(waits.try_wait().unwrap(), None);
        postgres.go_on();
        assert!(waits.wait().unwrap().success());
        let folder = postgres.folder().to_owned();
        let backends = postgres.backends();
        assert!(!backends.is_empty());
        drop(postgres);
        assert!(!folder.exists() && backends.iter().all(|pid| !is_there(pid)));
    }
}
