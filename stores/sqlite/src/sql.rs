//! The SQL of all statements. The table that they read and write is laid out in [`schema`](crate::schema).
//!
//! No statement scans or sorts the table: each finds its rows by an index, as the test below checks.

pub(crate) const LOAD: &str =
    "SELECT dead, version, expires, created, seen, owner, label, body FROM sessions WHERE key = ?1";

// The next number in the order of a user's records. A number may be used again after its record is gone: only numbers of
// records that exist at one time are compared, under the lock of the writer.
macro_rules! next {
    ($user:literal) => {
        concat!(
            "(SELECT coalesce(max(seq), 0) + 1 FROM sessions WHERE owner = ",
            $user,
            ")"
        )
    };
}

pub(crate) const INSERT: &str = concat!(
    "INSERT INTO sessions (key, version, expires, created, seen, owner, label, body, seq) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ",
    next!("?6"),
    ") ON CONFLICT (key) DO NOTHING"
);

// SQLite rewrites each index of which an UPDATE names a column. Most updates change neither `expires` nor the user, so the
// first statement names neither; one of the others follows only if it changed no row.
pub(crate) const UPDATE: &str = "UPDATE sessions SET version = ?2, created = ?3, seen = ?4, label = ?5, body = ?6 \
                                 WHERE key = ?1 AND version = ?7 AND NOT dead AND expires > ?8 AND expires >= ?9 AND owner IS ?10";
pub(crate) const UPDATE_EXPIRES: &str = "UPDATE sessions SET version = ?2, created = ?3, seen = ?4, label = ?5, body = ?6, \
                                         expires = ?7 WHERE key = ?1";
pub(crate) const UPDATE_USER: &str = concat!(
    "UPDATE sessions SET version = ?2, created = ?3, seen = ?4, label = ?5, body = ?6, expires = ?7, owner = ?8, seq = ",
    next!("?8"),
    " WHERE key = ?1"
);

pub(crate) const TOUCH: &str = "UPDATE sessions SET expires = max(expires, ?2), seen = max(seen, ?3) \
                                WHERE key = ?1 AND NOT dead AND expires > ?3";

// A tombstone is a row that holds its key and its end alone. It stays for `TOMBSTONE_SECONDS`, so that a write that arrives
// late finds the key taken and cannot create the session again.
macro_rules! tombstone {
    ($rows:literal) => {
        concat!(
            "UPDATE sessions SET dead = 1, version = 0, created = 0, seen = 0, owner = NULL, seq = NULL, label = NULL, \
             body = x'', expires = ?1 WHERE ",
            $rows
        )
    };
}

pub(crate) const DELETE: &str = tombstone!("key = ?2 AND NOT dead");
pub(crate) const DELETE_VERSION: &str = tombstone!("key = ?2 AND NOT dead AND version = ?3");
// A tombstone has no user, so these need no condition on `dead`.
pub(crate) const DELETE_ALL: &str =
    tombstone!("id IN (SELECT id FROM sessions WHERE owner = ?2 LIMIT ?3)");
pub(crate) const DELETE_ALL_BUT: &str =
    tombstone!("id IN (SELECT id FROM sessions WHERE owner = ?2 AND key <> ?4 LIMIT ?3)");
pub(crate) const DELETE_ONE: &str = tombstone!("key = ?4 AND owner = ?2 AND ?3 > 0");
pub(crate) const TRIM: &str = tombstone!(
    "id IN (SELECT id FROM sessions WHERE owner = ?2 AND expires > ?4 ORDER BY seq DESC LIMIT ?3 OFFSET ?5)"
);
pub(crate) const IS_LIVE: &str =
    "SELECT 1 FROM sessions WHERE key = ?1 AND NOT dead AND expires > ?2";

pub(crate) const LIST: &str = "SELECT key, created, seen, expires, label FROM sessions WHERE owner = ?1 AND expires > ?2 \
                               ORDER BY seq DESC LIMIT ?3";

pub(crate) const DELETE_EXPIRED: &str = "DELETE FROM sessions WHERE id IN \
                                         (SELECT id FROM sessions WHERE expires < ?1 ORDER BY expires LIMIT ?2)";

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, Result};

    use super::*;
    use crate::schema;

    fn plan(connection: &Connection, sql: &str) -> Vec<String> {
        let mut statement = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        let rows = statement
            .raw_query()
            .mapped(|row| row.get::<_, String>("detail"));
        rows.collect::<Result<_>>().unwrap()
    }

    /// No statement reads rows that it does not need, or sorts them.
    #[test]
    fn every_statement_uses_an_index() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(schema::STEPS[0]).unwrap();
        let all = [
            (LOAD, "sqlite_autoindex_sessions_1 (key=?)"),
            (INSERT, "sessions_by_owner (owner=?)"),
            (UPDATE, "sqlite_autoindex_sessions_1 (key=?)"),
            (UPDATE_EXPIRES, "sqlite_autoindex_sessions_1 (key=?)"),
            (UPDATE_USER, "sessions_by_owner (owner=?)"),
            (TOUCH, "sqlite_autoindex_sessions_1 (key=?)"),
            (DELETE, "sqlite_autoindex_sessions_1 (key=?)"),
            (DELETE_ALL, "sessions_by_owner (owner=?)"),
            (DELETE_ALL_BUT, "sessions_by_owner (owner=?)"),
            (DELETE_ONE, "(key=?)"),
            (TRIM, "sessions_by_owner (owner=?)"),
            (IS_LIVE, "sqlite_autoindex_sessions_1 (key=?)"),
            (LIST, "sessions_by_owner (owner=?)"),
            (DELETE_EXPIRED, "sessions_by_expires (expires<?)"),
        ];
        for (sql, index) in all {
            let plan = plan(&connection, sql);
            assert!(
                plan.iter().any(|step| step.contains(index)),
                "{sql}: {plan:?}"
            );
            assert!(
                !plan
                    .iter()
                    .any(|step| step.contains("SCAN") || step.contains("TEMP")),
                "{sql}: {plan:?}"
            );
        }
    }
}
