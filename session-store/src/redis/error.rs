//! What went wrong, without what the server quotes: keys, owners and values.

use ::redis::{ErrorKind, RedisError};

use crate::error::StoreError;

/// The server's code or the kind of failure is the source; its text is left out.
pub(super) fn failed(error: &RedisError) -> StoreError {
    let (message, refused) = match (error.code(), error.kind()) {
        (Some(code), _) => answered(code),
        (_, ErrorKind::AuthenticationFailed) => answered("WRONGPASS"),
        (_, ErrorKind::Io) if error.is_timeout() => ("Redis did not answer in time", false),
        (_, ErrorKind::Io | ErrorKind::ClusterConnectionNotFound) => {
            ("there is no connection to Redis, or it was cut", false)
        }
        _ => ("the client of Redis failed", false),
    };
    let source = error.code().unwrap_or_else(|| error.category()).to_owned();
    let error = StoreError::new(message).with_source(source);
    if refused { error.refused() } else { error }
}

/// What an error's code says, and whether asking again would not help.
fn answered(code: &str) -> (&'static str, bool) {
    match code {
        "OOM" => ("Redis is full: let it take more (maxmemory), or let idle sessions end sooner", true),
        "MISCONF" => ("Redis refuses writes, since it cannot write to its disk: is that full?", true),
        "NOAUTH" | "WRONGPASS" | "NOPERM" => {
            ("Redis does not let us: its user, password or permissions are other ones", true)
        }
        "WRONGTYPE" => {
            ("a session's key in Redis holds something else: does anything else use its prefix?", true)
        }
        "READONLY" => ("this Redis is a replica: the connection must be to the primary", false),
        "NOREPLICAS" => ("Redis has fewer replicas than it wants (min-replicas-to-write)", false),
        "LOADING" => ("Redis is still loading its data", false),
        "CLUSTERDOWN" | "MASTERDOWN" | "TRYAGAIN" | "MOVED" | "ASK" => {
            ("the Redis cluster does not serve this session now", false)
        }
        _ => ("Redis answered with an error; this store needs Redis 7 or Valkey", false),
    }
}
