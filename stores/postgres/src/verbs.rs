//! The verbs of [`PostgresStore`], as the statements of the table.
//!
//! Each verb is one statement, and each statement a transaction of its own: no connection waits in an open transaction for
//! the application, and a pooler may give each statement another server process. Where no row was changed, a second
//! statement finds out why.

use session_core::{
    RecordKey,
    protocol::{Inserted, Loaded, Outcome, Record, TrimResult, Updated},
};
use session_store::{DeleteScope, Durability, SessionInfo, Store, StoreError, StoreFuture};

use crate::error::READ_ONLY;
use crate::parameter::Parameter;
use crate::rows::{Columns, cell, most, number, only, outcome, session_info, time, tombstone_ends};
use crate::store::PostgresStore;

/// A commit that changes no row, if commits wait for a standby.
const CONFIRM: &str = "SELECT CASE WHEN current_setting('synchronous_standby_names') <> '' \
                       THEN pg_logical_emit_message(true, 'session-store', '') END";

impl Store for PostgresStore {
    fn load<'a>(&'a self, key: RecordKey, now: u64) -> StoreFuture<'a, Loaded> {
        Box::pin(async move { Ok(self.stored(key).await?.at(now)) })
    }

    fn insert<'a>(
        &'a self,
        key: RecordKey,
        record: &'a Record,
        _now: u64,
    ) -> StoreFuture<'a, Inserted> {
        Box::pin(async move {
            let columns = Columns::of(&key, record);
            let parameters = columns.parameters();
            loop {
                if self.changes(&self.table.sql.insert, &parameters).await? {
                    return Ok(Inserted::Done);
                }
                // The row that stopped the insert may have been removed meanwhile; then the insert is tried again.
                match self.stored(key).await? {
                    Loaded::Live(record) => return Ok(Inserted::Exists(record)),
                    Loaded::Tombstone { .. } => return Ok(Inserted::Tombstone),
                    Loaded::NotFound => {}
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
            let columns = Columns::of(&key, record);
            // `$9` and `$10`: the row must still be live and of this version.
            let condition: [&dyn Parameter; 2] = [&version.cast_signed(), &time(now)];
            let parameters = [&columns.parameters()[..], &condition].concat();
            loop {
                if self.changes(&self.table.sql.update, &parameters).await? {
                    return Ok(Updated::Done);
                }
                // A second statement, not a part of the first: a statement reads the rows as of its start, so the first one
                // would see the record as it was before it waited for another write.
                match self.stored(key).await? {
                    Loaded::Live(record) if time(record.expires) <= time(now) => {
                        return Ok(Updated::Gone);
                    }
                    Loaded::Live(record) if record.version != version => {
                        return Ok(Updated::Conflict(record));
                    }
                    // The record was created between the two statements.
                    Loaded::Live(_) => {}
                    Loaded::Tombstone { .. } | Loaded::NotFound => return Ok(Updated::Gone),
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
                // A second statement, for the reason given in `update`.
                match self.stored(key).await? {
                    Loaded::Live(record) if record.version != version => {
                        return Ok(Updated::Conflict(record));
                    }
                    // The record was created between the two statements.
                    Loaded::Live(_) => {}
                    Loaded::Tombstone { .. } | Loaded::NotFound => return Ok(Updated::Gone),
                }
            }
        })
    }

    /// Does nothing: the column of the user has an index.
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
            newest_first.iter().rev().map(session_info).collect()
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
            // A concurrent trim may have ended it.
            let loaded = self.stored(this).await?;
            Ok(TrimResult {
                ended,
                alive: matches!(loaded, Loaded::Live(record) if record.expires > now),
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

    /// Commits once more. A standby that has confirmed this commit has all earlier ones.
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
                // The server empties an unlogged table after a crash.
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
