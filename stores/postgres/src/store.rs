//! [`PostgresStore`]: how it is made. Its verbs are in `verbs`.

use std::fmt;

use deadpool_postgres::Pool;
use session_core::{ConfigError, RecordKey, protocol::Loaded};
use session_store::StoreError;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Config, Row, Socket};

use crate::connection::Connections;
use crate::parameter::Parameter;
use crate::rows::{cell, loaded, number, only};
use crate::schema;
use crate::table::Table;

const DEFAULT_TABLE: &str = "session_records";
/// The number of connections in the store's own pool.
const CONNECTIONS: usize = 16;

/// Stores sessions in PostgreSQL (12 or newer): for applications of several processes, whose sessions survive what the
/// database survives.
///
/// - **Connections of its own**, up to 16 in each process: so a request gets one even if all of the application's are in use.
///   A [pool of the application's](Self::with_pool) can be shared, for a price.
/// - **Fast.** Each verb is one statement and one round trip. A second one follows if no row was changed, to find out why,
///   and after [`trim`](session_store::Store::trim). An update or a touch writes no index, unless the user changes or the
///   session's end moves into another hour. Statements are prepared once per connection, which takes an additional round trip
///   at their first use. [`index`](session_store::Store::index) and [`unindex`](session_store::Store::unindex) do nothing: the
///   user is a column.
/// - **Behind a pooler**, such as PgBouncer of any release, per session or per transaction, statements have no names: per
///   transaction a name may belong to another program's statement. The store checks each of its own connections for a pooler
///   when it is opened, which takes a round trip; there is nothing to configure. The server then plans each statement again.
/// - **Current.** Connect to the primary alone: a standby returns outdated records. Among several servers the store's own
///   connections choose one that accepts writes (`target_session_attrs=read-write`).
/// - **In time.** Requests have deadlines ([`Builder::deadlines`](session_core::Builder::deadlines)), so the pool needs
///   none. A statement whose request was given up is not cancelled on the server, since a commit that waits for a synchronous
///   standby would then take effect without it. Its connection keeps its place in the store's own pool until the statement has
///   ended, so a locked table takes no more connections than the pool has, and one to query. A shared pool gets the place back
///   after ten seconds. Give the role a `lock_timeout` below half of the deadline for
///   opening a session (`900ms`), so that the server ends a statement that waits for a lock before the request is given up.
/// - **Clear.** Errors say what to do, with the server's code (SQLSTATE), and never quote a row, which PostgreSQL's own
///   messages quote.
///
/// [`create_schema`](Self::create_schema) creates the table; nothing else does. Expired records stay in it until somebody
/// calls [`delete_expired`](session_store::Store::delete_expired), which passes over rows that another transaction has locked at that
/// moment; the next call finds them. The server's configuration decides whether an answered write survives a crash;
/// [`durability`](session_store::Store::durability) asks for it.
///
/// ```no_run
/// use std::sync::Arc;
/// use session_core::{SecretKey, Sessions};
/// use session_store::SessionBackend;
/// use session_store_postgres::PostgresStore;
///
/// # async fn start() -> Result<SessionBackend, Box<dyn std::error::Error>> {
/// let store = PostgresStore::new("postgres://app@db/app".parse()?, tokio_postgres::NoTls);
/// store.create_schema().await?;
/// let sessions = Sessions::builder(SecretKey::generate()?).build_stored()?;
/// let backend = SessionBackend::stored(sessions, Arc::new(store));
/// # Ok(backend)
/// # }
/// ```
pub struct PostgresStore {
    // Why deadpool: it adds no round trip (the pool of sqlx tests each connection before use), a query may be dropped at any
    // time (the socket belongs to a task of its own, and requests have deadlines), it caches prepared statements for each
    // connection, and it links no second SQLite.
    connections: Connections,
    pub(crate) table: Table,
}

impl PostgresStore {
    /// Returns a store with up to 16 connections of its own, and with the table `session_records`, which the connections'
    /// `search_path` finds. Does not connect; the first request does.
    ///
    /// A URL is parsed into a [`Config`]. The store sets `target_session_attrs` to a server that accepts writes and, unless they
    /// are set, `connect_timeout` (a second) and `tcp_user_timeout` (three): so a dead server is noticed within a request's
    /// deadline. For TLS replace [`NoTls`](tokio_postgres::NoTls) by a connector such as
    /// `tokio_postgres_rustls::MakeRustlsConnect`.
    ///
    /// ```no_run
    /// # fn start() -> Result<(), tokio_postgres::Error> {
    /// use session_store_postgres::PostgresStore;
    /// use tokio_postgres::NoTls;
    ///
    /// let store = PostgresStore::new("postgres://app@db/app".parse()?, NoTls);
    /// assert!(format!("{store:?}").contains("session_records"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn new<T>(config: Config, tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Sync + Send + 'static,
        T::Stream: Sync + Send,
        T::TlsConnect: Sync + Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        Self::with_connections(config, tls, CONNECTIONS)
    }

    /// Returns a store with at most `most` connections of its own, but at least one; and now and then one more, to query
    /// whether statements that were given up have ended. All processes together must stay below the server's
    /// `max_connections`, or better below a limit of the role (`CONNECTION LIMIT`).
    ///
    /// ```
    /// # use session_store_postgres::PostgresStore;
    /// # use tokio_postgres::{Config, NoTls};
    /// let store = PostgresStore::with_connections(Config::new(), NoTls, 4);
    /// assert!(format!("{store:?}").contains("max_size: 4"));
    /// ```
    #[must_use]
    pub fn with_connections<T>(config: Config, tls: T, most: usize) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Sync + Send + 'static,
        T::Stream: Sync + Send,
        T::TlsConnect: Sync + Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        Self::over(Connections::own(config, tls, most))
    }

    /// Returns a store over a pool that the application uses as well.
    ///
    /// **A request needs a connection to open its session and one to close it.** If handlers, or middleware outside of the
    /// sessions' layer, hold all of them meanwhile, such as for a transaction per request, sessions wait for one until their
    /// deadline, and the requests get 503. So let the pool have more than the application ever holds, or use
    /// [a pool of the store's own](Self::new).
    ///
    /// The store does not know whether these connections lead to a pooler, so its statements have no names: that is right
    /// behind any pooler, and the server plans each statement again. The pool's configuration stays as it is: let it connect
    /// to the primary (`target_session_attrs=read-write`), and limit how long it waits.
    ///
    /// ```
    /// # use deadpool_postgres::{Manager, Pool};
    /// # use session_store_postgres::PostgresStore;
    /// let manager = Manager::new(tokio_postgres::Config::new(), tokio_postgres::NoTls);
    /// let pool = Pool::builder(manager).max_size(50).build().unwrap();
    /// let store = PostgresStore::with_pool(pool.clone());
    /// assert!(format!("{store:?}").contains("max_size: 50"));
    /// ```
    #[must_use]
    pub fn with_pool(pool: Pool) -> Self {
        Self::over(Connections::shared(pool))
    }

    fn over(connections: Connections) -> Self {
        match Table::new(DEFAULT_TABLE) {
            Ok(table) => Self { connections, table },
            Err(_) => unreachable!("the default name is valid"),
        }
    }

    /// Uses a table of another name, with or without a schema in front: `web.sessions`. Upper case stays upper case.
    ///
    /// # Errors
    /// [`ConfigError::Value`] if a name is not of ASCII letters, digits and `_`, begins with a digit, or is too long: the table's
    /// has at most 57 characters, since a sequence and two indexes are named after it, the schema's at most 63.
    ///
    /// ```
    /// # use session_store_postgres::PostgresStore;
    /// # use tokio_postgres::{Config, NoTls};
    /// let store = || PostgresStore::new(Config::new(), NoTls);
    /// assert!(store().table("web.sessions").is_ok());
    /// assert!(store().table("sessions; DROP TABLE users").is_err());
    /// ```
    pub fn table(self, name: &str) -> Result<Self, ConfigError> {
        Ok(Self {
            table: Table::new(name)?,
            ..self
        })
    }

    /// Creates the table, or brings one of an older version up to date, in one transaction. Any number of processes may call it
    /// concurrently and repeatedly; no other method calls it. If there is nothing to do, it needs no more permissions than the
    /// other methods.
    ///
    /// # Errors
    /// If the role may not create tables; if a table of this name belongs to another program, or has a newer version than
    /// this program knows. Then nothing was changed.
    ///
    /// ```no_run
    /// # async fn start(store: session_store_postgres::PostgresStore) -> Result<(), session_store::StoreError> {
    /// store.create_schema().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn create_schema(&self) -> Result<(), StoreError> {
        schema::create(&self.connections, &self.table).await
    }

    /// Returns the SQL of [`create_schema`](Self::create_schema) for a database without the table, to be run by hand in one
    /// transaction. The table's comment holds its version. The application's role needs `SELECT`, `INSERT`, `UPDATE` and
    /// `DELETE` on the table, and `USAGE` on its sequence, whose name ends with `_seq`.
    ///
    /// ```
    /// # use session_store_postgres::PostgresStore;
    /// # use tokio_postgres::{Config, NoTls};
    /// let store = PostgresStore::new(Config::new(), NoTls).table("web.sessions").unwrap();
    /// let sql = store.schema_sql();
    /// assert!(sql.starts_with(r#"CREATE TABLE "web"."sessions" ("#));
    /// ```
    #[must_use]
    pub fn schema_sql(&self) -> String {
        self.table.migrations(0)
    }

    pub(crate) async fn query(
        &self,
        sql: &str,
        parameters: &[&dyn Parameter],
    ) -> Result<Vec<Row>, StoreError> {
        self.connections.query(&self.table, sql, parameters).await
    }

    /// Runs a statement about one row, and returns whether it changed the row.
    pub(crate) async fn changes(
        &self,
        sql: &str,
        parameters: &[&dyn Parameter],
    ) -> Result<bool, StoreError> {
        Ok(!self.query(sql, parameters).await?.is_empty())
    }

    /// Runs a statement that returns a number.
    pub(crate) async fn count(
        &self,
        sql: &str,
        parameters: &[&dyn Parameter],
    ) -> Result<u64, StoreError> {
        Ok(number(cell(only(&self.query(sql, parameters).await?)?, 0)?))
    }

    pub(crate) async fn stored(&self, key: RecordKey) -> Result<Loaded, StoreError> {
        let rows = self
            .query(&self.table.sql.load, &[&&key.as_bytes()[..]])
            .await?;
        rows.first().map_or(Ok(Loaded::NotFound), loaded)
    }
}

impl fmt::Debug for PostgresStore {
    /// Prints the table and the state of the pool, and nothing of the configuration, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("table", &self.table.name)
            .field("pool", &self.connections.pool().status())
            .finish_non_exhaustive()
    }
}
