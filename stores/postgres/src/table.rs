//! The names of a table, and the SQL of all statements. Its columns are in `schema.sql`.

use session_core::ConfigError;

// `schema.sql` creates the table, a row for each record or tombstone. Texts are `bytea`, since `text` cannot hold a NUL.
//
//     key             32 bytes
//     ver             the 64 bits of the version, as a signed integer
//     seq             the record's number in the order of logins; 0 without a user
//     dead            true for a tombstone
//     expires, created, seen    seconds since 1970
//     owner           the user, or NULL
//     label, body
//     owner_hash      SHA-256 of the user, generated; indexed together with `seq`
//     expires_hour    the hour of `expires`, generated; indexed

/// The script of each version, which leads to it from the one before.
const MIGRATIONS: [&str; 1] = [include_str!("schema.sql")];

/// The length of an identifier at most, in bytes.
const LONGEST: usize = 63;
/// The longest suffix of the table's name in the names of its indexes and its sequence, in bytes.
const SUFFIX: usize = "_owner".len();

/// A table that may exist.
pub(crate) struct Table {
    /// Quoted, and with its schema if one was given.
    pub(crate) name: String,
    pub(crate) sql: Sql,
    sequence: String,
    user_index: String,
    hour_index: String,
}

impl Table {
    /// Checks the name, and writes it into the statements: always in quotes, and without a character that could end them.
    pub(crate) fn new(name: &str) -> Result<Self, ConfigError> {
        let (schema, table) = match name.split_once('.') {
            Some((schema, table)) => (Some(schema), table),
            None => (None, name),
        };
        let valid = schema.is_none_or(|schema| is_identifier(schema, LONGEST));
        if !valid || !is_identifier(table, LONGEST - SUFFIX) {
            return Err(ConfigError::Value(format!(
                "{name:?} cannot be the name of a table: it needs at most {} letters, digits and _, and may have the name of \
                 a schema and a dot in front",
                LONGEST - SUFFIX
            )));
        }
        let in_schema = |name: String| match schema {
            Some(schema) => format!("\"{schema}\".\"{name}\""),
            None => format!("\"{name}\""),
        };
        let (name, sequence) = (
            in_schema(table.to_owned()),
            in_schema(format!("{table}_seq")),
        );
        let (user_index, hour_index) = (format!("\"{table}_owner\""), format!("\"{table}_hour\""));
        let sql = Sql::new(&name, &sequence);
        Ok(Self {
            name,
            sql,
            sequence,
            user_index,
            hour_index,
        })
    }

    /// The version of the schema that the statements need.
    pub(crate) const VERSION: usize = MIGRATIONS.len();

    /// Returns the SQL that leads from a version to this one. Version 0 is no table.
    pub(crate) fn migrations(&self, from: usize) -> String {
        let names = [
            ("{table}", &self.name),
            ("{sequence}", &self.sequence),
            ("{owner_index}", &self.user_index),
            ("{hour_index}", &self.hour_index),
        ];
        let scripts = MIGRATIONS.get(from..).unwrap_or_default().concat();
        names
            .iter()
            .fold(scripts, |sql, (place, name)| sql.replace(place, name))
    }
}

/// The statements, each of which is a transaction of its own.
///
/// At READ COMMITTED, PostgreSQL's default, a write that waited for another one checks its conditions again on the row as it
/// is then. At a stricter level it fails instead, and is repeated. So a condition in `WHERE` and the change are atomic.
pub(crate) struct Sql {
    pub(crate) load: String,
    pub(crate) insert: String,
    pub(crate) update: String,
    pub(crate) touch: String,
    pub(crate) delete: String,
    pub(crate) delete_version: String,
    pub(crate) list: String,
    pub(crate) delete_owned: String,
    pub(crate) delete_all_but: String,
    pub(crate) delete_one: String,
    pub(crate) trim: String,
    pub(crate) delete_expired: String,
    pub(crate) durability: String,
}

impl Sql {
    fn new(table: &str, sequence: &str) -> Self {
        // A tombstone is a row that holds its key and its end alone. It stays for `TOMBSTONE_SECONDS`, so that a write that
        // arrives late finds the key taken and cannot create the session again.
        let tombstone = "dead = true, ver = 0, seq = 0, owner = NULL, label = NULL, body = ''";
        // The index is on a hash of the user, whose name may be longer than an index allows. Equal names decide.
        let theirs = "owner_hash = sha256($1) AND owner = $1 AND NOT dead";
        // Rows are locked in the order of keys, so that two of these statements cannot deadlock. A row that had to be waited
        // for is checked again, so every locked row is this user's until the end of the statement.
        let delete_owned = |which: &str| {
            format!(
                "WITH theirs AS MATERIALIZED (SELECT key FROM {table} WHERE {theirs}{which} ORDER BY key FOR UPDATE), \
                 ended AS (UPDATE {table} AS t SET {tombstone}, expires = $2 FROM theirs \
                 WHERE t.key = theirs.key RETURNING 1) \
                 SELECT count(*) FROM ended"
            )
        };
        Self {
            load: format!(
                "SELECT dead, ver, expires, created, seen, owner, label, body FROM {table} WHERE key = $1"
            ),
            insert: format!(
                "INSERT INTO {table} (key, ver, seq, expires, created, seen, owner, label, body) VALUES ($1, $2, \
                 CASE WHEN $6::bytea IS NULL THEN 0 ELSE nextval('{sequence}') END, $3, $4, $5, $6, $7, $8) \
                 ON CONFLICT (key) DO NOTHING RETURNING 1"
            ),
            update: format!(
                "UPDATE {table} SET ver = $2, expires = GREATEST(expires, $3), created = $4, seen = $5, \
                 seq = CASE WHEN owner IS NOT DISTINCT FROM $6::bytea THEN seq WHEN $6::bytea IS NULL THEN 0 \
                 ELSE nextval('{sequence}') END, owner = $6, label = $7, body = $8 \
                 WHERE key = $1 AND ver = $9 AND NOT dead AND expires > $10 RETURNING 1"
            ),
            touch: format!(
                "UPDATE {table} SET expires = GREATEST(expires, $2), seen = GREATEST(seen, $3) \
                 WHERE key = $1 AND NOT dead AND expires > $3 RETURNING 1"
            ),
            delete: format!(
                "UPDATE {table} SET {tombstone}, expires = $2 WHERE key = $1 AND NOT dead RETURNING 1"
            ),
            delete_version: format!(
                "UPDATE {table} SET {tombstone}, expires = $2 WHERE key = $1 AND NOT dead AND ver = $3 RETURNING 1"
            ),
            list: format!(
                "SELECT key, created, seen, expires, label FROM {table} WHERE {theirs} AND expires > $2 \
                 ORDER BY seq DESC LIMIT $3"
            ),
            delete_owned: delete_owned(""),
            delete_all_but: delete_owned(" AND key <> $3"),
            delete_one: delete_owned(" AND key = $3"),
            // A record that logs in again after it was found has another `seq`, and is among the newest. So the number is
            // compared once more when the row is locked.
            trim: format!(
                "WITH surplus AS MATERIALIZED (SELECT key, seq FROM {table} WHERE {theirs} AND expires > $3 \
                 ORDER BY seq DESC OFFSET $4), \
                 theirs AS MATERIALIZED (SELECT t.key FROM {table} AS t JOIN surplus USING (key, seq) \
                 WHERE t.owner = $1 AND NOT t.dead ORDER BY t.key FOR UPDATE OF t), \
                 ended AS (UPDATE {table} AS t SET {tombstone}, expires = $2 FROM theirs \
                 WHERE t.key = theirs.key RETURNING t.key) \
                 SELECT count(*), count(*) FILTER (WHERE key = $5) > 0 FROM ended"
            ),
            // The index is on the hour: one on the second would be written at every write of a session.
            delete_expired: format!(
                "WITH expired AS MATERIALIZED (SELECT key FROM {table} WHERE expires_hour <= $1::bigint / 3600 \
                 AND expires < $1 ORDER BY expires_hour LIMIT $2 FOR UPDATE SKIP LOCKED), \
                 removed AS (DELETE FROM {table} AS t USING expired WHERE t.key = expired.key \
                 RETURNING 1) SELECT count(*) FROM removed"
            ),
            durability: format!(
                "SELECT relpersistence = 'u', current_setting('fsync') = 'off' OR \
                 current_setting('full_page_writes') = 'off', current_setting('synchronous_commit'), \
                 current_setting('synchronous_standby_names') <> '', pg_is_in_recovery() FROM pg_class WHERE oid = '{table}'::regclass"
            ),
        }
    }
}

fn is_identifier(name: &str, longest: usize) -> bool {
    name.len() <= longest
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let longest = "x".repeat(57);
        for (name, quoted) in [
            ("sessions", "\"sessions\""),
            ("_a1", "\"_a1\""),
            ("Web.Sessions", "\"Web\".\"Sessions\""),
            (&longest, &format!("\"{longest}\"")),
        ] {
            assert_eq!(
                Table::new(name)
                    .unwrap_or_else(|error| panic!("{error}"))
                    .name,
                quoted
            );
        }
        let too_long = "x".repeat(58);
        let bad = [
            "", ".", "a.", ".a", "a.b.c", "a b", "a\"b", "1a", "a-b", "ä", "a;", "a'b", "a\0",
            &too_long,
        ];
        for name in bad {
            assert!(Table::new(name).is_err(), "{name}");
        }
    }

    /// Every placeholder is replaced.
    #[test]
    fn the_names_stand_in_the_migrations() {
        let table = Table::new("web.sessions").unwrap_or_else(|error| panic!("{error}"));
        let sql = table.migrations(0);
        assert!(
            sql.contains("CREATE TABLE \"web\".\"sessions\" (") && !sql.contains('{'),
            "{sql}"
        );
        assert!(sql.contains(&format!("'session-store schema {}'", Table::VERSION)));
        assert_eq!(table.migrations(Table::VERSION), "");
    }
}
