//! Programs and folders that are ended and removed when their handle is dropped, or when the test's process ends.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A temporary folder, removed with all its content.
#[derive(Debug)]
pub struct Folder {
    /// Removes the folder also if this handle is never dropped, such as in a `static`: its standard input ends with this process.
    watcher: Child,
    path: tempfile::TempDir,
}

impl Folder {
    /// Creates a folder. `name` is part of its name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let path = tempfile::Builder::new()
            .prefix(&format!("{name}-"))
            .tempdir()
            .unwrap();
        // A program that still runs in the folder is ended by its own watcher meanwhile.
        // In a group of its own, so that it does not get the signal of Ctrl-C.
        let script = "trap '' INT TERM HUP; read -r _; sleep 0.5; rm -rf \"$1\"";
        let watcher = shell(script)
            .arg(path.path())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        Self { watcher, path }
    }

    /// Returns its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.path.path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.watcher.stdin.take());
        let _ = self.watcher.wait();
    }
}

/// A program that runs until it is dropped.
#[derive(Debug)]
pub struct Program {
    watcher: Child,
    pid: String,
}

impl Program {
    /// Starts the program, with its output in `log`. When the handle is dropped it gets this signal, such as `KILL`.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn start(command: &Command, log: &Path, end: &'static str) -> Self {
        // The shell outlives this process by a moment: when its standard input ends, it ends the program.
        let script = "signal=$1; log=$2; shift 2; \"$@\" </dev/null >>\"$log\" 2>&1 & \
                      echo $!; exec >/dev/null 2>&1; read -r _; kill -s \"$signal\" $!; kill -s CONT $!; wait $!";
        File::options().create(true).append(true).open(log).unwrap();
        let mut watcher = shell(script);
        watcher
            .arg(end)
            .arg(log)
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => watcher.env(name, value),
                None => watcher.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            watcher.current_dir(folder);
        }
        let mut watcher = watcher
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pid = String::new();
        BufReader::new(watcher.stdout.take().unwrap())
            .read_line(&mut pid)
            .unwrap();
        Self {
            watcher,
            pid: pid.trim().to_owned(),
        }
    }

    /// Sends it a signal: `KILL`, `STOP` (it hangs), `CONT` (it goes on), `TERM`.
    ///
    /// # Panics
    /// If it has ended already.
    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args(["-s", signal, &self.pid])
            .status()
            .unwrap();
        assert!(sent.success(), "kill -s {signal} {}", self.pid);
    }

    /// Returns the id of its process.
    pub(crate) fn pid(&self) -> &str {
        &self.pid
    }

    /// Returns whether it still runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        let status =
            std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        // `pid (name) state`; a zombie has ended.
        status
            .rsplit_once(") ")
            .is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.watcher.stdin.take());
        let _ = self.watcher.wait();
    }
}

fn shell(script: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]);
    shell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_with_its_handle() {
        let folder = Folder::new("servers");
        let path = folder.path().to_owned();
        let log = path.join("log");
        let mut command = Command::new("sh");
        command
            .args(["-c", "echo $GREETING; exec sleep 1000"])
            .env("GREETING", "a b");
        let program = Program::start(&command, &log, "TERM");
        while std::fs::read_to_string(&log).unwrap() != "a b\n" {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert!(program.is_running());
        program.signal("STOP");
        let stat = format!("/proc/{}/stat", program.pid);
        drop(program);
        assert!(!Path::new(&stat).exists());
        drop(folder);
        assert!(!path.exists());
    }
}
