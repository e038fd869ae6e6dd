//! The verbs, each as the table's statements carry it out.

use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TrimResult, Updated},
};
use session_store::{DeleteScope, Durability, SessionInfo, Store, StoreError, StoreFuture};

use crate::error::READ_ONLY;
use crate::parameter::Parameter;
use crate::rows::{bytes, cell, listed, most, number, only, outcome, time, tombstone_ends};
use crate::store::PostgresStore;

/// A commit of its own that changes nothing, where commits wait for a standby.
const CONFIRM: &str = "SELECT CASE WHEN current_setting('synchronous_standby_names') <> '' \
                       THEN pg_logical_emit_message(true, 'session-store', '') END";

impl Store for PostgresStore {
    fn load<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Loaded> {
        Box::pin(async move { Ok(self.found(key).await?.at(now)) })
    }

    fn insert<'a>(
        &'a self,
        key: RecordKey,
        record: &'a Record,
        _now: u64,
    ) -> StoreFuture<'a, Inserted> {
        Box::pin(async move {
            let Record {
                version,
                expires,
                created,
                seen,
                ..
            } = *record;
            loop {
                if self
                    .changes(
                        &self.table.sql.insert,
                        &[
                            &&key.as_bytes()[..],
                            &version.cast_signed(),
                            &time(expires),
                            &time(created),
                            &time(seen),
                            &bytes(&record.user),
                            &bytes(&record.label),
                            &&*record.body,
                        ],
                    )
                    .await?
                {
                    return Ok(Inserted::Done);
                }
                // What stood in the way may have been removed meanwhile.
                match self.found(key).await? {
                    Loaded::Live(record) => return Ok(Inserted::Exists(record)),
                    Loaded::Dead { .. } => return Ok(Inserted::Dead),
                    Loaded::Absent => {}
                }
            }
        })
    }

    fn update<'a>(
        &'a self,
        key: RecordKey,
        version: u64,
        record: &'a Record,
        now: u64,
    ) -> StoreFuture<'a, Updated> {
        Box::pin(async move {
            let Record {
                version: next,
                expires,
                created,
                seen,
                ..
            } = *record;
            loop {
                if self
                    .changes(
                        &self.table.sql.update,
                        &[
                            &&key.as_bytes()[..],
                            &next.cast_signed(),
                            &time(expires),
                            &time(created),
                            &time(seen),
                            &bytes(&record.user),
                            &bytes(&record.label),
                            &&*record.body,
                            &version.cast_signed(),
                            &time(now),
                        ],
                    )
                    .await?
                {
                    return Ok(Updated::Done);
                }
                // A second statement: one that looks within the first sees what was there before it waited.
                match self.found(key).await? {
                    Loaded::Live(found) if time(found.expires) <= time(now) => {
                        return Ok(Updated::Gone);
                    }
                    Loaded::Live(found) if found.version != version => {
                        return Ok(Updated::Conflict(found));
                    }
                    // Created between the two.
                    Loaded::Live(_) => {}
                    Loaded::Dead { .. } | Loaded::Absent => return Ok(Updated::Gone),
                }
            }
        })
    }

    fn touch<'a>(&'a self, key: RecordKey, expires: u64, now: u64) -> StoreFuture<'a, Outcome> {
        Box::pin(async move {
            let parameters: [&dyn Parameter; 3] =
                [&&key.as_bytes()[..], &time(expires), &time(now)];
            Ok(outcome(
                self.changes(&self.table.sql.touch, &parameters).await?,
            ))
        })
    }

    fn delete<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Outcome> {
        Box::pin(async move {
            let parameters: [&dyn Parameter; 2] = [&&key.as_bytes()[..], &tombstone_ends(now)];
            Ok(outcome(
                self.changes(&self.table.sql.delete, &parameters).await?,
            ))
        })
    }

    fn delete_version<'a>(
        &'a self,
        key: RecordKey,
        version: u64,
        now: u64,
    ) -> StoreFuture<'a, Updated> {
        Box::pin(async move {
            let parameters: [&dyn Parameter; 3] = [
                &&key.as_bytes()[..],
                &tombstone_ends(now),
                &version.cast_signed(),
            ];
            loop {
                if self
                    .changes(&self.table.sql.delete_version, &parameters)
                    .await?
                {
                    return Ok(Updated::Done);
                }
                // A second statement, as for an update.
                match self.found(key).await? {
                    Loaded::Live(found) if found.version != version => {
                        return Ok(Updated::Conflict(found));
                    }
                    // Created between the two.
                    Loaded::Live(_) => {}
                    Loaded::Dead { .. } | Loaded::Absent => return Ok(Updated::Gone),
                }
            }
        })
    }

    /// Nothing to note: the user is a column.
    fn index<'a>(
        &'a self,
        _: &'a str,
        _: RecordKey,
        _until: u64,
        _now: u64,
    ) -> StoreFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn unindex<'a>(&'a self, _: &'a str, _: RecordKey) -> StoreFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn list<'a>(
        &'a self,
        user: &'a str,
        max: usize,
        now: u64,
    ) -> StoreFuture<'a, Vec<SessionInfo>> {
        Box::pin(async move {
            let parameters: [&dyn Parameter; 3] = [&user.as_bytes(), &time(now), &most(max)];
            let newest_first = self.query(&self.table.sql.list, &parameters).await?;
            newest_first.iter().rev().map(listed).collect()
        })
    }

    fn delete_owned<'a>(
        &'a self,
        user: &'a str,
        which: DeleteScope,
        now: u64,
    ) -> StoreFuture<'a, u64> {
        Box::pin(async move {
            let sql = &self.table.sql;
            let (user, expires) = (user.as_bytes(), tombstone_ends(now));
            match which {
                DeleteScope::All => self.count(&sql.delete_owned, &[&user, &expires]).await,
                DeleteScope::AllBut(key) => {
                    self.count(
                        &sql.delete_all_but,
                        &[&user, &expires, &&key.as_bytes()[..]],
                    )
                    .await
                }
                DeleteScope::One(key) => {
                    self.count(&sql.delete_one, &[&user, &expires, &&key.as_bytes()[..]])
                        .await
                }
            }
        })
    }

    fn trim<'a>(
        &'a self,
        user: &'a str,
        keep: usize,
        this: RecordKey,
        now: u64,
    ) -> StoreFuture<'a, TrimResult> {
        Box::pin(async move {
            let parameters: [&dyn Parameter; 5] = [
                &user.as_bytes(),
                &tombstone_ends(now),
                &time(now),
                &most(keep),
                &&this.as_bytes()[..],
            ];
            let rows = self.query(&self.table.sql.trim, &parameters).await?;
            let row = only(&rows)?;
            let ended = number(cell(row, 0)?);
            if cell(row, 1)? {
                return Ok(TrimResult {
                    ended,
                    alive: false,
                });
            }
            // Others that trim may have ended it.
            let found = self.found(this).await?;
            Ok(TrimResult {
                ended,
                alive: matches!(found, Loaded::Live(found) if found.expires > now),
            })
        })
    }

    fn delete_expired<'a>(&'a self, before: u64, batch: usize) -> StoreFuture<'a, u64> {
        Box::pin(async move {
            self.count(
                &self.table.sql.delete_expired,
                &[&time(before), &most(batch)],
            )
            .await
        })
    }

    /// What is committed after it, and confirmed by a standby, shows that the standby has what was committed before.
    fn confirm(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move { self.query(CONFIRM, &[]).await.map(drop) })
    }

    fn durability(&self) -> StoreFuture<'_, Durability> {
        Box::pin(async move {
            let rows = self.query(&self.table.sql.durability, &[]).await?;
            let row = only(&rows)?;
            let (unlogged, unsafe_disk, standby) = (cell(row, 0)?, cell(row, 1)?, cell(row, 3)?);
            if cell(row, 4)? {
                return Err(StoreError::new(READ_ONLY));
            }
            Ok(match cell::<&str>(row, 2)? {
                // Emptied after a crash.
                _ if unlogged => Durability::Process,
                "off" => Durability::LastMoments,
                _ if unsafe_disk => Durability::Crash,
                "local" => Durability::PowerLoss,
                _ if standby => Durability::MachineLoss,
                _ => Durability::PowerLoss,
            })
        })
    }
}
