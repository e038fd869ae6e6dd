//! Server processes: this test binary runs itself again.

use std::env;
use std::io::{BufRead as _, BufReader, Read as _, Write as _, stdin, stdout};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::application::serve;
use crate::place::open;

const STORE: &str = "SESSION_BACKENDS_STORE";
const LISTENING: &str = "listening on ";

/// A server that ends with its handle.
pub(crate) struct Process {
    process: Child,
    lines: BufReader<ChildStdout>,
}

impl Process {
    /// On the store at this address.
    pub(crate) fn start(store: &str) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args([
            "--exact",
            "process::another_process",
            "--nocapture",
            "--test-threads=1",
        ]);
        command
            .env(STORE, store)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        Self { process, lines }
    }

    /// Where it listens, once it does.
    pub(crate) fn server(&mut self) -> SocketAddr {
        loop {
            let mut line = String::new();
            assert_ne!(
                self.lines.read_line(&mut line).unwrap(),
                0,
                "a server ended before it listened"
            );
            // The harness may have begun a line.
            if let Some((_, address)) = line.split_once(LISTENING) {
                return address.trim().parse().unwrap();
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Run by the other processes. As a test of its own it does nothing.
#[test]
fn another_process() {
    let Ok(store) = env::var(STORE) else {
        return;
    };
    let (end, ended) = oneshot::channel();
    std::thread::spawn(move || {
        // Its end is that of the test's process.
        let _ = stdin().read_to_end(&mut Vec::new());
        let _ = end.send(());
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = open(&store).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line = format!("{LISTENING}{}\n", listener.local_addr().unwrap());
        stdout().write_all(line.as_bytes()).unwrap();
        tokio::select! {
            () = serve(listener, store) => {}
            _ = ended => {}
        }
    });
}
