//! The Lua scripts. Redis runs a script as one atomic step.
//!
//! Each script uses one key, so that it runs in a cluster too: two keys may be on two servers. So the check of a record's
//! version, owner or number and the write that depends on it are one step; a record and its index entry are two.

use std::sync::LazyLock;

use redis::aio::ConnectionLike;
use redis::{Cmd, ErrorKind, RedisError, ServerErrorKind, Value, cmd};

/// A script, and the SHA-1 digest by which servers know it.
pub(crate) struct Script {
    code: &'static str,
    digest: LazyLock<String>,
}

macro_rules! script {
    ($name:ident: $($file:literal)*) => {
        pub(crate) static $name: Script = Script {
            code: concat!($(include_str!($file)),*),
            digest: LazyLock::new(|| redis::Script::new($name.code).get_hash().to_owned()),
        };
    };
}

script!(INSERT: "scripts/order.lua" "scripts/stored.lua" "scripts/insert.lua");
script!(UPDATE: "scripts/order.lua" "scripts/stored.lua" "scripts/update.lua");
script!(TOUCH: "scripts/touch.lua");
script!(DELETE: "scripts/delete.lua");
script!(DELETE_VERSION: "scripts/stored.lua" "scripts/delete_version.lua");
script!(INDEX: "scripts/index.lua");
script!(CHECK: "scripts/check.lua");

impl Script {
    /// Returns the commands that it runs, in alphabetical order.
    pub(crate) fn commands(&self) -> Vec<&'static str> {
        let mut commands = Vec::new();
        // The name of the command is the first text after each `redis.call(`.
        for call in self.code.split("redis.call(").skip(1) {
            commands.extend(call.split('\'').nth(1));
        }
        commands.sort_unstable();
        commands.dedup();
        commands
    }

    /// Runs the script in one round trip. A server that does not know it, such as one that has restarted, gets it in a
    /// second one: with the key, by which a cluster's client finds the server.
    pub(crate) async fn run<C: ConnectionLike>(
        &self,
        connection: &mut C,
        key: &str,
        arguments: &[&[u8]],
    ) -> Result<Value, RedisError> {
        let known = call("EVALSHA", &self.digest, key, arguments)
            .query_async(connection)
            .await;
        match known {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                call("EVAL", self.code, key, arguments)
                    .query_async(connection)
                    .await
            }
            reply => reply,
        }
    }
}

fn call(command: &str, script: &str, key: &str, arguments: &[&[u8]]) -> Cmd {
    let mut call = cmd(command);
    call.arg(script).arg(1).arg(key);
    for argument in arguments {
        call.arg(*argument);
    }
    call
}
