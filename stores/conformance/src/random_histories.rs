//! All verbs in random order, at times that step back and forth, compared with the model.

use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TrimResult, Updated},
};
use session_store::DeleteScope;

use crate::model::Model;
use crate::rng::Rng;
use crate::store_under_test::{NOW, StoreUnderTest, expect, hold, key};

// The times of a history are within `SPAN`, and `now` may step back. A store may remove a record as soon as it has expired by
// the latest `now` that it has seen; so after that the model accepts both replies, and forgets the record when the store has.
// Every step is followed by a load of every key, so that a wrong effect fails at the step that had it.

const STEPS: u64 = 300;

/// The seconds between the first and the last time: less than an index entry lasts.
const SPAN: u64 = 400;

const USERS: [&str; 3] = ["ada", "bob", ""];

const KEYS: [u64; 7] = [0, 1, 2, 64, 128, 256, u64::MAX];

pub(crate) async fn random_histories_match_the_model(store: StoreUnderTest) {
    walk(store, 1).await;
}

pub(crate) async fn other_random_histories_match_the_model(store: StoreUnderTest) {
    walk(store, 2).await;
}

async fn walk(store: StoreUnderTest, seed: u64) {
    let mut walk = Walk {
        store,
        model: Model::default(),
        rng: Rng(seed),
    };
    for step in 0..STEPS {
        let now = NOW + walk.rng.below(SPAN);
        let what = walk.step(now).await;
        walk.follow(format_args!(
            "step {step} of the history {seed}, {what} at {}",
            now - NOW
        ))
        .await;
    }
}

fn is_dead(loaded: &Loaded) -> bool {
    matches!(loaded, Loaded::Tombstone { .. })
}

struct Walk {
    store: StoreUnderTest,
    model: Model,
    rng: Rng,
}

impl Walk {
    /// Runs one verb, and returns its description.
    async fn step(&mut self, now: u64) -> String {
        let place = key(self.rng.pick(&KEYS));
        let user = self.rng.pick(&USERS);
        self.model.advance(now);
        match self.rng.below(28) {
            0..7 => self.insert(place, now).await,
            7..14 => self.update(place, now).await,
            14..16 => self.touch(place, now).await,
            16 => self.delete(place, now).await,
            17 => self.delete_version(place, now).await,
            18 => {
                self.store.index(user, place, now, now).await;
                "index".to_owned()
            }
            19 => self.unindex(user, place).await,
            20..23 => self.list(user, now).await,
            23..25 => self.delete_owned(user, place, now).await,
            25..27 => self.trim(user, place).await,
            _ => self.delete_expired(now).await,
        }
    }

    fn record(&mut self) -> Record {
        let rng = &mut self.rng;
        let text = |rng: &mut Rng| (!rng.one_in(3)).then(|| rng.pick(&USERS).into());
        Record {
            version: rng.next(),
            expires: NOW + rng.below(SPAN),
            created: NOW + rng.below(SPAN),
            seen: NOW + rng.below(SPAN),
            user: text(rng),
            label: text(rng),
            body: (0..rng.below(40))
                .map(|_| rng.next().to_le_bytes()[0])
                .collect(),
        }
    }

    /// Indexes a record with a user before it is written or extended, as the core does.
    async fn note(&self, key: RecordKey, record: &Record, now: u64) {
        if let Some(user) = &record.user {
            self.store.index(user, key, record.expires, now).await;
        }
    }

    async fn insert(&mut self, key: RecordKey, now: u64) -> String {
        let record = self.record();
        self.note(key, &record, now).await;
        let inserted = self.store.insert(key, &record, now).await;
        if inserted == Inserted::Done && self.model.may_be_gone(key) {
            self.model.forget(key);
        }
        expect(
            "insert, in a random history",
            &inserted,
            &self.model.insert(key, &record),
        );
        "insert".to_owned()
    }

    async fn update(&mut self, key: RecordKey, now: u64) -> String {
        let record = self.record();
        let there = self.model.record(key).map(|record| record.version);
        let version = there.filter(|_| !self.rng.one_in(4)).unwrap_or(7);
        self.note(key, &record, now).await;
        let updated = self.store.update(key, version, &record, now).await;
        if updated != Updated::Gone || !self.model.may_be_gone(key) {
            expect(
                "update, in a random history",
                &updated,
                &self.model.update(key, version, &record, now),
            );
        }
        format!("update of version {version}")
    }

    async fn touch(&mut self, key: RecordKey, now: u64) -> String {
        let expires = NOW + self.rng.below(SPAN);
        let touched = self.store.touch(key, expires, now).await;
        if touched != Outcome::Gone || !self.model.may_be_gone(key) {
            expect(
                "touch, in a random history",
                &touched,
                &self.model.touch(key, expires, now),
            );
        }
        "touch".to_owned()
    }

    async fn delete(&mut self, key: RecordKey, now: u64) -> String {
        let deleted = self.store.delete(key, now).await;
        if deleted != Outcome::Gone || !self.model.may_be_gone(key) {
            expect(
                "delete, in a random history",
                &deleted,
                &self.model.delete(key, now),
            );
        }
        "delete".to_owned()
    }

    async fn delete_version(&mut self, key: RecordKey, now: u64) -> String {
        let there = self.model.record(key).map(|record| record.version);
        let version = there.filter(|_| !self.rng.one_in(3)).unwrap_or(7);
        let deleted = self.store.delete_version(key, version, now).await;
        if deleted != Updated::Gone || !self.model.may_be_gone(key) {
            expect(
                "delete_version, in a random history",
                &deleted,
                &self.model.delete_version(key, version, now),
            );
        }
        format!("delete of version {version}")
    }

    /// As the core does: only of a record that is not this user's.
    async fn unindex(&mut self, user: &str, key: RecordKey) -> String {
        if self
            .model
            .record(key)
            .is_none_or(|record| record.user.as_deref() != Some(user))
        {
            self.store.unindex(user, key).await;
        }
        "unindex".to_owned()
    }

    async fn list(&mut self, user: &str, now: u64) -> String {
        let max = usize::try_from(self.rng.below(5)).unwrap();
        let listed = self.store.list(user, max, now).await;
        let mut wanted = self.model.of_user(user);
        // A record that may be gone is expected only if it is listed.
        wanted.retain(|one| {
            one.expires > now && (!self.model.may_be_gone(one.key) || listed.contains(one))
        });
        let newest = wanted.split_off(wanted.len().saturating_sub(max));
        expect(
            format_args!("list of at most {max}, in a random history"),
            &listed,
            &newest,
        );
        "list".to_owned()
    }

    async fn delete_owned(&mut self, user: &str, place: RecordKey, now: u64) -> String {
        let which = self.rng.pick(&[
            DeleteScope::All,
            DeleteScope::AllBut(place),
            DeleteScope::One(place),
        ]);
        let mut named = self.model.of_user(user);
        named.retain(|one| which.names(one.key));
        let surely = named
            .iter()
            .filter(|one| !self.model.may_be_gone(one.key))
            .count();
        let ended = self.store.delete_owned(user, which, now).await;
        hold(
            format_args!(
                "delete_owned, in a random history: ended {ended}, and not between {surely} and {}",
                named.len()
            ),
            (surely as u64..=named.len() as u64).contains(&ended),
        );
        for one in named {
            // An expired record may be ended or removed.
            if !self.model.may_be_gone(one.key) || is_dead(&self.store.load(one.key, NOW).await) {
                self.model.delete(one.key, now);
            }
        }
        format!("delete_owned of {which:?} of {user:?}")
    }

    /// Trims at the latest time, at which no live record may be gone.
    async fn trim(&mut self, user: &str, this: RecordKey) -> String {
        let now = self.model.advance(0);
        let keep = usize::try_from(self.rng.below(4)).unwrap();
        let mut live = self.model.of_user(user);
        live.retain(|one| one.expires > now);
        live.truncate(live.len().saturating_sub(keep));
        let trimmed = self.store.trim(user, keep, this, now).await;
        for one in &live {
            self.model.delete(one.key, now);
        }
        let wanted = TrimResult {
            ended: live.len() as u64,
            alive: self.model.is_live(this, now),
        };
        expect(
            format_args!("trim to {keep}, in a random history"),
            &trimmed,
            &wanted,
        );
        format!("trim of {user:?} to {keep}")
    }

    async fn delete_expired(&mut self, before: u64) -> String {
        let batch = self.rng.below(4);
        let most = self.model.ended_before(before).min(batch);
        let removed = self
            .store
            .delete_expired(before, usize::try_from(batch).unwrap())
            .await;
        let rule = format!(
            "delete_expired of at most {batch}, in a random history: removed {removed} of {most}"
        );
        hold(rule, removed <= most);
        format!("delete_expired before {} of at most {batch}", before - NOW)
    }

    /// Forgets the records that the store has removed, if it was allowed to.
    async fn follow(&mut self, after: impl std::fmt::Display) {
        for number in KEYS {
            let place = key(number);
            let loaded = self.store.load(place, NOW).await;
            if loaded == Loaded::NotFound && self.model.may_be_gone(place) {
                self.model.forget(place);
            }
            let wanted = self.model.load(place);
            expect(
                format_args!("load of what is there after {after}"),
                &loaded,
                &wanted,
            );
        }
    }
}
