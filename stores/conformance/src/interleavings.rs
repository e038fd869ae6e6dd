//! Every interleaving of the requests to the store that some requests of an application send, each on a session of its own.

use session_core::{
    StoredSessions,
    protocol::{Step, StoreRequest},
};

use crate::race_outcome::After;
use crate::request::{Does, Request, Seen, headers, look, set_cookie};
use crate::store_under_test::{StoreUnderTest, broken, hold};

// A path is a list of choices: which of the waiting requests takes the next step. The paths are tried in depth-first order,
// and each begins from a new session, since a store cannot be reset. So the number of runs is the number of interleavings.

/// More steps than any interleaving here takes.
const MOST_STEPS: usize = 40;

pub(crate) struct Race<'a> {
    pub(crate) store: &'a StoreUnderTest,
    pub(crate) sessions: &'a StoredSessions,
    /// Whether the session has a user when it begins.
    pub(crate) has_user: bool,
    /// Whether all sessions are open before the first request to the store of a close.
    pub(crate) opened: bool,
    /// Whether each request to the store is sent twice, as if the first reply had been lost.
    pub(crate) twice: bool,
    pub(crate) requests: &'a [Does],
}

impl Race<'_> {
    /// Runs all interleavings, and returns their number.
    pub(crate) async fn run(&self) -> usize {
        let mut path: Vec<(usize, usize)> = Vec::new();
        let mut runs = 0;
        loop {
            self.schedule(runs, &mut path).await;
            runs += 1;
            // The next path in depth-first order: change the last choice that has another alternative.
            while path
                .last()
                .is_some_and(|(choice, choices)| choice + 1 == *choices)
            {
                path.pop();
            }
            match path.last_mut() {
                Some((choice, _)) => *choice += 1,
                None => return runs,
            }
        }
    }

    /// Creates a session with some data, and returns its cookie.
    async fn begin(&self, user: &str, journal: &mut Vec<StoreRequest>) -> String {
        let exchange = self.sessions.exchange(&headers(""));
        let session = exchange.open().done().unwrap().unwrap();
        session.insert("base", true).unwrap();
        session.flash(0, "info").unwrap();
        if self.has_user {
            session.log_in(user).unwrap();
        }
        let mut step = exchange.close();
        loop {
            match step {
                Step::Done(mut outgoing) => {
                    let mut response = http::HeaderMap::new();
                    outgoing.apply(&mut response).unwrap();
                    return set_cookie(&response).unwrap();
                }
                Step::Pending(ask) => {
                    journal.push(ask.request().clone());
                    let reply = self.store.request(ask.request()).await;
                    step = ask.reply(reply);
                }
            }
        }
    }

    async fn schedule(&self, run: usize, path: &mut Vec<(usize, usize)>) {
        // A name for each run, since the runs of a race share a store.
        let user = format!("{:?} {} {} {run}", self.requests, self.has_user, self.twice);
        // All requests but loads, the session's own insert among them, which may arrive again after its end.
        let mut journal = Vec::new();
        let first = self.begin(&user, &mut journal).await;
        let Some(Seen { key, .. }) = look(self.sessions, self.store, &first).await else {
            broken("a record that was inserted before is loaded", String::new());
        };
        let request = |(number, does): (i64, &Does)| {
            Request::new(self.sessions, *does, number, &first, &user)
        };
        let mut requests: Vec<Request> = (1..).zip(self.requests).map(request).collect();
        if self.opened {
            for request in &mut requests {
                request.open(self.store).await;
            }
        }
        let mut order = Vec::new();
        for step in 0.. {
            let waiting: Vec<usize> = (0..requests.len())
                .filter(|number| !requests[*number].is_over())
                .collect();
            if waiting.is_empty() {
                break;
            }
            if step == MOST_STEPS {
                broken(
                    format_args!(
                        "{:?} end, each after a few requests to the store",
                        self.requests
                    ),
                    String::new(),
                );
            }
            if step == path.len() {
                path.push((0, waiting.len()));
            }
            let next = waiting[path[step].0];
            requests[next]
                .step(self.store, self.twice, &mut journal)
                .await;
            order.push(next);
        }
        let after = After {
            race: self,
            requests,
            first,
            key,
            user,
            order,
        };
        after.check().await;

        // Every request to the store arrives once more, late: in its order, or the last first. Trims end the surplus by then, which
        // is right at any time.
        let before = after.state(&journal).await;
        let mut late: Vec<&StoreRequest> = journal.iter().collect();
        if run % 2 == 1 {
            late.reverse();
        }
        for request in late {
            self.store.request(request).await;
        }
        hold(
            after.rule("requests that arrive again late change nothing"),
            after.state(&journal).await == before,
        );
    }
}
