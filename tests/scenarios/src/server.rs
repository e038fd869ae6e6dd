//! Real servers: Flask in its virtual environment, and the tours of this workspace. A server ends
//! when its handle is dropped.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use crate::suite::{Nature, Panics};

/// A tour of this workspace: a program with the tour's routes.
#[derive(Debug, Clone, Copy)]
pub struct Tour {
    /// The name of its framework.
    pub name: &'static str,
    /// The framework's own behaviour.
    pub nature: Nature,
    /// The name of its package, and of its program.
    package: &'static str,
}

impl Tour {
    /// The tour on axum.
    pub const AXUM: Self = Self {
        name: "axum",
        nature: Nature::HYPER,
        package: "tour-axum",
    };
    /// The tour on hyper.
    pub const HYPER: Self = Self {
        name: "hyper",
        nature: Nature::HYPER,
        package: "tour-hyper",
    };
    /// The tour on Rocket. Rocket catches panics, and drops headers
    /// that are not UTF-8.
    pub const ROCKET: Self = Self {
        name: "Rocket",
        nature: Nature {
            panics: Panics::Answered,
            drops_what_is_no_text: true,
            ..Nature::HYPER
        },
        package: "tour-rocket",
    };
    /// The tour on actix-web, with the guide's adapter. It is built without HTTP/2.
    pub const ACTIX: Self = Self {
        name: "actix-web",
        nature: Nature {
            http2: false,
            ..Nature::HYPER
        },
        package: "tour-actix",
    };
    /// All tours.
    pub const ALL: [Self; 4] = [Self::AXUM, Self::HYPER, Self::ROCKET, Self::ACTIX];

    /// Starts the tour on a port of its own, with these options and `SECRET_KEY`.
    ///
    /// # Panics
    /// Panics when the program is missing, or older than its sources.
    #[must_use]
    pub fn serve(&self, secret: &str, options: &[&str]) -> Server {
        let mut command = Command::new(self.program());
        command
            .args(options)
            .args(["--bind", "127.0.0.1:0"])
            .env("SECRET_KEY", secret)
            .env("RUST_LOG", "error");
        // Each panic of the route that panics prints one line.
        command
            .env("RUST_BACKTRACE", "0")
            .env("ROCKET_LOG_LEVEL", "off")
            .env("ROCKET_CLI_COLORS", "false");
        Server::start(command, |line| {
            line.split_once(" is on http://")?.1.parse().ok()
        })
    }

    /// `cargo test` of one package does not build the programs of others, so the program must
    /// exist, and be newer than the last change.
    fn program(&self) -> PathBuf {
        let name = self.package;
        // Goes up from <build folder>/debug/deps/<test>.
        let folder = build_folders().nth(1).unwrap();
        let program = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        let build = format!("cargo build -p {name} --features stores");
        assert!(
            program.exists(),
            "{} is missing: {build}",
            program.display()
        );
        // The list that Cargo writes: `program: source source`.
        let sources = std::fs::read_to_string(folder.join(format!("{name}.d"))).unwrap_or_default();
        for source in sources
            .split_whitespace()
            .skip(1)
            .filter(|source| Path::new(source).exists())
        {
            assert!(
                modified(source.as_ref()) <= modified(&program),
                "{name} is older than {source}: {build}"
            );
        }
        program
    }
}

fn modified(file: &Path) -> SystemTime {
    file.metadata().unwrap().modified().unwrap()
}

/// An installed Flask.
#[derive(Debug, Clone)]
pub struct Flask {
    version: &'static str,
    python: PathBuf,
}

impl Flask {
    /// The version whose rules the crates follow.
    pub const NEWEST: &'static str = "3.1";
    /// An older version that is still in use.
    pub const OLD: &'static str = "2.3";

    /// Finds the Python that a variable names, or that of the virtual environment in the build
    /// folder.
    ///
    /// Without one the test is skipped, with a message.
    ///
    /// # Panics
    /// Panics without one, if CI is set.
    #[must_use]
    pub fn find(version: &'static str) -> Option<Self> {
        let variable = if version == Self::NEWEST {
            "SESSION_FLASK_PYTHON"
        } else {
            "SESSION_FLASK_23_PYTHON"
        };
        let place = format!("flask-{version}/bin/python");
        let python = match std::env::var_os(variable) {
            Some(python) => Some(PathBuf::from(python)),
            None => build_folders()
                .map(|folder| folder.join(&place))
                .find(|python| python.exists()),
        };
        let Some(python) = python else {
            let message = format!(
                "Flask {version} is missing: expected the Python that has it in {variable}, or in the build folder as \
                 {place} (target, or the folder that CARGO_TARGET_DIR names). scripts/test installs it."
            );
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{message}");
            // Not `eprintln`: the test harness hides its output when the test passes.
            std::io::stderr()
                .write_all(format!("LEFT OUT: {message}\n").as_bytes())
                .unwrap();
            return None;
        };
        Some(Self { version, python })
    }

    /// Returns the installed ones of the two versions.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::NEWEST, Self::OLD].into_iter().filter_map(Self::find)
    }

    /// Serves the application of `flask/app.py` with this `SECRET_KEY`.
    #[must_use]
    pub fn serve(&self, secret: &str) -> Server {
        self.serve_with(secret, &[])
    }

    /// Serves it as [`Flask::serve`], with more variables in its environment.
    #[must_use]
    #[allow(
        clippy::print_stdout,
        reason = "a test that fails tells with which one"
    )]
    pub fn serve_with(&self, secret: &str, variables: &[(&str, &str)]) -> Server {
        println!("Flask {}", self.version);
        let application = Path::new(env!("CARGO_MANIFEST_DIR")).join("flask/app.py");
        let mut command = Command::new(&self.python);
        command
            .arg(application)
            .args(["127.0.0.1", "0"])
            .env("SECRET_KEY", secret);
        // A variable of the shell that runs the tests must not configure the application.
        command
            .env_remove("SECRET_KEY_FALLBACKS")
            .env_remove("DIGEST")
            .envs(variables.iter().copied());
        Server::start(command, |line| {
            Some((Ipv4Addr::LOCALHOST, line.parse::<u16>().ok()?).into())
        })
    }
}

/// Searches from this test's own folder up to the root: the build folder is among them, with any
/// name.
fn build_folders() -> impl Iterator<Item = PathBuf> {
    let program = std::env::current_exe().unwrap();
    program
        .ancestors()
        .skip(1)
        .map(Path::to_owned)
        .collect::<Vec<_>>()
        .into_iter()
}

/// A program that listens. It is killed on drop, so also when a test panics.
#[derive(Debug)]
pub struct Server {
    program: Child,
    /// Stays open, since a program that prints into a closed pipe is killed.
    output: BufReader<ChildStdout>,
    /// The address.
    pub address: SocketAddr,
}

impl Server {
    /// Waits for the line from which `address` can be read.
    fn start(mut command: Command, address: impl Fn(&str) -> Option<SocketAddr>) -> Self {
        let mut program = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let output = BufReader::new(program.stdout.take().unwrap());
        // The handle exists from here on, so that the program also ends if it prints another line.
        let mut server = Self {
            program,
            output,
            address: (Ipv4Addr::UNSPECIFIED, 0).into(),
        };
        loop {
            let mut line = String::new();
            let length = server.output.read_line(&mut line).unwrap();
            assert_ne!(
                length, 0,
                "{command:?} ended without saying where it listens"
            );
            if let Some(address) = address(line.trim_end()) {
                server.address = address;
                return server;
            }
        }
    }

    /// Sends a signal: `TERM`, `INT`.
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        let pid = self.program.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", name, &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for the program's end, and returns its status.
    ///
    /// # Panics
    /// Panics when it still runs after this time.
    pub fn ended(&mut self, within: Duration) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.program.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < within, "it still runs after {within:?}");
            sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The program may have ended already, and a panic here would hide the test's own.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
