//! The table's names, and the SQL in which they stand.

use session_core::ConfigError;

/// One script for each version, which leads to it from the one before.
const MIGRATIONS: [&str; 1] = [include_str!("schema.sql")];

/// What an identifier may have, in bytes.
const LONGEST: usize = 63;
/// What follows the table's name in those of its indexes and its sequence, in bytes.
const SUFFIX: usize = "_owner".len();

/// A table that may be there.
pub(crate) struct Table {
    /// Quoted, and with its schema, if one was named.
    pub(crate) name: String,
    pub(crate) sql: Sql,
    sequence: String,
    user_index: String,
    hour_index: String,
}

impl Table {
    /// Every name stands in quotes and holds nothing that would end them: there is no way into the statements.
    pub(crate) fn new(name: &str) -> Result<Self, ConfigError> {
        let (schema, table) = match name.split_once('.') {
            Some((schema, table)) => (Some(schema), table),
            None => (None, name),
        };
        let valid = schema.is_none_or(|schema| is_identifier(schema, LONGEST));
        if !valid || !is_identifier(table, LONGEST - SUFFIX) {
            return Err(ConfigError::Value(format!(
                "{name:?} cannot be the name of a table: a name of at most {} letters, digits and _ is needed, with that of \
                 a schema and a dot in front or without",
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

    /// The version that the statements are for.
    pub(crate) const VERSION: usize = MIGRATIONS.len();

    /// What leads from a version, 0 without a table, to this one.
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

/// The statements.
///
/// Each is a transaction of its own. At READ COMMITTED, PostgreSQL's default, a write that waited for another looks at its
/// conditions again on the row as it is then; at a stricter level it fails instead and is sent again.
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
        let tombstone = "dead = true, ver = 0, seq = 0, owner = NULL, label = NULL, body = ''";
        // The hash finds the user, who may be longer than what an index takes; the user decides.
        let theirs = "owner_hash = sha256($1) AND owner = $1 AND NOT dead";
        // Locked in the order of keys: two of these never wait for each other in a circle. What had to be waited for is
        // looked at again then, so that what is locked is theirs until the end.
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
            // What got a user anew since it was found has another number, and is among the newest.
            trim: format!(
                "WITH surplus AS MATERIALIZED (SELECT key, seq FROM {table} WHERE {theirs} AND expires > $3 \
                 ORDER BY seq DESC OFFSET $4), \
                 theirs AS MATERIALIZED (SELECT t.key FROM {table} AS t JOIN surplus USING (key, seq) \
                 WHERE t.owner = $1 AND NOT t.dead ORDER BY t.key FOR UPDATE OF t), \
                 ended AS (UPDATE {table} AS t SET {tombstone}, expires = $2 FROM theirs \
                 WHERE t.key = theirs.key RETURNING t.key) \
                 SELECT count(*), count(*) FILTER (WHERE key = $5) > 0 FROM ended"
            ),
            // By hours, since an index on the second itself would be written to at every write of a session.
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

    /// No place is left open.
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
