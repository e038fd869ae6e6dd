//! Checks that every tour ends soon at SIGTERM and at Ctrl-C, without losing a request.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "it is all tests")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use scenarios::server::{Server, Tour};

const SECRET: &str = "the SECRET_KEY of tours that are stopped, long enough";

/// For steps that take milliseconds on an idle machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Less than the eight seconds that a tour grants to current requests, so the tour did not wait
/// without reason.
const SOON: Duration = Duration::from_secs(6);
/// More than those eight seconds, for a busy machine.
const BOUND: Duration = Duration::from_secs(20);

const BODY: &str = "message=stopped&category=message";

/// A connection that stays open.
struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// Reads the lines up to the next empty one.
    fn head(&mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(
                self.0.read_line(&mut head).unwrap(),
                0,
                "cut after {head:?}"
            );
        }
        head
    }

    fn rest(&mut self) -> String {
        let mut rest = String::new();
        self.0.read_to_string(&mut rest).unwrap();
        rest
    }

    /// Opens a connection over which one request is answered, and no more are sent.
    fn idle(server: &Server) -> Self {
        let mut client = Self::connect(server);
        client.send("GET /untouched HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert!(client.head().starts_with("HTTP/1.1 200 "));
        let mut body = [0; 7];
        client.0.read_exact(&mut body).unwrap();
        assert_eq!(&body, b"nothing");
        client
    }

    /// Sends a request whose handler waits for the second half of its form. The server asks for the
    /// first half when the handler does.
    fn under_way(server: &Server) -> Self {
        let mut client = Self::connect(server);
        client.send(&format!(
            "POST /flash HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
            BODY.len()
        ));
        assert!(client.head().starts_with("HTTP/1.1 100 "));
        client.send(&BODY[..7]);
        client
    }
}

/// Returns a folder for one test.
fn folder(tour: &Tour) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("stop-{}", tour.name));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn answers_what_is_under_way(tour: &Tour) {
    let folder = folder(tour);
    for signal in ["TERM", "INT"] {
        let store = format!("sqlite:{}", folder.join(signal).display());
        let options = ["--store", &store];
        let mut server = tour.serve(SECRET, &options);
        let mut idle = Client::idle(&server);
        let mut under_way = Client::under_way(&server);

        server.signal(signal);
        let begun = Instant::now();
        while TcpStream::connect(server.address).is_ok() {
            assert!(begun.elapsed() < SOON, "new connections are taken");
            sleep(Duration::from_millis(10));
        }
        assert_eq!(
            idle.rest(),
            "",
            "an idle connection is closed, others are not waited for"
        );

        under_way.send(&BODY[7..]);
        let head = under_way.head();
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        let cookie = head.lines().find_map(|line| {
            line.to_lowercase()
                .starts_with("set-cookie: ")
                .then(|| &line[12..])
        });
        let cookie = cookie.and_then(|cookie| cookie.split(';').next()).unwrap();
        under_way.rest();
        assert_eq!(server.ended(SOON).code(), Some(0));

        // The session was saved.
        let server = tour.serve(SECRET, &options);
        let mut client = Client::connect(&server);
        client.send(&format!(
            "GET /flashes HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n"
        ));
        let answer = client.rest();
        assert!(answer.contains("stopped"), "{answer}");
    }
}

/// Checks a request that never ends.
#[test]
fn none_is_kept_for_ever() {
    let servers = Tour::ALL.map(|tour| {
        let server = tour.serve(SECRET, &["--store", "memory"]);
        let client = Client::under_way(&server);
        server.signal("TERM");
        (server, client)
    });
    for (mut server, _client) in servers {
        assert_eq!(server.ended(BOUND).code(), Some(0));
    }
}

#[test]
fn axum() {
    answers_what_is_under_way(&Tour::AXUM);
}

#[test]
fn hyper() {
    answers_what_is_under_way(&Tour::HYPER);
}

#[test]
fn rocket() {
    answers_what_is_under_way(&Tour::ROCKET);
}

#[test]
fn actix() {
    answers_what_is_under_way(&Tour::ACTIX);
}
