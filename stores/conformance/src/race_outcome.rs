//! What must hold after all requests of an interleaving.

use std::collections::BTreeSet;

use session_core::{
    Error, EventKind, RecordKey,
    protocol::{Loaded, StoreRequest},
};
use session_store::SessionInfo;

use crate::interleavings::Race;
use crate::request::{Does, Request, Seen, look};
use crate::store_under_test::{NOW, expect, hold, tombstone};

// These rules hold after any interleaving, whichever request came first:
//
//     an acknowledged write is stored once, unless the session ended or a dropped request says so
//     a message is stored or was taken, never both
//     at most one cookie opens the record; a session that began again shares nothing with it
//     after a logout or the deletion of all sessions, no cookie opens the record, and its tombstone is stored

/// The state after all requests of an interleaving.
pub(crate) struct After<'a> {
    pub(crate) race: &'a Race<'a>,
    pub(crate) requests: Vec<Request>,
    pub(crate) first: String,
    pub(crate) key: RecordKey,
    pub(crate) user: String,
    pub(crate) order: Vec<usize>,
}

impl After<'_> {
    pub(crate) fn rule(&self, rule: &str) -> String {
        let Race {
            requests, twice, ..
        } = self.race;
        let asked = if *twice {
            ", each request sent twice"
        } else {
            ""
        };
        format!(
            "{rule} ({requests:?}; their steps in the order {:?}{asked})",
            self.order
        )
    }

    /// Returns what is stored under the keys of the requests, and the list of the user.
    pub(crate) async fn state(&self, journal: &[StoreRequest]) -> (Vec<Loaded>, Vec<SessionInfo>) {
        let keys: BTreeSet<RecordKey> = journal
            .iter()
            .filter_map(|request| match request {
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

    pub(crate) async fn check(&self) {
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
            // A logout that meets a new id ends nothing, and returns an error.
            let refused = request.does == Does::LogsOut && request.ended.error == Some(Error::Gone);
            hold(
                rule("each request succeeds"),
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
                rule("a session that begins again has no data of the old one"),
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
                "after a logout or the deletion of all sessions, no cookie that the session ever had opens it",
            );
            hold(&rule, old.is_empty());
            expect(rule, &store.load(self.key, NOW).await, &tombstone(NOW));
        }
        let renewed = self.requests.iter().any(|one| {
            one.ended.events.contains(&EventKind::Renewed) && one.ended.cookie.is_some()
        });
        if renewed {
            let opens = old.iter().any(|(cookie, _)| *cookie == self.first);
            hold(
                rule("after a login or a new id the cookie before it opens nothing"),
                !opens,
            );
        }
        if let [(_, seen)] = &old[..] {
            self.check_changes(seen, &rule);
        } else {
            expect(
                rule("a session that no cookie opens was ended"),
                &store.load(self.key, NOW).await,
                &tombstone(NOW),
            );
        }
        self.check_cap(&rule, &fresh).await;
    }

    /// Checks that an acknowledged change is stored once, and a dropped one is not.
    fn check_changes(&self, seen: &Seen, rule: &impl Fn(&str) -> String) {
        let acknowledged: BTreeSet<i64> = self
            .any(Does::Writes)
            .filter(|one| !one.is_gone())
            .map(|one| one.number)
            .collect();
        let pushed: BTreeSet<i64> = seen.pushed.iter().copied().collect();
        hold(
            rule("an acknowledged write is stored, and no other"),
            pushed == acknowledged,
        );
        hold(
            rule("no write takes effect twice"),
            pushed.len() == seen.pushed.len() && seen.sum == acknowledged.iter().sum::<i64>(),
        );
        hold(rule("data that no request changed stays"), seen.has_base);
        // Each message was taken by one request, or is stored.
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
                rule("no message is stored twice, or after it was taken"),
                there + usize::from(taken.contains(&message)) == 1,
            );
        }
    }

    /// Checks the limit of one session for a user.
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
            &tombstone(NOW),
        );
    }
}
