//! Sessions in PostgreSQL.

mod connection;
mod error;
mod schema;
mod table;

use std::fmt;

use deadpool_postgres::Pool;
use session_core::{
    ConfigError, Inserted, Loaded, Outcome, Record, RecordKey, TOMBSTONE_SECONDS, Trimmed, Updated,
};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql};

use self::table::Table;
use crate::durability::Durability;
use crate::error::StoreError;
use crate::store::{Listed, Store, Verb, Which};

const DEFAULT_TABLE: &str = "session_records";

pub struct PostgresStore {
    // Why deadpool: it adds no round trip (sqlx' pool asks each connection whether it is alive), a query may be dropped at
    // any time (the socket belongs to a task of its own, and our questions have deadlines), it keeps prepared statements
    // for each connection, and it brings no second SQLite.
    pool: Pool,
    table: Table,
}

impl PostgresStore {
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        match Self::with_table(pool, DEFAULT_TABLE) {
            Ok(store) => store,
            Err(_) => unreachable!("the default is a table's name"),
        }
    }

    pub fn with_table(pool: Pool, table: &str) -> Result<Self, ConfigError> {
        Ok(Self { pool, table: Table::new(table)? })
    }

    pub async fn create_schema(&self) -> Result<(), StoreError> {
        schema::create(&self.pool, &self.table).await
    }

    #[must_use]
    pub fn schema_sql(&self) -> String {
        self.table.migrations(0)
    }

    async fn query(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
        connection::query(&self.pool, &self.table, sql, parameters).await
    }

    /// Whether a statement about one row did anything.
    async fn changes(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<bool, StoreError> {
        Ok(!self.query(sql, parameters).await?.is_empty())
    }

    /// What a statement that counts answers.
    async fn count(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<u64, StoreError> {
        Ok(number(cell(only(&self.query(sql, parameters).await?)?, 0)?))
    }

    async fn found(&self, key: RecordKey) -> Result<Loaded, StoreError> {
        let rows = self.query(&self.table.sql.load, &[&&key.as_bytes()[..]]).await?;
        let Some(row) = rows.first() else {
            return Ok(Loaded::Absent);
        };
        if cell(row, 0)? {
            return Ok(Loaded::Dead);
        }
        Ok(Loaded::Live(Record {
            version: cell::<i64>(row, 1)?.cast_unsigned(),
            expires: number(cell(row, 2)?),
            created: number(cell(row, 3)?),
            seen: number(cell(row, 4)?),
            owner: text(cell(row, 5)?)?,
            label: text(cell(row, 6)?)?,
            body: cell::<&[u8]>(row, 7)?.into(),
        }))
    }
}

impl Store for PostgresStore {
    fn load<'a>(&'a self, key: RecordKey, _now: u64) -> Verb<'a, Loaded> {
        Box::pin(self.found(key))
    }

    fn insert<'a>(&'a self, key: RecordKey, record: &'a Record, _now: u64) -> Verb<'a, Inserted> {
        Box::pin(async move {
            let Record { version, expires, created, seen, .. } = *record;
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
                            &bytes(&record.owner),
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
                    Loaded::Dead => return Ok(Inserted::Dead),
                    Loaded::Absent => {}
                }
            }
        })
    }

    fn update<'a>(&'a self, key: RecordKey, version: u64, record: &'a Record, now: u64) -> Verb<'a, Updated> {
        Box::pin(async move {
            let Record { version: next, expires, created, seen, .. } = *record;
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
                            &bytes(&record.owner),
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
                    Loaded::Live(found) if time(found.expires) <= time(now) => return Ok(Updated::Gone),
                    Loaded::Live(found) if found.version != version => return Ok(Updated::Conflict(found)),
                    // Created between the two.
                    Loaded::Live(_) => {}
                    Loaded::Dead | Loaded::Absent => return Ok(Updated::Gone),
                }
            }
        })
    }

    fn touch<'a>(&'a self, key: RecordKey, expires: u64, now: u64) -> Verb<'a, Outcome> {
        Box::pin(async move {
            let parameters: [&(dyn ToSql + Sync); 3] = [&&key.as_bytes()[..], &time(expires), &time(now)];
            Ok(outcome(self.changes(&self.table.sql.touch, &parameters).await?))
        })
    }

    fn delete<'a>(&'a self, key: RecordKey, now: u64) -> Verb<'a, Outcome> {
        Box::pin(async move {
            let parameters: [&(dyn ToSql + Sync); 2] = [&&key.as_bytes()[..], &tombstone_ends(now)];
            Ok(outcome(self.changes(&self.table.sql.delete, &parameters).await?))
        })
    }

    /// Nothing to note: the owner is a column.
    fn index<'a>(&'a self, _: &'a str, _: RecordKey, _until: u64, _now: u64) -> Verb<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn unindex<'a>(&'a self, _: &'a str, _: RecordKey) -> Verb<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn list<'a>(&'a self, owner: &'a str, max: usize, now: u64) -> Verb<'a, Vec<Listed>> {
        Box::pin(async move {
            let parameters: [&(dyn ToSql + Sync); 3] = [&owner.as_bytes(), &time(now), &most(max)];
            let newest_first = self.query(&self.table.sql.list, &parameters).await?;
            newest_first.iter().rev().map(listed).collect()
        })
    }

    fn delete_owned<'a>(&'a self, owner: &'a str, which: Which, now: u64) -> Verb<'a, u64> {
        Box::pin(async move {
            let sql = &self.table.sql;
            let (owner, expires) = (owner.as_bytes(), tombstone_ends(now));
            match which {
                Which::All => self.count(&sql.delete_owned, &[&owner, &expires]).await,
                Which::AllBut(key) => {
                    self.count(&sql.delete_all_but, &[&owner, &expires, &&key.as_bytes()[..]]).await
                }
                Which::One(key) => {
                    self.count(&sql.delete_one, &[&owner, &expires, &&key.as_bytes()[..]]).await
                }
            }
        })
    }

    fn trim<'a>(&'a self, owner: &'a str, keep: usize, this: RecordKey, now: u64) -> Verb<'a, Trimmed> {
        Box::pin(async move {
            let parameters: [&(dyn ToSql + Sync); 5] =
                [&owner.as_bytes(), &tombstone_ends(now), &time(now), &most(keep), &&this.as_bytes()[..]];
            let rows = self.query(&self.table.sql.trim, &parameters).await?;
            let row = only(&rows)?;
            let ended = number(cell(row, 0)?);
            if cell(row, 1)? {
                return Ok(Trimmed { ended, alive: false });
            }
            // Others that trim may have ended it.
            let found = self.found(this).await?;
            Ok(Trimmed { ended, alive: matches!(found, Loaded::Live(found) if found.expires > now) })
        })
    }

    fn delete_expired<'a>(&'a self, before: u64, batch: usize) -> Verb<'a, u64> {
        Box::pin(
            async move { self.count(&self.table.sql.delete_expired, &[&time(before), &most(batch)]).await },
        )
    }

    fn durability(&self) -> Verb<'_, Durability> {
        Box::pin(async move {
            let rows = self.query(&self.table.sql.durability, &[]).await?;
            let row = only(&rows)?;
            let (unlogged, unsafe_disk, standby) = (cell(row, 0)?, cell(row, 1)?, cell(row, 3)?);
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

impl fmt::Debug for PostgresStore {
    /// The table, and how many connections are in use. Nothing of how to connect, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("table", &self.table.name)
            .field("pool", &self.pool.status())
            .finish_non_exhaustive()
    }
}

/// A time as the database keeps it.
fn time(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

fn tombstone_ends(now: u64) -> i64 {
    time(now.saturating_add(TOMBSTONE_SECONDS))
}

fn most(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn number(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// `bytea`, since PostgreSQL's `text` takes no NUL.
fn bytes(text: &Option<std::sync::Arc<str>>) -> Option<&[u8]> {
    text.as_deref().map(str::as_bytes)
}

fn outcome(done: bool) -> Outcome {
    if done { Outcome::Done } else { Outcome::Gone }
}

fn listed(row: &Row) -> Result<Listed, StoreError> {
    let key = cell::<&[u8]>(row, 0)?.try_into().map_err(|_| damaged())?;
    Ok(Listed {
        key: RecordKey::from_bytes(key),
        created: number(cell(row, 1)?),
        seen: number(cell(row, 2)?),
        expires: number(cell(row, 3)?),
        label: text(cell(row, 4)?)?,
    })
}

fn text(bytes: Option<&[u8]>) -> Result<Option<std::sync::Arc<str>>, StoreError> {
    let text = bytes.map(std::str::from_utf8).transpose().map_err(|_| damaged())?;
    Ok(text.map(Into::into))
}

fn only(rows: &[Row]) -> Result<&Row, StoreError> {
    rows.first().ok_or_else(damaged)
}

fn cell<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, StoreError> {
    row.try_get(column).map_err(|_| damaged())
}

fn damaged() -> StoreError {
    StoreError::new("PostgreSQL answered something else than this store writes: was its table changed?")
}
