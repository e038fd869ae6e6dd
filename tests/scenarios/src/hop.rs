//! A client that visits several servers at random with one jar, and a model of the answers that it
//! must get.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::client::{Request, Response};
use crate::jar::Jar;
use crate::model::{Action, Body, Dice, Expected, Model, Sent};

/// The idle lifetime of a permanent session, in seconds: the default of all servers.
pub const MONTH: u64 = 31 * 24 * 60 * 60;

/// A random walk over servers that share one `SECRET_KEY` in Flask's format.
#[derive(Debug, Clone)]
pub struct Hop {
    /// Names and addresses. The others are compared with the first.
    pub servers: Vec<(String, SocketAddr)>,
    /// Whether the first server sends `Vary` where the others do. Flask 2 sends it in fewer cases.
    pub same_vary: bool,
}

/// The numbers of comparisons with the first server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compared {
    /// Requests that all servers answered.
    pub answers: u32,
    /// Cookies with equal bytes.
    pub same_bytes: u32,
    /// Cookies that one of the two servers compressed: their JSON, attributes and time are equal.
    pub same_json: u32,
}

struct Walk<'a> {
    hop: &'a Hop,
    dice: Dice,
    jar: Jar,
    model: Model,
    compared: Compared,
}

impl Hop {
    /// Walks this many steps. A seed always gives one sequence of steps.
    ///
    /// # Panics
    /// Panics on the first difference, with the seed, the step, the request and the answers.
    #[must_use]
    pub fn run(&self, seed: u64, steps: u32) -> Compared {
        let (dice, jar, model) = (Dice(seed), Jar::new("session"), Model::default());
        let mut walk = Walk {
            hop: self,
            dice,
            jar,
            model,
            compared: Compared::default(),
        };
        for step in 0..steps {
            let before = walk.jar.clone();
            // Browsers store at most 4096 bytes, and so does this client.
            let full = before
                .value
                .as_ref()
                .is_some_and(|value| value.len() > 3000);
            let action = if full {
                Action::Logout
            } else {
                Action::any(&mut walk.dice)
            };
            let answers = walk.step(&action);
            if let Err(difference) = answers {
                panic!(
                    "seed {seed}, step {step}: {difference}\nto {:?}\nthe session should be {}",
                    before.on(&action.request()),
                    Value::Object(walk.model.map)
                );
            }
        }
        for (name, address) in &self.servers {
            let (session, model) = (
                walk.jar.get(*address, "/session").json(),
                walk.model.map.clone(),
            );
            assert_eq!(
                session,
                Value::Object(model),
                "seed {seed}, at the end: {name}"
            );
        }
        walk.compared
    }
}

impl Walk<'_> {
    fn step(&mut self, action: &Action) -> Result<(), String> {
        let expected = self.model.step(action);
        let count = self.hop.servers.len() as u64;
        let chosen = usize::try_from(self.dice.below(count)).unwrap();
        let request = self.jar.on(&action.request());
        let response = if self.dice.below(2) == 0 {
            self.at_all(&request, &expected)?.swap_remove(chosen)
        } else {
            request.send(self.hop.servers[chosen].1)
        };
        self.check(&response, &expected, chosen)?;
        self.jar.keep(response.set_cookie().as_ref());
        Ok(())
    }

    /// Sends one request with one cookie to all servers, and compares the answers.
    fn at_all(&mut self, request: &Request, expected: &Expected) -> Result<Vec<Response>, String> {
        // A second may end between two answers, so that the times in their cookies differ; in five
        // attempts one succeeds.
        let mut tries = 0;
        let responses = loop {
            let responses: Vec<_> = self
                .hop
                .servers
                .iter()
                .map(|(_, address)| request.send(*address))
                .collect();
            tries += 1;
            let first = cookie_of(&responses[0]);
            if tries == 5
                || responses
                    .iter()
                    .all(|response| cookie_of(response) == first)
            {
                break responses;
            }
        };
        self.compared.answers += 1;
        for (index, ours) in responses.iter().enumerate() {
            self.check(ours, expected, index)?;
            if index > 0 {
                self.compare(&responses[0], ours, index)?;
            }
        }
        Ok(responses)
    }

    fn compare(&mut self, theirs: &Response, ours: &Response, index: usize) -> Result<(), String> {
        let ((first, _), (other, _)) = (&self.hop.servers[0], &self.hop.servers[index]);
        let differ = |what: &str| {
            Err(format!(
                "{what} of {first} and of {other} differ:\n{first}: {theirs:?}\n{other}: {ours:?}"
            ))
        };
        if cookie_of(ours) != cookie_of(theirs) {
            return differ("the cookies");
        }
        if let (Some(theirs), Some(ours)) = (theirs.set_cookie(), ours.set_cookie()) {
            match (theirs.content(), ours.content()) {
                (Some(theirs), Some(ours)) if theirs.compressed || ours.compressed => {
                    self.compared.same_json += 1;
                }
                _ if ours.value == theirs.value => self.compared.same_bytes += 1,
                _ => return differ("the bytes of the cookies"),
            }
        }
        if self.hop.same_vary && ours.varies_by_cookie() != theirs.varies_by_cookie() {
            return differ("Vary");
        }
        Ok(())
    }

    fn check(&self, response: &Response, expected: &Expected, index: usize) -> Result<(), String> {
        let set = response.set_cookie();
        let sent = match &set {
            None => Sent::Nothing,
            Some(set) if set.is_removal => Sent::Removal,
            Some(set) if set.expires.is_none() => Sent::Session,
            Some(_) => Sent::Permanent,
        };
        let same_body = match &expected.body {
            Body::Text(text) => response.body == *text,
            Body::Json(json) => response.json() == *json,
            Body::Any => true,
        };
        let vary = response.varies_by_cookie() == (expected.asked || sent != Sent::Nothing);
        if expected.status.contains(&response.status)
            && response.header("location") == expected.location
            && same_body
            && sent == expected.cookie
            && (sent != Sent::Permanent || expires_in_a_month(response))
            && (vary || (index == 0 && !self.hop.same_vary))
        {
            return Ok(());
        }
        let (name, _) = &self.hop.servers[index];
        Err(format!(
            "expected {expected:?}, but {name} answered {response:?}"
        ))
    }
}

/// Returns the parts that must be equal at all servers, with any compression: attributes, JSON and
/// time.
fn cookie_of(response: &Response) -> Option<(Vec<String>, String, u64)> {
    let set = response.set_cookie()?;
    let (json, written) = set
        .content()
        .map(|content| (content.json, content.written))
        .unwrap_or_default();
    Some((set.attributes, json, written))
}

/// Whether `Set-Cookie` has `Expires`, 31 days from now.
///
/// # Panics
/// Panics without a cookie.
#[must_use]
pub fn expires_in_a_month(response: &Response) -> bool {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let expires = response.set_cookie().unwrap().expires;
    expires.is_some_and(|then| u64::try_from(then).unwrap().abs_diff(now + MONTH) <= 5)
}
