//! Other processes: this test binary, started again with a role in its environment.

use std::env;
use std::io::{BufRead, BufReader, Write, stdin, stdout};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use session_store_sqlite::SqliteStore;

use crate::client::{self, Cookie, request};

const FILE: &str = "SESSION_SQLITE_FILE";
const ROLE: &str = "SESSION_SQLITE_ROLE";
const NAME: &str = "SESSION_SQLITE_NAME";
const COOKIES: &str = "SESSION_SQLITE_COOKIES";
const REQUESTS: &str = "SESSION_SQLITE_REQUESTS";

/// How many tasks of a process write to each session.
pub(crate) const TASKS: usize = 4;

pub(crate) struct Other {
    pub(crate) process: Child,
    pub(crate) lines: BufReader<ChildStdout>,
}

pub(crate) fn command(role: &str, file: &Path, through: Option<&str>) -> Command {
    let own = env::current_exe().unwrap();
    let mut command = match through {
        Some(script) => {
            let mut shell = Command::new("sh");
            shell.args(["-c", script, "sh"]).arg(own);
            shell
        }
        None => Command::new(own),
    };
    command.args([
        "--exact",
        "child::another_process",
        "--nocapture",
        "--test-threads=1",
    ]);
    command.env(FILE, file).env(ROLE, role);
    command
}

impl Other {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        Self { process, lines }
    }

    /// Writes to these sessions, without an end if none is given.
    pub(crate) fn writes(
        file: &Path,
        name: &str,
        cookies: &[Cookie],
        requests: Option<usize>,
    ) -> Self {
        let mut command = command("writes", file, None);
        let cookies: Vec<_> = cookies.iter().flatten().map(String::as_str).collect();
        command.env(NAME, name).env(COOKIES, cookies.join(","));
        command.env(REQUESTS, requests.unwrap_or(usize::MAX).to_string());
        Self::start(command)
    }

    /// Returns the rest of the next line that begins so, and skips lines of the test harness.
    pub(crate) fn reads(&mut self, what: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(
                self.lines.read_line(&mut line).unwrap(),
                0,
                "it ended before it told {what:?}"
            );
            if let Some((_, rest)) = line.split_once(what) {
                return rest.trim().into();
            }
        }
    }

    /// Returns all writes that it acknowledged until its end: session and item. A line without an end is not one.
    pub(crate) fn acknowledged(&mut self) -> Vec<(usize, String)> {
        let mut acknowledged = Vec::new();
        let mut line = String::new();
        while self.lines.read_line(&mut line).unwrap() > 0 {
            if let Some(("", told)) = line.split_once("ok ")
                && let Some((session, item)) = told
                    .strip_suffix('\n')
                    .and_then(|told| told.split_once(' '))
            {
                acknowledged.push((session.parse().unwrap(), item.to_owned()));
            }
            line.clear();
        }
        acknowledged
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn report(line: &str) {
    let mut out = stdout().lock();
    // One write for a line: a process that is killed has either written the line or not.
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Runs the role of another process. Without a role, as in a normal run of the tests, it does nothing.
#[test]
fn another_process() {
    let (Ok(role), Some(file)) = (env::var(ROLE), env::var_os(FILE)) else {
        return;
    };
    let file = Path::new(&file);
    // The harness has written the beginning of a line.
    report("");
    match &*role {
        "writes" => writes(file),
        "locks" => locks(file),
        #[cfg(unix)]
        "holds" => crate::replaced::hold(file),
        "fills" => crate::full::fill_limited(file),
        _ => panic!("no such role: {role}"),
    }
}

/// Runs a role's future on two threads, as a test's attribute would.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.unwrap().block_on(future)
}

fn writes(file: &Path) {
    let (name, cookies) = (env::var(NAME).unwrap(), env::var(COOKIES).unwrap());
    let requests: usize = env::var(REQUESTS).unwrap().parse().unwrap();
    block_on(async {
        let source = client::source(Arc::new(SqliteStore::open(file).unwrap()));
        let mut tasks = Vec::new();
        for (session, cookie) in cookies.split(',').enumerate() {
            for task in 0..TASKS {
                let (source, cookie, name) =
                    (source.clone(), Some(cookie.to_owned()), name.clone());
                tasks.push(tokio::spawn(async move {
                    for number in 0..requests {
                        let item = format!("{name}.{task}.{number}");
                        let written = request(&source, &cookie, |session| {
                            session.increment("count", 1).unwrap();
                            session.push("items", &item).unwrap();
                            session.flash(&item, "message").unwrap();
                        });
                        match written.await {
                            Ok(_) => report(&format!("ok {session} {item}")),
                            Err(error) => report(&format!("failed {session} {error}")),
                        }
                    }
                }));
            }
        }
        for task in tasks {
            task.await.unwrap();
        }
    });
}

/// Keeps the writer's lock until its standard input is closed.
fn locks(file: &Path) {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    report("locked");
    stdin().read_line(&mut String::new()).unwrap();
    connection.execute_batch("ROLLBACK").unwrap();
    report("unlocked");
}
