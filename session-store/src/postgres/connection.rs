//! A connection of the pool, for one statement.

use std::error::Error as StdError;
use std::fmt;

use bytes::BytesMut;
use deadpool_postgres::{Client, Object, Pool};
use tokio_postgres::types::{Format, IsNull, ToSql, Type};
use tokio_postgres::{Error, Row};

use super::error;
use super::table::Table;
use crate::error::StoreError;

/// How often a statement is sent again at once. More often it is a matter for who asked.
const AGAIN: usize = 4;

/// Runs a statement, which is prepared once per connection.
pub(super) async fn query(
    pool: &Pool,
    table: &Table,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, StoreError> {
    let parameters: Vec<_> = parameters.iter().map(|parameter| Hidden(*parameter)).collect();
    let mut connection = Connection::of(pool).await?;
    let mut times = 0;
    loop {
        times += 1;
        connection.begin();
        let result = query_once(connection.client(), sql, &parameters).await;
        connection.end(&result);
        match result {
            Ok(rows) => return Ok(rows),
            Err(error) if times <= AGAIN && error::is_stale(&error) => {
                connection.client().statement_cache.clear();
            }
            Err(error) if times <= AGAIN && error::is_in_the_way(&error) => {}
            Err(error) => return Err(error::failed(&error, &table.name)),
        }
    }
}

async fn query_once(client: &Client, sql: &str, parameters: &[Hidden<'_>]) -> Result<Vec<Row>, Error> {
    let statement = client.prepare_cached(sql).await?;
    let parameters: Vec<_> = parameters.iter().map(|parameter| parameter as &(dyn ToSql + Sync)).collect();
    client.query(&statement, &parameters).await
}

/// Goes back to the pool if nothing is under way on it. A question that was dropped in the middle, at its deadline, may
/// have left a connection that never answers again: the next question gets another.
pub(super) struct Connection {
    /// There until it is dropped.
    client: Option<Client>,
    idle: bool,
}

impl Connection {
    pub(super) async fn of(pool: &Pool) -> Result<Self, StoreError> {
        let client = pool.get().await.map_err(error::pool)?;
        Ok(Self { client: Some(client), idle: true })
    }

    /// From here on something is under way.
    pub(super) fn begin(&mut self) {
        self.idle = false;
    }

    /// What was under way has ended so.
    pub(super) fn end<T>(&mut self, result: &Result<T, Error>) {
        self.idle = result.as_ref().err().is_none_or(error::is_harmless);
    }

    pub(super) fn client(&mut self) -> &mut Client {
        match &mut self.client {
            Some(client) => client,
            None => unreachable!("it is there until it is dropped"),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(client) = self.client.take()
            && !self.idle
        {
            drop(Object::take(client));
        }
    }
}

/// A parameter that does not print: the client logs statements with their parameters, at the level `debug`.
struct Hidden<'a>(&'a (dyn ToSql + Sync));

impl fmt::Debug for Hidden<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

impl ToSql for Hidden<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        self.0.to_sql_checked(ty, out)
    }

    /// The parameter itself is asked, when it is written.
    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        self.0.to_sql_checked(ty, out)
    }

    fn encode_format(&self, ty: &Type) -> Format {
        self.0.encode_format(ty)
    }
}
