//! Lists the scenarios, and runs them.

mod bodies;
mod closing;
mod cookies;
mod failing;
mod many;
mod routes;
mod stored;
mod target;

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use crate::client::{Request, Response};
use crate::jar::Jar;
pub use crate::model::Sent;
pub use target::{Mode, Nature, Panics, Target};

/// One scenario.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// The reason to skip it at this target, if there is one.
    pub left_out: fn(&Target) -> Option<&'static str>,
    /// Runs the scenario. It panics when a check fails.
    pub play: fn(&Scene<'_>),
}

/// The context of one scenario: the target, and its requests and answers.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The target.
    pub target: &'a Target,
    log: Mutex<VecDeque<String>>,
}

/// The number of requests and answers that a failure prints.
const SHOWN: usize = 4;

impl Scene<'_> {
    fn client(&self) -> Client<'_> {
        Client {
            scene: self,
            jar: Jar::new(self.target.mode.cookie_name()),
        }
    }

    fn note(&self, request: &Request, response: &dyn fmt::Debug) {
        let mut log = self
            .log
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        log.push_back(format!("{request:?}\n    -> {response:?}"));
        if log.len() > SHOWN {
            log.pop_front();
        }
    }

    fn mode(&self) -> Mode {
        self.target.mode
    }

    fn is_flask(&self) -> bool {
        self.target.nature.is_flask
    }

    /// Returns the effect on the cookie of a change to an existing session.
    fn change(&self) -> Sent {
        if self.mode() == Mode::Stored {
            Sent::Nothing
        } else {
            Sent::Session
        }
    }

    /// Returns the effect on the cookie, and checks the rules that hold for every answer.
    fn sent(&self, response: &Response) -> Sent {
        let Some(set) = response.set_cookie() else {
            return Sent::Nothing;
        };
        let mode = self.mode();
        assert_eq!(set.name, mode.cookie_name());
        assert!(
            response.varies_by_cookie(),
            "Set-Cookie without Vary: Cookie: {response:?}"
        );
        if mode != Mode::Flask {
            assert_eq!(
                response.header("cache-control"),
                Some("no-store"),
                "beside Set-Cookie: {response:?}"
            );
        }
        let always: &[_] = match mode {
            Mode::Flask => &["HttpOnly", "Path=/"],
            _ => &["HttpOnly", "Path=/", "SameSite=Lax", "Secure"],
        };
        let (own, lifetime): (Vec<_>, Vec<_>) = set
            .attributes
            .iter()
            .map(String::as_str)
            .partition(|attribute| {
                !attribute.starts_with("Expires=") && !attribute.starts_with("Max-Age=")
            });
        assert_eq!(own, always, "the attributes of {response:?}");
        match (&lifetime[..], mode) {
            ([], _) => {
                assert!(
                    mode != Mode::Stored || set.value.len() == 133,
                    "an id is shorter or longer: {response:?}"
                );
                Sent::Session
            }
            (["Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Max-Age=0"], _) => {
                assert_eq!(set.value, "", "a removal with a value: {response:?}");
                Sent::Removal
            }
            (["Max-Age=2678400"], Mode::Ours) | (["Max-Age=34560000"], Mode::Stored) => {
                Sent::Permanent
            }
            ([_], Mode::Flask) if crate::hop::expires_in_a_month(response) => Sent::Permanent,
            _ => panic!("an unknown lifetime: {response:?}"),
        }
    }
}

/// A client with a jar.
#[derive(Debug, Clone)]
struct Client<'a> {
    scene: &'a Scene<'a>,
    jar: Jar,
}

impl Client<'_> {
    /// Sends the request with the jar's cookie, if there is one, and stores the cookie of the
    /// answer.
    fn send(&mut self, request: &Request) -> Response {
        let request = self.jar.on(request);
        let response = request.try_send(self.scene.target.address);
        self.scene.note(&request, &response);
        let response = response.unwrap();
        self.keep(&response);
        response
    }

    fn keep(&mut self, response: &Response) -> Sent {
        let sent = self.scene.sent(response);
        self.jar.keep(response.set_cookie().as_ref());
        sent
    }

    /// Sends the request, and checks the status and the effect on the cookie.
    fn expect(&mut self, request: &Request, status: u16, sent: Sent) -> Response {
        let response = self.send(request);
        assert_eq!(
            (response.status, self.scene.sent(&response)),
            (status, sent),
            "{request:?}: {response:?}"
        );
        response
    }

    fn get(&mut self, path: &str, sent: Sent) -> Response {
        self.expect(&Request::get(path), 200, sent)
    }

    fn post(&mut self, path: &str, form: &[(&str, &str)], sent: Sent) -> Response {
        self.expect(&Request::post(path, form), 200, sent)
    }

    fn login(&mut self, name: &str) -> Response {
        self.expect(
            &Request::post("/login", &[("username", name)]),
            303,
            Sent::Session,
        )
    }

    /// Counts a visit with a session that may be new.
    fn visit(&mut self, visits: u32) {
        let sent = if self.jar.value.is_none() {
            Sent::Session
        } else {
            self.scene.change()
        };
        assert_eq!(self.get("/visit", sent).body, visited(visits));
    }

    /// Returns the content of the session. Reading it changes nothing.
    fn session(&mut self) -> serde_json::Value {
        self.get("/session", Sent::Nothing).json()
    }

    /// Returns name and value, as in a `Cookie` header.
    fn pair(&self) -> String {
        format!("{}={}", self.jar.name, self.jar.value.as_deref().unwrap())
    }
}

fn visited(visits: u32) -> String {
    format!("You have visited this page {visits} times")
}

/// All scenarios.
#[must_use]
pub fn all() -> Vec<Scenario> {
    [
        routes::ALL,
        closing::ALL,
        cookies::ALL,
        failing::ALL,
        bodies::ALL,
        many::ALL,
        stored::ALL,
    ]
    .concat()
}

const fn everywhere(_: &Target) -> Option<&'static str> {
    None
}

/// Runs all scenarios that apply to the target, each with new sessions.
#[must_use]
pub fn run(target: &Target) -> Report {
    let mut report = Report {
        target: target.clone(),
        passed: Vec::new(),
        left_out: Vec::new(),
        failed: Vec::new(),
    };
    for scenario in all() {
        if let Some(reason) = (scenario.left_out)(target) {
            report.left_out.push((scenario.name, reason));
            continue;
        }
        let scene = Scene {
            target,
            log: Mutex::default(),
        };
        match catch_unwind(AssertUnwindSafe(|| (scenario.play)(&scene))) {
            Ok(()) => report.passed.push(scenario.name),
            Err(panic) => {
                let said = panic.downcast_ref::<String>().map(String::as_str);
                let said = said
                    .or(panic.downcast_ref::<&str>().copied())
                    .unwrap_or("a panic");
                let log = scene
                    .log
                    .into_inner()
                    .unwrap_or_else(|poisoned| poisoned.into_inner());
                let log: String = log.iter().map(|line| format!("\n  {line}")).collect();
                report
                    .failed
                    .push((scenario.name, format!("{said}\n  the last requests:{log}")));
            }
        }
    }
    report
}

/// The result of all scenarios.
#[derive(Debug, Clone)]
pub struct Report {
    /// The server under test.
    pub target: Target,
    /// The scenarios that passed.
    pub passed: Vec<&'static str>,
    /// The scenarios that do not apply, with the reason.
    pub left_out: Vec<(&'static str, &'static str)>,
    /// The scenarios that failed, with the failure.
    pub failed: Vec<(&'static str, String)>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = format!(
            "{} ({:?}, {})",
            self.target.name, self.target.mode, self.target.address
        );
        for name in &self.passed {
            writeln!(f, "ok        {name}")?;
        }
        for (name, reason) in &self.left_out {
            writeln!(f, "left out  {name}: {reason}")?;
        }
        for (name, how) in &self.failed {
            writeln!(f, "FAILED    {name} at {server}: {how}")?;
        }
        let (passed, failed, left_out) =
            (self.passed.len(), self.failed.len(), self.left_out.len());
        write!(
            f,
            "{server}: {passed} passed, {failed} failed, {left_out} left out"
        )
    }
}
