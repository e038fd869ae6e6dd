//! Over loopback HTTP: wrk on one core sends requests to a server on another.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::{env, fs, thread};

use crate::frameworks::{actix, axum, rocket};

/// The routes of every application.
pub const ROUTES: [&str; 3] = ["/untouched", "/read", "/write"];

/// The result of an application at a route.
#[derive(Debug, Clone)]
pub struct Row {
    pub framework: &'static str,
    pub who: &'static str,
    pub route: &'static str,
    /// Requests per second, the median of the rounds.
    pub requests: f64,
    /// The median of the rounds' ratios to the framework's bare application in the same round.
    pub ratio: f64,
    /// The ratio of requests per processor time of the server, which other programs disturb less.
    pub busy_ratio: f64,
}

/// Framework and row of each application, the bare one of a framework first.
fn applications() -> Vec<(&'static str, &'static str)> {
    let axum = axum::APPLICATIONS.map(|(who, _)| ("axum", who));
    let rocket = rocket::APPLICATIONS.map(|(who, _)| ("rocket", who));
    let others = [
        ("hyper", "bare"),
        ("hyper", "ours"),
        ("actix", "bare"),
        ("actix", actix::SIGNED),
    ];
    axum.into_iter().chain(others).chain(rocket).collect()
}

/// Measures all applications in turn, for this many seconds each, in several rounds, so that other
/// programs on the machine affect all of them alike. Returns `None`, with a message, if that is not
/// possible.
///
/// # Panics
/// Panics if an application gives a wrong answer.
#[must_use]
pub fn measure(rounds: usize, seconds: u64) -> Option<Vec<Row>> {
    for (command, package) in [("wrk", "wrk"), ("taskset", "util-linux")] {
        if Command::new(command)
            .arg("-V")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_err()
        {
            eprintln!("NOT MEASURED over HTTP: there is no `{command}`; apt-get install {package}");
            return None;
        }
    }
    if thread::available_parallelism().map_or(1, usize::from) < 2 {
        eprintln!("NOT MEASURED over HTTP: the server and wrk need a core each");
        return None;
    }
    let applications = applications();
    let servers: Vec<Server> = applications
        .iter()
        .map(|(framework, who)| Server::start(framework, who))
        .collect();
    let mut rows = Vec::new();
    // By route, application and round.
    let mut reached = vec![vec![Vec::new(); applications.len()]; ROUTES.len()];
    for _ in 0..rounds {
        for (route, reached) in ROUTES.iter().zip(&mut reached) {
            for (server, reached) in servers.iter().zip(reached) {
                reached.push(server.load(route, seconds));
            }
        }
    }
    for (route, reached) in ROUTES.iter().zip(&reached) {
        let mut bare = &reached[0];
        for ((framework, who), loads) in applications.iter().zip(reached) {
            if *who == "bare" {
                bare = loads;
            }
            let pairs = || loads.iter().zip(bare);
            rows.push(Row {
                framework,
                who,
                route,
                requests: median(loads.iter().map(|load| load.by_second)),
                ratio: median(pairs().map(|(one, bare)| one.by_second / bare.by_second)),
                busy_ratio: median(pairs().map(|(one, bare)| one.by_busy / bare.by_busy)),
            });
        }
    }
    Some(rows)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}

/// The result of one run of wrk: requests per second, and per nanosecond of the server's processor
/// time.
#[derive(Clone)]
struct Load {
    by_second: f64,
    by_busy: f64,
}

struct Server {
    process: Child,
    name: String,
    port: u16,
    cookie: String,
}

impl Server {
    fn start(framework: &str, who: &str) -> Self {
        // Never the debug build. `cargo bench` builds this one too.
        let this = env::current_exe().unwrap();
        let mut paths = this.ancestors().map(|folder| folder.join("release/serve"));
        let serve = paths
            .find(|path| path.is_file())
            .expect("cargo build --release --bin serve");
        let mut process = Command::new("taskset")
            .args(["-c", "0"])
            .arg(serve)
            .args([framework, who])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut line = || lines.next().expect("a server that starts").unwrap();
        let (port, cookie) = (line().parse().unwrap(), line());
        let server = Self {
            process,
            name: format!("{framework}, {who}"),
            port,
            cookie,
        };
        ROUTES.iter().for_each(|route| server.check(route));
        server
    }

    /// Sends one request, and checks more of its answer than wrk does.
    fn check(&self, route: &str) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let cookie = &self.cookie;
        write!(
            stream,
            "GET {route} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\ncookie: {cookie}\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        // Applications with their own memory have counted on.
        let said = ["untouched", "41", "42", "many"]
            .iter()
            .any(|body| answer.ends_with(&format!("\r\n\r\n{body}")));
        assert!(
            answer.starts_with("HTTP/1.1 200 ") && said,
            "{}: {answer}",
            self.name
        );
    }

    /// Runs 32 concurrent connections.
    fn load(&self, route: &str, seconds: u64) -> Load {
        let before = self.busy();
        let output = Command::new("taskset")
            .args(["-c", "1", "wrk", "-t1", "-c32", &format!("-d{seconds}s")])
            .args(["-H", &format!("Cookie: {}", self.cookie)])
            .arg(format!("http://127.0.0.1:{}{route}", self.port))
            .output()
            .unwrap();
        let busy = self.busy() - before;
        let report = String::from_utf8_lossy(&output.stdout);
        let failed = ["Non-2xx", "Socket errors"]
            .iter()
            .any(|trouble| report.contains(trouble));
        assert!(
            output.status.success() && !failed,
            "{}, {route}: {report}",
            self.name
        );
        let number = |text: Option<&str>| {
            text.and_then(|text| text.trim().parse::<f64>().ok())
                .expect("wrk's report")
        };
        let requests = number(
            report
                .lines()
                .find_map(|line| line.split_once(" requests in "))
                .map(|(count, _)| count),
        );
        let by_second = number(
            report
                .lines()
                .find_map(|line| line.strip_prefix("Requests/sec:")),
        );
        Load {
            by_second,
            by_busy: requests / busy,
        }
    }

    /// Returns the nanoseconds that the server's threads have run, as Linux counts them.
    fn busy(&self) -> f64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap();
        // A thread may have ended meanwhile.
        let stats = tasks
            .filter_map(|task| fs::read_to_string(task.unwrap().path().join("schedstat")).ok());
        stats
            .map(|stat| stat.split(' ').next().unwrap().parse::<f64>().unwrap())
            .sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn medians() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
    }
}
