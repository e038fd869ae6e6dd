//! Redis servers and clusters. `SESSION_REDIS_SERVER` may name another program, such as `valkey-server`.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::{Folder, Program, find, free_port, left_out};

/// The time limit for a server to start, and for a cluster to agree.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);
const SLOTS: usize = 16384;

/// A server that ends when it is dropped.
#[derive(Debug)]
pub struct Redis {
    // Dropped before its folder.
    program: Option<Program>,
    command: Command,
    port: u16,
    folder: Folder,
}

impl Redis {
    /// Starts a server with these options, such as `["--appendonly", "yes"]`. By default it stores nothing on the disk.
    /// Returns `None`, and prints why, if the program is not installed.
    ///
    /// # Panics
    /// If it does not reply.
    #[must_use]
    pub fn start(options: &[&str]) -> Option<Self> {
        let name =
            std::env::var("SESSION_REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned());
        let Some(program) = find(&name, &[]) else {
            left_out(&name);
            return None;
        };
        for _ in 0..5 {
            let (folder, port) = (Folder::new("redis"), free_port());
            let mut command = Command::new(&program);
            command.args([
                "--bind",
                "127.0.0.1",
                "--port",
                &port.to_string(),
                "--save",
                "",
                "--dir",
            ]);
            command.arg(folder.path()).args(options);
            let mut redis = Self {
                program: None,
                command,
                port,
                folder,
            };
            redis.launch();
            if redis.is_up() {
                return Some(redis);
            }
            // Another process took the port first.
        }
        panic!("{name} does not start");
    }

    /// Returns the port of the loopback interface on which it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Returns the reply to a command, with one line for each element of an array.
    ///
    /// # Panics
    /// If it does not reply.
    pub fn ask(&self, command: &[&str]) -> String {
        ask(self.port, command).unwrap()
    }

    /// Kills it immediately, like a crash: `kill -9`.
    ///
    /// # Panics
    /// If it has ended already.
    pub fn kill(&mut self) {
        if let Some(program) = self.program.take() {
            program.signal("KILL");
        }
    }

    /// Starts it again, in its folder and on its port.
    ///
    /// # Panics
    /// If it does not reply.
    pub fn restart(&mut self) {
        self.program = None;
        self.launch();
        assert!(self.is_up(), "it does not start again");
    }

    /// Stops its process. Its connections stay open.
    ///
    /// # Panics
    /// If it has ended.
    pub fn hang(&self) {
        self.signal("STOP");
    }

    /// Lets it go on after [`hang`](Self::hang).
    ///
    /// # Panics
    /// If it has ended.
    pub fn go_on(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        self.program.as_ref().unwrap().signal(signal);
    }

    fn launch(&mut self) {
        self.program = Some(Program::start(
            &self.command,
            &self.folder.path().join("log"),
            "KILL",
        ));
    }

    /// Waits until this process replies, and not another one on its port.
    fn is_up(&self) -> bool {
        let program = self.program.as_ref().unwrap();
        let process = format!("process_id:{}\r\n", program.pid());
        let begun = Instant::now();
        while program.is_running() && begun.elapsed() < PATIENCE {
            let said = |command: &[&str]| ask(self.port, command).unwrap_or_default();
            // While it loads its data, it replies with an error.
            if said(&["INFO", "server"]).contains(&process) && said(&["PING"]) == "PONG" {
                return true;
            }
            thread::sleep(PAUSE);
        }
        false
    }
}

/// A cluster of several servers.
#[derive(Debug)]
pub struct Cluster {
    /// The masters, then a replica of each, if there are any.
    pub nodes: Vec<Redis>,
}

impl Cluster {
    /// Starts this number of masters, and of replicas for each of them. Returns `None` like [`Redis::start`].
    ///
    /// # Panics
    /// If they do not agree on the slots.
    #[must_use]
    pub fn start(masters: usize, replicas: usize) -> Option<Self> {
        let mut nodes = Vec::new();
        let mut buses = Vec::new();
        for _ in 0..masters * (1 + replicas) {
            let bus = free_port().to_string();
            let options = [
                "--cluster-enabled",
                "yes",
                "--cluster-node-timeout",
                "2000",
                "--cluster-port",
                &bus,
            ];
            let replication = [
                "--repl-ping-replica-period",
                "1",
                "--repl-diskless-sync-delay",
                "0",
            ];
            nodes.push(Redis::start(&[&options[..], &replication].concat())?);
            buses.push(bus);
        }
        let cluster = Self { nodes };
        for (number, node) in cluster.nodes.iter().enumerate() {
            cluster.tell(
                number,
                &["CLUSTER", "SET-CONFIG-EPOCH", &(number + 1).to_string()],
            );
            if number < masters {
                let (first, next) = (SLOTS * number / masters, SLOTS * (number + 1) / masters);
                let (first, last) = (first.to_string(), (next - 1).to_string());
                cluster.tell(number, &["CLUSTER", "ADDSLOTSRANGE", &first, &last]);
            }
            cluster.tell(
                0,
                &[
                    "CLUSTER",
                    "MEET",
                    "127.0.0.1",
                    &node.port.to_string(),
                    &buses[number],
                ],
            );
        }
        let count = cluster.nodes.len().to_string();
        cluster.agree(|info| info.contains(&format!("cluster_known_nodes:{count}\r\n")));
        for number in masters..cluster.nodes.len() {
            let master = cluster.nodes[number % masters].ask(&["CLUSTER", "MYID"]);
            cluster.tell(number, &["CLUSTER", "REPLICATE", &master]);
        }
        cluster.agree(|info| {
            info.contains("cluster_state:ok")
                && info.contains(&format!("cluster_size:{masters}\r\n"))
        });
        for number in masters..cluster.nodes.len() {
            wait_until(|| {
                cluster.nodes[number]
                    .ask(&["INFO", "replication"])
                    .contains("master_link_status:up")
            });
        }
        Some(cluster)
    }

    /// Returns the addresses of all nodes.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(Redis::url).collect()
    }

    fn tell(&self, number: usize, command: &[&str]) {
        assert_eq!(self.nodes[number].ask(command), "OK", "{command:?}");
    }

    fn agree(&self, on: impl Fn(&str) -> bool) {
        for node in &self.nodes {
            wait_until(|| on(&node.ask(&["CLUSTER", "INFO"])));
        }
    }
}

fn wait_until(done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "the nodes do not agree");
        thread::sleep(PAUSE);
    }
}

/// Sends a command over a connection of its own.
fn ask(port: u16, command: &[&str]) -> io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut question = format!("*{}\r\n", command.len());
    for part in command {
        question.push_str(&format!("${}\r\n{part}\r\n", part.len()));
    }
    stream.write_all(question.as_bytes())?;
    read(&mut BufReader::new(stream))
}

/// Reads a reply of the protocol RESP2, as text.
fn read(from: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let malformed = || io::Error::from(io::ErrorKind::InvalidData);
    let (kind, rest) = line.trim_end().split_at_checked(1).ok_or_else(malformed)?;
    if kind == "+" || kind == "-" || kind == ":" {
        return Ok(rest.to_owned());
    }
    let Ok(length) = rest.parse::<i64>().map_err(|_| malformed())?.try_into() else {
        // -1 is a null.
        return Ok(String::new());
    };
    if kind == "*" {
        let elements: io::Result<Vec<_>> = (0..length).map(|_| read(from)).collect();
        return Ok(elements?.join("\n"));
    }
    let mut text = vec![0; length + 2];
    from.read_exact(&mut text)?;
    text.truncate(length);
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_a_kill_and_a_halt() {
        let Some(mut redis) = Redis::start(&["--appendonly", "yes", "--appendfsync", "always"])
        else {
            return;
        };
        assert_eq!(redis.ask(&["SET", "a", "1"]), "OK");
        redis.kill();
        redis.restart();
        assert_eq!(redis.ask(&["MGET", "a", "b"]), "1\n");
        redis.hang();
        redis.go_on();
        assert_eq!(
            redis.ask(&["CONFIG", "GET", "appendfsync"]),
            "appendfsync\nalways"
        );
    }

    #[test]
    fn a_cluster_with_replicas() {
        let Some(cluster) = Cluster::start(3, 1) else {
            return;
        };
        assert_eq!(cluster.urls().len(), 6);
        assert!(cluster.nodes[5].ask(&["ROLE"]).starts_with("slave\n"));
    }
}
