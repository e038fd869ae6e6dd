//! Errors of Redis, as messages that tell the operator what to do. They quote nothing that the server quotes: its messages
//! may contain keys, users and values.

use std::borrow::Cow;

use redis::{ErrorKind, RedisError};
use session_store::StoreError;

use crate::script::Script;

/// The end of a message about permissions.
const LISTED: &str =
    "the documentation of RedisStore lists the permissions that it needs (ACL SETUSER)";

/// Returns the error of a command, which ran a script or not. Its source is the server's code or the kind of failure, without
/// the server's text.
pub(crate) fn failed(error: &RedisError, command: &str, script: Option<&Script>) -> StoreError {
    let (message, refused) = match (
        forbidden(error, command, script),
        error.code(),
        error.kind(),
    ) {
        (Some(message), ..) => (message.into(), true),
        (_, Some(code), _) => message_of(code),
        (_, _, ErrorKind::AuthenticationFailed) => message_of("WRONGPASS"),
        (_, _, ErrorKind::Io) if error.is_timeout() => {
            ("Redis did not reply in time".into(), false)
        }
        (_, _, ErrorKind::Io | ErrorKind::ClusterConnectionNotFound) => (
            "there is no connection to Redis, or it was cut".into(),
            false,
        ),
        _ => ("the client of Redis failed".into(), false),
    };
    let source = match error.kind() {
        // An error of the connection does not contain the request.
        ErrorKind::Io => error.to_string(),
        _ => error.code().unwrap_or_else(|| error.category()).to_owned(),
    };
    let error = StoreError::new(message).with_source(source);
    if refused { error.refused() } else { error }
}

/// Returns the message for an error's code, and whether the error is final, so that a retry does not help.
fn message_of(code: &str) -> (Cow<'static, str>, bool) {
    let (message, refused) = match code {
        "OOM" => (
            "Redis is full: give it more memory (maxmemory), or let idle sessions end sooner",
            true,
        ),
        "MISCONF" => (
            "Redis refuses writes, since it cannot write to its disk: is the disk full?",
            true,
        ),
        "NOAUTH" | "WRONGPASS" => (
            "Redis refuses the user or the password of this application",
            true,
        ),
        "WRONGTYPE" => (
            "a session's key in Redis holds another type of value: does another program use its prefix?",
            true,
        ),
        "READONLY" => ("this Redis is a replica: connect to the primary", false),
        "NOREPLICAS" => (
            "Redis has fewer replicas than min-replicas-to-write demands",
            false,
        ),
        "LOADING" => ("Redis is still loading its data", false),
        "CLUSTERDOWN" | "MASTERDOWN" | "TRYAGAIN" | "MOVED" | "ASK" => {
            ("the Redis cluster does not serve this session now", false)
        }
        _ => (
            "Redis replied with an error; this store needs Redis 7 or Valkey",
            false,
        ),
    };
    (message.into(), refused)
}

/// Returns the message for a missing permission, if the error is about one.
fn forbidden(error: &RedisError, command: &str, script: Option<&Script>) -> Option<String> {
    let text = error.detail().unwrap_or_default();
    // Redis 7.0 has no code for a permission that is missing in a script.
    if error.code() != Some("NOPERM") && !text.starts_with("The user executing the script can't") {
        return None;
    }
    if text.contains(" key") {
        return Some(format!(
            "this user of Redis may not use the key of {command}: grant it the keys with the store's prefix \
             (~shop:sessions:*); {LISTED}"
        ));
    }
    let commands = script.map(Script::commands).unwrap_or_default();
    // The server quotes the command in lower case. It is repeated only if it is one of ours, so that nothing else gets from
    // the server's text into the message.
    if let Some(quoted) = text.split('\'').nth(1) {
        let name = quoted.to_ascii_uppercase();
        if name == command || name == "EVAL" || commands.contains(&name.as_str()) {
            return Some(not_allowed(&name));
        }
    }
    if script.is_none() {
        return Some(not_allowed(command));
    }
    Some(not_allowed(&format!(
        "one of the commands of a script: {}",
        commands.join(", ")
    )))
}

/// Returns the message for commands that the user may not run.
pub(crate) fn not_allowed(commands: &str) -> String {
    format!("this user of Redis may not run {commands}; {LISTED}")
}
