//! Records by user: notes in a sorted set of the user's, each with the time until which it is needed. A hint, since it lies
//! in another slot of a cluster than the records, which tell by themselves whose they are.

use std::sync::Arc;

use redis::aio::ConnectionLike;
use redis::{Value, cmd};
use session_core::{RecordKey, protocol::TrimResult};
use session_store::{DeleteScope, SessionInfo, StoreError};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;
use tracing::warn;

use crate::record::{Found, LISTED_FIELDS, found, malformed, text};
use crate::script::INDEX;
use crate::store::{RedisStore, milliseconds};

const DAY: u64 = 24 * 60 * 60;
/// So many records are asked for at a time.
const AT_ONCE: usize = 32;

impl<C: ConnectionLike + Clone + Send + Sync + 'static> RedisStore<C> {
    pub(crate) async fn note(
        &self,
        user: &str,
        key: RecordKey,
        until: u64,
        now: u64,
    ) -> Result<(), StoreError> {
        let until = until.max(now);
        let member = key.to_text();
        let lifetime = milliseconds((until - now).saturating_add(DAY));
        // What has ended goes a day later. Scores are floating-point numbers, so beyond 2^53 both times are rounded, but alike:
        // a note never goes early.
        let (until, ended) = (until.to_string(), now.saturating_sub(DAY).to_string());
        let arguments = [
            member.as_bytes(),
            until.as_bytes(),
            ended.as_bytes(),
            lifetime.as_bytes(),
        ];
        self.run(&INDEX, &self.notes(user), &arguments)
            .await
            .map(drop)
    }

    pub(crate) async fn forget(&self, user: &str, keys: &[RecordKey]) -> Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        let keys: Vec<_> = keys.iter().map(|key| key.to_text()).collect();
        self.ask(cmd("ZREM").arg(self.notes(user)).arg(keys))
            .await
            .map(drop)
    }

    /// The live records of a user with their place in the store's order, oldest first. Each is looked at by itself.
    pub(crate) async fn records_of(
        &self,
        user: &str,
        now: u64,
    ) -> Result<Vec<(u64, SessionInfo)>, StoreError> {
        let user: Arc<str> = user.into();
        let keys = self.noted(&user).await?;
        let look = |store: Self, key| {
            let user = user.clone();
            async move { store.look(&user, key, now).await }
        };
        let mut records: Vec<_> = self.each(keys, look).await?.into_iter().flatten().collect();
        // Two servers of a cluster may give the same number.
        records.sort_unstable_by_key(|(order, listed)| (*order, *listed.key.as_bytes()));
        Ok(records)
    }

    pub(crate) async fn end_owned(
        &self,
        user: &str,
        which: DeleteScope,
        now: u64,
    ) -> Result<u64, StoreError> {
        let keys = match which {
            DeleteScope::One(key) => vec![key],
            which => self
                .noted(user)
                .await?
                .into_iter()
                .filter(|key| which.names(*key))
                .collect(),
        };
        self.end_all(user, keys.into_iter().map(|key| (key, None)), now)
            .await
    }

    pub(crate) async fn end_oldest(
        &self,
        user: &str,
        keep: usize,
        this: RecordKey,
        now: u64,
    ) -> Result<TrimResult, StoreError> {
        let records = self.records_of(user, now).await?;
        let surplus = records.len().saturating_sub(keep);
        // What got a user anew since is among the newest: it has another place.
        let oldest = records
            .iter()
            .take(surplus)
            .map(|(order, listed)| (listed.key, Some(*order)));
        let ended = self.end_all(user, oldest, now).await?;
        let alive = match self.at(this).await? {
            Found::Record(record) => record.expires > now,
            Found::Tombstone(_) | Found::Nothing => false,
        };
        Ok(TrimResult { ended, alive })
    }

    /// Ends those that are still this user's, and have this place if one is given; then forgets the notes of what was ended,
    /// so that they stay a superset.
    async fn end_all(
        &self,
        user: &str,
        keys: impl Iterator<Item = (RecordKey, Option<u64>)>,
        now: u64,
    ) -> Result<u64, StoreError> {
        let owned: Arc<[u8]> = text(Some(user)).into();
        let end = |store: Self, (key, order): (RecordKey, Option<u64>)| {
            let owned = owned.clone();
            async move {
                let order = order.map(|order| order.to_string());
                let only = [Some(&*owned), order.as_deref().map(str::as_bytes)];
                let only: Vec<_> = only.into_iter().flatten().collect();
                Ok(store.end(key, &only, now).await?.then_some(key))
            }
        };
        let ended: Vec<_> = self
            .each(keys.collect(), end)
            .await?
            .into_iter()
            .flatten()
            .collect();
        // They are ended, whether or not this is answered. A note that stays is a hint that leads nowhere, for a while.
        let _ = self.forget(user, &ended).await;
        Ok(ended.len().try_into().unwrap_or(u64::MAX))
    }

    /// The record, if it is live and this user's, and its place in the order.
    async fn look(
        &self,
        user: &str,
        key: RecordKey,
        now: u64,
    ) -> Result<Option<(u64, SessionInfo)>, StoreError> {
        let Found::Record(record) = self.at(key).await? else {
            return Ok(None);
        };
        if record.user.as_deref() != Some(user) || record.expires <= now {
            return Ok(None);
        }
        let order = std::str::from_utf8(&record.body)
            .ok()
            .and_then(|order| order.parse().ok());
        let (created, seen, expires) = (record.created, record.seen, record.expires);
        Ok(Some((
            order.ok_or_else(malformed)?,
            SessionInfo {
                key,
                created,
                seen,
                expires,
                label: record.label,
            },
        )))
    }

    /// A record with its place in the order for a body.
    async fn at(&self, key: RecordKey) -> Result<Found, StoreError> {
        found(
            self.ask(cmd("HMGET").arg(self.place(key)).arg(&LISTED_FIELDS))
                .await?,
        )
    }

    /// Which records were noted. What is no note of ours is passed over.
    async fn noted(&self, user: &str) -> Result<Vec<RecordKey>, StoreError> {
        let Value::Array(members) = self
            .ask(cmd("ZRANGE").arg(self.notes(user)).arg(0).arg(-1))
            .await?
        else {
            return Err(malformed());
        };
        let key = |member| match member {
            Value::BulkString(member) => RecordKey::from_text(std::str::from_utf8(&member).ok()?),
            _ => None,
        };
        let all = members.len();
        let keys: Vec<_> = members.into_iter().filter_map(key).collect();
        if keys.len() < all {
            foreign_notes(all - keys.len());
        }
        Ok(keys)
    }

    /// Asks for each, so many at a time: they lie on several servers of a cluster, where a pipeline does not reach.
    async fn each<I, T, F>(
        &self,
        items: Vec<I>,
        ask: impl Fn(Self, I) -> F,
    ) -> Result<Vec<T>, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let mut answers = Vec::with_capacity(items.len());
        let mut asked = JoinSet::new();
        let mut items = items.into_iter();
        loop {
            while asked.len() < AT_ONCE
                && let Some(item) = items.next()
            {
                asked.spawn(ask(self.clone(), item));
            }
            match asked.join_next().await {
                Some(Ok(answer)) => answers.push(answer?),
                Some(Err(_)) => return Err(StoreError::new("the runtime is ending")),
                None => return Ok(answers),
            }
        }
    }

    /// Of a fixed length, whatever the user's name is: that may be a megabyte, and hold anything.
    fn notes(&self, user: &str) -> String {
        let digest = RecordKey::from_bytes(Sha256::digest(user).into());
        format!("{}o:{}", self.prefix, digest.to_text())
    }
}

/// In a user's set in Redis there is what is no note of a session.
fn foreign_notes(count: usize) {
    warn!(target: "session", count, "a user's sessions in Redis have members that are none of ours: does anything else use its prefix?");
}
