//! Real servers: Flask in its virtual environment, and the tour of this crate's examples. Each ends with its handle.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::SystemTime;

/// A Flask that is installed.
#[derive(Debug, Clone)]
pub(crate) struct Flask {
    version: &'static str,
    python: PathBuf,
}

impl Flask {
    pub(crate) const NEWEST: &'static str = "3.1";
    pub(crate) const OLD: &'static str = "2.3";

    /// The Python that a variable names, or that of the virtual environment in the build folder.
    ///
    /// Without one a test is left out, loudly. Where CI is set that is an error.
    pub(crate) fn find(version: &'static str) -> Option<Self> {
        let variable =
            if version == Self::NEWEST { "SESSION_FLASK_PYTHON" } else { "SESSION_FLASK_23_PYTHON" };
        let place = format!("flask-{version}/bin/python");
        let python = match std::env::var_os(variable) {
            Some(python) => Some(PathBuf::from(python)),
            None => build_folders().map(|folder| folder.join(&place)).find(|python| python.exists()),
        };
        let Some(python) = python else {
            let message = format!(
                "Flask {version} is missing: expected the Python that has it in {variable}, or in the build folder as \
                 {place} (target, or the folder that CARGO_TARGET_DIR names). scripts/test installs it."
            );
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{message}");
            // Not `eprintln`, which the test harness swallows when the test passes.
            std::io::stderr().write_all(format!("LEFT OUT: {message}\n").as_bytes()).unwrap();
            return None;
        };
        Some(Self { version, python })
    }

    /// Those of the two versions that are installed.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        [Self::NEWEST, Self::OLD].into_iter().filter_map(Self::find)
    }

    pub(crate) fn serve(&self, secret: &str) -> Server {
        self.serve_with(secret, &[])
    }

    pub(crate) fn serve_with(&self, secret: &str, variables: &[(&str, &str)]) -> Server {
        println!("Flask {}", self.version);
        let application = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live_flask/app.py");
        let mut command = Command::new(&self.python);
        command.arg(application).args(["127.0.0.1", "0"]).env("SECRET_KEY", secret);
        // A variable of the shell that runs the tests must not configure the application.
        command.env_remove("SECRET_KEY_FALLBACKS").env_remove("DIGEST").envs(variables.iter().copied());
        Server::start(command, |line| Some((Ipv4Addr::LOCALHOST, line.parse::<u16>().ok()?).into()))
    }
}

/// From this test's own folder up to the root: the build folder is among them, whatever its name.
fn build_folders() -> impl Iterator<Item = PathBuf> {
    let program = std::env::current_exe().unwrap();
    program.ancestors().skip(1).map(Path::to_owned).collect::<Vec<_>>().into_iter()
}

/// An example of this crate. `cargo test --test` builds none, so it must be there, and from after the last change.
fn example(name: &str) -> PathBuf {
    let examples = build_folders().nth(1).unwrap().join("examples");
    let binary = examples.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let build = format!("cargo build -p session-axum --example {name}");
    assert!(binary.exists(), "{} is missing: {build}", binary.display());
    // Cargo's list: `binary: source source`.
    let sources = std::fs::read_to_string(examples.join(format!("{name}.d"))).unwrap_or_default();
    for source in sources.split_whitespace().skip(1).filter(|source| Path::new(source).exists()) {
        assert!(modified(source.as_ref()) <= modified(&binary), "{name} is older than {source}: {build}");
    }
    binary
}

fn modified(file: &Path) -> SystemTime {
    file.metadata().unwrap().modified().unwrap()
}

/// A program that listens; killed on drop, so also when a test panics.
#[derive(Debug)]
pub(crate) struct Server {
    program: Child,
    /// Kept open, since a program that prints into a closed pipe dies of it.
    output: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// The tour with `--flask`.
    pub(crate) fn tour(secret: &str) -> Self {
        let mut command = Command::new(example("tour"));
        command.args(["--flask", "--bind", "127.0.0.1:0"]).env("SECRET_KEY", secret).env("RUST_LOG", "error");
        Self::start(command, |line| line.split_once(" is on http://")?.1.parse().ok())
    }

    /// Waits for the line from which `address` can be read.
    fn start(mut command: Command, address: impl Fn(&str) -> Option<SocketAddr>) -> Self {
        let mut program = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let output = BufReader::new(program.stdout.take().unwrap());
        // A handle from here on, so that the program ends also where it prints something else.
        let mut server = Self { program, output, address: (Ipv4Addr::UNSPECIFIED, 0).into() };
        loop {
            let mut line = String::new();
            let length = server.output.read_line(&mut line).unwrap();
            assert_ne!(length, 0, "{command:?} ended without saying where it listens");
            if let Some(address) = address(line.trim_end()) {
                server.address = address;
                return server;
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already, and a panic here would hide the test's own.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
