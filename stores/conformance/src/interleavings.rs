//! Every interleaving of the questions of some requests on one session, each on a session of its own; and what must hold after
//! each.

use std::collections::BTreeSet;

use session_core::{
    Error, EventKind, RecordKey, StoredSessions,
    protocol::{Loaded, Step, StoreRequest},
};
use session_store::SessionInfo;

use crate::request::{Does, Request, Seen, headers, look, set_cookie};
use crate::store_under_test::{NOW, Tested, broken, dead, expect, hold};

/// More than any requests here ask that meet each other.
const MOST_STEPS: usize = 40;

pub(crate) struct Race<'a> {
    pub(crate) store: &'a Tested,
    pub(crate) sessions: &'a StoredSessions,
    /// Whether the session has a user when it begins.
    pub(crate) owned: bool,
    /// Whether all sessions are open before the first question of a close.
    pub(crate) opened: bool,
    /// Whether each question is asked twice, as if the first answer had been lost.
    pub(crate) twice: bool,
    pub(crate) requests: &'a [Does],
}

impl Race<'_> {
    /// Runs all interleavings. How many there were.
    pub(crate) async fn run(&self) -> usize {
        let mut path: Vec<(usize, usize)> = Vec::new();
        let mut runs = 0;
        loop {
            self.schedule(runs, &mut path).await;
            runs += 1;
            // The next path in depth-first order: the last place where another request could have come.
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

    /// A new session with something in it: its cookie.
    async fn begin(&self, user: &str, journal: &mut Vec<StoreRequest>) -> String {
        let exchange = self.sessions.exchange(&headers(""));
        let session = exchange.open().done().unwrap().unwrap();
        session.insert("base", true).unwrap();
        session.flash(0, "info").unwrap();
        if self.owned {
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
                    journal.push(ask.question().clone());
                    let answer = self.store.ask(ask.question()).await;
                    step = ask.answer(answer);
                }
            }
        }
    }

    async fn schedule(&self, run: usize, path: &mut Vec<(usize, usize)>) {
        // Each race has a store of its own or other names.
        let user = format!("{:?} {} {} {run}", self.requests, self.owned, self.twice);
        // What was asked, but for loads: with the session's own insert, which may come again after its end.
        let mut journal = Vec::new();
        let first = self.begin(&user, &mut journal).await;
        let Some(Seen { key, .. }) = look(self.sessions, self.store, &first).await else {
            broken("what was inserted before is loaded", String::new());
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
                    format_args!("{:?} end, each after few questions", self.requests),
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

        // Whatever was under way comes once more, late, as it came or the last first. Trims end what is too many by then, which
        // is right at any time.
        let before = after.state(&journal).await;
        let mut late: Vec<&StoreRequest> = journal.iter().collect();
        if run % 2 == 1 {
            late.reverse();
        }
        for question in late {
            self.store.ask(question).await;
        }
        hold(
            after.rule("questions that come again late change nothing"),
            after.state(&journal).await == before,
        );
    }
}

/// After all requests of an interleaving.
struct After<'a> {
    race: &'a Race<'a>,
    requests: Vec<Request>,
    first: String,
    key: RecordKey,
    user: String,
    order: Vec<usize>,
}

impl After<'_> {
    fn rule(&self, rule: &str) -> String {
        let Race {
            requests, twice, ..
        } = self.race;
        let asked = if *twice {
            ", each question asked twice"
        } else {
            ""
        };
        format!(
            "{rule} ({requests:?}; their steps in the order {:?}{asked})",
            self.order
        )
    }

    /// What lies under the keys of the questions, and who has what.
    async fn state(&self, journal: &[StoreRequest]) -> (Vec<Loaded>, Vec<SessionInfo>) {
        let keys: BTreeSet<RecordKey> = journal
            .iter()
            .filter_map(|question| match question {
                StoreRequest::Insert { key, .. }
                | StoreRequest::Update { key, .. }
                | StoreRequest::Delete { key, .. } => Some(*key),
                _ => None,
            })
            .collect();
        let mut loaded = Vec::new();
        for key in keys {
            loaded.push(self.race.store.load(key, NOW).await);
        }
        (loaded, self.race.store.list(&self.user, 100, NOW).await)
    }

    fn any(&self, does: Does) -> impl Iterator<Item = &Request> {
        self.requests
            .iter()
            .filter(move |request| request.does == does)
    }

    async fn check(&self) {
        let Race {
            store, sessions, ..
        } = self.race;
        let rule = |rule: &str| self.rule(rule);
        let minted = self
            .requests
            .iter()
            .filter_map(|request| request.ended.cookie.as_deref());
        let cookies: BTreeSet<&str> = minted
            .chain([self.first.as_str()])
            .filter(|cookie| !cookie.is_empty())
            .collect();
        let mut open = Vec::new();
        for cookie in cookies {
            open.extend(
                look(sessions, store, cookie)
                    .await
                    .map(|seen| (cookie, seen)),
            );
        }
        let (old, fresh): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|(_, seen)| seen.key == self.key);

        for request in &self.requests {
            // A logout that meets a new id has ended nothing, and says so.
            let refused = request.does == Does::LogsOut && request.ended.error == Some(Error::Gone);
            hold(
                rule("each request is answered"),
                refused || request.ended.error.is_none(),
            );
            let logs_in = matches!(
                request.does,
                Does::LogsIn | Does::LogsInAsAnother | Does::LogsInElsewhere
            );
            hold(
                rule("a request whose session is gone sets no cookie, unless it logged in"),
                !request.is_gone() || request.ended.cookie.is_none() || logs_in,
            );
        }
        for (_, seen) in &fresh {
            hold(
                rule("a session that begins anew holds nothing of the old one"),
                !seen.has_base && seen.pushed.is_empty() && seen.flashed.is_empty(),
            );
        }
        hold(rule("at most one cookie opens a record"), old.len() <= 1);

        let logged_out = self
            .any(Does::LogsOut)
            .any(|one| one.ended.cookie.as_deref() == Some(""));
        let ended = self.any(Does::EndsAll).any(|one| one.ended.count > 0);
        if logged_out || ended {
            let rule = rule(
                "after a logout or the end of all, no cookie that its session ever had opens it",
            );
            hold(&rule, old.is_empty());
            expect(rule, &store.load(self.key, NOW).await, &dead(NOW));
        }
        let renewed = self.requests.iter().any(|one| {
            one.ended.events.contains(&EventKind::Renewed) && one.ended.cookie.is_some()
        });
        if renewed {
            let opens = old.iter().any(|(cookie, _)| *cookie == self.first);
            hold(
                rule("after a login or a renewal the cookie before it opens nothing"),
                !opens,
            );
        }
        if let [(_, seen)] = &old[..] {
            self.check_changes(seen, &rule);
        } else {
            expect(
                rule("a session that no cookie opens was ended"),
                &store.load(self.key, NOW).await,
                &dead(NOW),
            );
        }
        self.check_cap(&rule, &fresh).await;
    }

    /// What was acknowledged is there, once; what was dropped is not.
    fn check_changes(&self, seen: &Seen, rule: &impl Fn(&str) -> String) {
        let kept: BTreeSet<i64> = self
            .any(Does::Writes)
            .filter(|one| !one.is_gone())
            .map(|one| one.number)
            .collect();
        let pushed: BTreeSet<i64> = seen.pushed.iter().copied().collect();
        hold(
            rule("a write that was answered is there, and no other"),
            pushed == kept,
        );
        hold(
            rule("nothing counts twice"),
            pushed.len() == seen.pushed.len() && seen.sum == kept.iter().sum::<i64>(),
        );
        hold(rule("what nobody changed stays"), seen.has_base);
        // Of each message: who took it, or that it is there.
        let takes = self.any(Does::TakesFlashes).filter(|one| !one.is_gone());
        let taken: Vec<i64> = takes
            .flat_map(|one| one.ended.taken.iter().copied())
            .collect();
        let messages = self
            .any(Does::Flashes)
            .filter(|one| !one.is_gone())
            .map(|one| one.number);
        for message in messages.chain([0]) {
            let there = seen
                .flashed
                .iter()
                .filter(|flashed| **flashed == message)
                .count();
            hold(
                rule("no message is lost"),
                there > 0 || taken.contains(&message),
            );
            hold(
                rule("no message is there twice, or after it was taken"),
                there + usize::from(taken.contains(&message)) == 1,
            );
        }
    }

    /// With a cap of one.
    async fn check_cap(&self, rule: &impl Fn(&str) -> String, fresh: &[(&str, Seen)]) {
        if self.any(Does::LogsInElsewhere).count() == 0 {
            return;
        }
        let listed = self.race.store.list(&self.user, 100, NOW).await;
        expect(
            rule("after logins with a cap of one session, one is left"),
            &listed.len(),
            &1,
        );
        let open: Vec<RecordKey> = fresh.iter().map(|(_, seen)| seen.key).collect();
        expect(
            rule("the newest login is the one that is left"),
            &open,
            &vec![listed[0].key],
        );
        expect(
            rule("the session before ended"),
            &self.race.store.load(self.key, NOW).await,
            &dead(NOW),
        );
    }
}
