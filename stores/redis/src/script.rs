//! Scripts: each touches one key, so that it runs in one step also in a cluster.

use std::sync::LazyLock;

use redis::aio::ConnectionLike;
use redis::{Cmd, ErrorKind, RedisError, ServerErrorKind, Value, cmd};

/// A script and the digest that servers know it by.
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
    /// The commands that it runs, in the order of the alphabet.
    pub(crate) fn commands(&self) -> Vec<&'static str> {
        let calls = self.code.split("redis.call(").skip(1);
        let mut commands: Vec<_> = calls.filter_map(|call| call.split('\'').nth(1)).collect();
        commands.sort_unstable();
        commands.dedup();
        commands
    }

    /// One round trip. A server that does not know the script, as after a restart, is sent it: with the same key, so that a
    /// cluster's client finds the same server.
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
            answer => answer,
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
