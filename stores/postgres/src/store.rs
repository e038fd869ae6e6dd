//! The store itself: what it is made of. Its verbs are in `verbs`.

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
/// How many connections the store has of its own.
const CONNECTIONS: usize = 16;

/// Keeps sessions in PostgreSQL (12 or newer): for applications of several processes, whose sessions are to survive what the
/// database survives.
///
/// - **Connections of its own**, up to 16 for each process: so a request finds one also where all of the application's are
///   in use. A [pool of the application's](Self::with_pool) can be shared, for a price.
/// - **Fast.** Each verb is one statement and one round trip. A second one follows where no row was changed, to tell why,
///   and after [`trim`](session_store::Store::trim). An update or a touch writes no index, unless the user changes or the session's end
///   moves into another hour. Statements are prepared once per connection, which takes a round trip more at their first
///   use there. [`index`](session_store::Store::index) and [`unindex`](session_store::Store::unindex) ask nobody: the user is a column.
/// - **Behind a pooler**, such as PgBouncer of any release, per session or per transaction, statements have no name, since per
///   transaction a name may mean another program's statement. Each connection of its own is looked at for that, which
///   takes a round trip when it is made; there is nothing to configure. The server plans each statement anew then.
/// - **Current.** It must talk to the primary alone: what a standby shows is late. Where there are several servers to choose
///   from, its own connections go to one that may be written to (`target_session_attrs=read-write`).
/// - **In time.** Requests have deadlines ([`Builder::deadlines`](session_core::Builder::deadlines)), so the pool needs
///   none. What a request gave up waiting for is not cancelled on the server, since a commit that waits for a synchronous
///   standby would then count without it; its connection keeps its place in the pool until the server has ended that, so
///   that a locked table takes no more connections than the pool has. Let the role have a `lock_timeout` below half of the
///   deadline for opening a session (`900ms`): so the server ends what waits for a lock first.
/// - **Clear.** Errors tell what to do, with the server's code (SQLSTATE); never what is in a row, which PostgreSQL's own
///   messages quote.
///
/// The table is not made by itself: see [`create_schema`](Self::create_schema). What has expired stays in it until somebody
/// calls [`delete_expired`](session_store::Store::delete_expired), which passes over rows that another transaction has locked in that
/// moment: what becomes of them is not known yet, and the next call finds them. What an answered write survives is the
/// server's configuration; [`durability`](session_store::Store::durability) asks for it.
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
/// let source = SessionBackend::stored(sessions, Arc::new(store));
/// # Ok(source)
/// # }
/// ```
pub struct PostgresStore {
    // Why deadpool: it adds no round trip (sqlx' pool asks each connection whether it is alive), a query may be dropped at
    // any time (the socket belongs to a task of its own, and our questions have deadlines), it keeps prepared statements
    // for each connection, and it brings no second SQLite.
    connections: Connections,
    pub(crate) table: Table,
}

impl PostgresStore {
    /// With up to 16 connections of its own, in the table `session_records`, where their `search_path` finds it. Asks nobody.
    ///
    /// A URL is parsed into a [`Config`]. Of it the store changes that it looks for a server that may be written to, and,
    /// where nothing is said about them, `connect_timeout` (a second) and `tcp_user_timeout` (three): a server that is gone
    /// is noticed within a request's deadline. In place of [`NoTls`](tokio_postgres::NoTls) goes what makes TLS, such as
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

    /// The same with so many connections at most, but one at least; and now and then one more, to ask what became of
    /// questions that were given up. All processes together must stay below the server's `max_connections`, and better below
    /// a limit of the role's own (`CONNECTION LIMIT`).
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

    /// Over a pool that the application uses as well.
    ///
    /// **A request needs a connection to open its session and one to close it.** Where handlers, or middleware outside of the
    /// sessions' layer, hold all of them meanwhile, as for a transaction per request, sessions wait for one until their
    /// deadline, and the requests get 503. So let the pool have more than are ever held at once, or take
    /// [a pool of the store's own](Self::new).
    ///
    /// What is at the other end of these connections is not known to the store, so its statements have no names: that is
    /// right behind any pooler, and costs the server a plan for each. The pool's configuration stays as it is: see that it
    /// leads to the primary (`target_session_attrs=read-write`), and how long it waits.
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
            Err(_) => unreachable!("the default is a table's name"),
        }
    }

    /// The same in a table of another name, with a schema in front or without: `web.sessions`. Upper case stays upper case.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for what is no name of ASCII letters, digits and `_` that begins with no digit: of at most 57
    /// characters, since a sequence and two indexes are called after it, and 63 for the schema.
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

    /// Creates the table, or brings one of an older version up to date: in one transaction, which any number of processes
    /// may call at once and again. Never called by the other methods. If there is nothing to do, it needs no more rights
    /// than they do.
    ///
    /// # Errors
    /// If the role may not create tables; if a table of this name is somebody else's, or of a newer version than this
    /// program knows. Then nothing was changed.
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

    /// The SQL of [`create_schema`](Self::create_schema) for a database in which there is no such table: for those who run
    /// such things themselves, in one transaction. The table's comment holds its version. Whoever uses the store needs
    /// `SELECT`, `INSERT`, `UPDATE` and `DELETE` on the table, and `USAGE` on its sequence, whose name ends with `_seq`.
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

    /// Whether a statement about one row did anything.
    pub(crate) async fn changes(
        &self,
        sql: &str,
        parameters: &[&dyn Parameter],
    ) -> Result<bool, StoreError> {
        Ok(!self.query(sql, parameters).await?.is_empty())
    }

    /// What a statement that counts answers.
    pub(crate) async fn count(
        &self,
        sql: &str,
        parameters: &[&dyn Parameter],
    ) -> Result<u64, StoreError> {
        Ok(number(cell(only(&self.query(sql, parameters).await?)?, 0)?))
    }

    pub(crate) async fn found(&self, key: RecordKey) -> Result<Loaded, StoreError> {
        let rows = self
            .query(&self.table.sql.load, &[&&key.as_bytes()[..]])
            .await?;
        rows.first().map_or(Ok(Loaded::Absent), loaded)
    }
}

impl fmt::Debug for PostgresStore {
    /// The table, and how many connections are in use. Nothing of how to connect, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("table", &self.table.name)
            .field("pool", &self.connections.pool().status())
            .finish_non_exhaustive()
    }
}
