//! What went wrong, without what the server quotes: keys, users and values.

use std::borrow::Cow;

use redis::{ErrorKind, RedisError};
use session_store::StoreError;

use crate::script::Script;

/// What ends a message about permissions.
const LISTED: &str = "RedisStore's documentation lists what it needs (ACL SETUSER)";

/// While this command was asked, which ran this script or none. The server's code or the kind of failure is the source; its
/// text is left out.
pub(crate) fn failed(error: &RedisError, command: &str, script: Option<&Script>) -> StoreError {
    let (message, refused) = match (
        forbidden(error, command, script),
        error.code(),
        error.kind(),
    ) {
        (Some(message), ..) => (message.into(), true),
        (_, Some(code), _) => answered(code),
        (_, _, ErrorKind::AuthenticationFailed) => answered("WRONGPASS"),
        (_, _, ErrorKind::Io) if error.is_timeout() => {
            ("Redis did not answer in time".into(), false)
        }
        (_, _, ErrorKind::Io | ErrorKind::ClusterConnectionNotFound) => (
            "there is no connection to Redis, or it was cut".into(),
            false,
        ),
        _ => ("the client of Redis failed".into(), false),
    };
    let source = match error.kind() {
        // Of the connection alone: what was asked is not in it.
        ErrorKind::Io => error.to_string(),
        _ => error.code().unwrap_or_else(|| error.category()).to_owned(),
    };
    let error = StoreError::new(message).with_source(source);
    if refused { error.refused() } else { error }
}

/// What an error's code says, and whether asking again would not help.
fn answered(code: &str) -> (Cow<'static, str>, bool) {
    let (message, refused) = match code {
        "OOM" => (
            "Redis is full: let it take more (maxmemory), or let idle sessions end sooner",
            true,
        ),
        "MISCONF" => (
            "Redis refuses writes, since it cannot write to its disk: is that full?",
            true,
        ),
        "NOAUTH" | "WRONGPASS" => (
            "Redis does not let us in: its user or password is another one",
            true,
        ),
        "WRONGTYPE" => (
            "a session's key in Redis holds something else: does anything else use its prefix?",
            true,
        ),
        "READONLY" => (
            "this Redis is a replica: the connection must be to the primary",
            false,
        ),
        "NOREPLICAS" => (
            "Redis has fewer replicas than it wants (min-replicas-to-write)",
            false,
        ),
        "LOADING" => ("Redis is still loading its data", false),
        "CLUSTERDOWN" | "MASTERDOWN" | "TRYAGAIN" | "MOVED" | "ASK" => {
            ("the Redis cluster does not serve this session now", false)
        }
        _ => (
            "Redis answered with an error; this store needs Redis 7 or Valkey",
            false,
        ),
    };
    (message.into(), refused)
}

/// What the user lacks, if it is that.
fn forbidden(error: &RedisError, command: &str, script: Option<&Script>) -> Option<String> {
    let text = error.detail().unwrap_or_default();
    // In a script Redis 7.0 has no code for it.
    if error.code() != Some("NOPERM") && !text.starts_with("The user executing the script can't") {
        return None;
    }
    if text.contains(" key") {
        return Some(format!(
            "Redis does not let this user at the key that {command} asks for: let it have the keys of the store's prefix \
             (~shop:sessions:*); {LISTED}"
        ));
    }
    let commands = script.map(Script::commands).unwrap_or_default();
    // Quoted, in lower case. Nothing is repeated but what we know.
    let named = text.split('\'').nth(1).map(str::to_ascii_uppercase);
    let known =
        |named: &String| named == command || named == "EVAL" || commands.contains(&named.as_str());
    Some(match named.filter(known) {
        Some(named) => not_allowed(&named),
        None if script.is_none() => not_allowed(command),
        None => not_allowed(&format!(
            "one of the commands of a script: {}",
            commands.join(", ")
        )),
    })
}

/// This user may not run these.
pub(crate) fn not_allowed(commands: &str) -> String {
    format!("Redis does not let this user run {commands}; {LISTED}")
}
