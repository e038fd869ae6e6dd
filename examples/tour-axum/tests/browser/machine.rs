//! The programs that the scenarios need: the tour, chromedriver and Chromium. Each is started here and stopped on drop.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The key of every tour here, so that one which is started again knows the sessions of the one before.
const SECRET_KEY: &str = "Rk3vYb0pQe7uXn1sJt5wLz9aHc2dGf4mVo6iBy8KxSA";
/// A host name with an underscore; the browser's own resolver leads it to this machine.
pub(crate) const HOST: &str = "a_b.example.test";

/// Where the two programs are that are not ours.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    chromium: PathBuf,
    chromedriver: PathBuf,
}

impl Programs {
    /// `None` where one is missing: said aloud, and on CI no option.
    pub(crate) fn find() -> Option<Self> {
        match (on_path("chromium"), on_path("chromedriver")) {
            (Some(chromium), Some(chromedriver)) => Some(Self {
                chromium,
                chromedriver,
            }),
            (chromium, _) => {
                let missing = if chromium.is_some() {
                    "chromedriver"
                } else {
                    "chromium"
                };
                let message = format!(
                    "no program '{missing}' on the PATH (Debian: chromium, chromium-driver)"
                );
                assert!(
                    std::env::var("CI").as_deref() != Ok("true"),
                    "{message}: the browser tests must run on CI, where scripts/test installs what they need"
                );
                // Not `eprintln!`, which is not shown of a test that passes.
                static ONCE: Once = Once::new();
                ONCE.call_once(|| {
                    let text = format!(
                        "\nLEFT OUT, the browser tests: {message}. scripts/test installs both.\n\n"
                    );
                    std::io::stderr().write_all(text.as_bytes()).unwrap();
                });
                None
            }
        }
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// A program that says on its standard output on which port it listens. Killed on drop.
#[derive(Debug)]
struct Process {
    child: Child,
    // Held open: a write to a closed pipe would fail.
    output: BufReader<ChildStdout>,
    port: u16,
}

impl Process {
    /// Starts it, and waits for the line with `before` in front of the port.
    fn start(command: &mut Command, before: &str) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut process = Self {
            child,
            output,
            port: 0,
        };
        let mut said = String::new();
        while process.port == 0 {
            let line = said.len();
            let octets = process.output.read_line(&mut said).unwrap();
            assert!(
                octets > 0,
                "{} ended before it listened: {said}",
                command.get_program().display()
            );
            if let Some((_, rest)) = said[line..].split_once(before) {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                process.port = digits.parse().unwrap();
            }
        }
        process
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The tour, as a user starts it.
#[derive(Debug)]
pub(crate) struct Tour(Process);

impl Tour {
    pub(crate) fn start(options: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tour-axum"));
        command
            .args(["--bind", "127.0.0.1:0"])
            .args(options)
            .env("SECRET_KEY", SECRET_KEY);
        Self(Process::start(&mut command, "is on http://127.0.0.1:"))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.0.port)
    }
}

/// chromedriver, and with it the browsers that it started.
#[derive(Debug)]
pub(crate) struct Driver(Process);

impl Driver {
    pub(crate) fn start(programs: &Programs) -> Self {
        let mut command = Command::new(&programs.chromedriver);
        Self(Process::start(
            command.arg("--port=0"),
            "started successfully on port ",
        ))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.0.port)
    }

    /// A request of chromedriver's own, beside WebDriver: the status line. Blocks, and for that needs no runtime.
    pub(crate) fn post(&self, path: &str, body: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.0.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.0.port,
            body.len(),
        )?;
        let mut status = String::new();
        BufReader::new(stream).read_line(&mut status)?;
        Ok(status)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Only killed, it would leave its browsers behind.
        let _ = self.post("/shutdown", "{}");
        let deadline = Instant::now() + Duration::from_secs(10);
        while matches!(self.0.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A user's folder for Chromium, removed on drop.
#[derive(Debug)]
pub(crate) struct Profile(PathBuf);

impl Profile {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "session-browser-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    /// The capabilities that the driver needs to start the browser.
    pub(crate) fn capabilities(
        &self,
        programs: &Programs,
    ) -> serde_json::Map<String, serde_json::Value> {
        let mut arguments = [
            "headless=new",
            "no-sandbox",
            "disable-gpu",
            "disable-quic",
            "no-first-run",
            "disable-background-networking",
            "disable-component-update",
            "disable-sync",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push(format!("user-data-dir={}", self.0.display()));
        arguments.push(format!("host-resolver-rules=MAP {HOST} 127.0.0.1"));
        // Cookies of third parties are let through: what keeps ours back is to be its own attribute.
        let preferences = serde_json::json!({ "profile.cookie_controls_mode": 0 });
        let options = serde_json::json!({ "binary": programs.chromium, "args": arguments, "prefs": preferences });
        serde_json::Map::from_iter([("goog:chromeOptions".to_owned(), options)])
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
