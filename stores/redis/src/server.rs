//! The replies of servers to `INFO` and `CONFIG GET`.

use redis::Value;
use session_store::Durability;

/// The replies to `INFO` of one server, or of all primaries of a cluster.
pub(crate) struct Servers(Vec<String>);

impl Servers {
    /// Returns `None` if this is not a reply to `INFO`.
    pub(crate) fn of(reply: Value) -> Option<Self> {
        let mut texts = Vec::new();
        match reply {
            // One entry for each server of a cluster: in the protocol RESP3 a map, in RESP2 an array of pairs.
            Value::Map(servers) => {
                for (_, reply) in servers {
                    texts.push(text(reply)?);
                }
            }
            Value::Array(servers) => {
                for reply in servers {
                    texts.push(second(reply)?);
                }
            }
            reply => texts.push(text(reply)?),
        }
        (!texts.is_empty()).then_some(Self(texts))
    }

    /// Returns the values of this line, one for each server that has it.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        let mut values = Vec::new();
        for text in &self.0 {
            for line in text.lines() {
                if let Some((setting, value)) = line.split_once(':')
                    && setting == name
                {
                    values.push(value);
                    break;
                }
            }
        }
        values
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_cluster(&self) -> bool {
        self.0.len() > 1 || self.values("cluster_enabled").contains(&"1")
    }
}

/// Returns the durability of a server that has `appendonly yes`, by its reply to `CONFIG GET`.
pub(crate) fn appending(settings: Value) -> Durability {
    let mut pairs = Vec::new();
    match settings {
        Value::Map(entries) => {
            for (name, value) in entries {
                pairs.push((text(name), text(value)));
            }
        }
        // In RESP2 names and values take turns.
        Value::Array(values) => {
            let mut values = values.into_iter();
            while let (Some(name), Some(value)) = (values.next(), values.next()) {
                pairs.push((text(name), text(value)));
            }
        }
        _ => {}
    }
    let has = |name: &str, value: &str| pairs.contains(&(Some(name.into()), Some(value.into())));
    if !has("appendfsync", "always") {
        // With `everysec`, a write waits up to two seconds while the disk is busy (aof.c, flushAppendOnlyFile).
        Durability::LastMoments
    } else if has("no-appendfsync-on-rewrite", "no") {
        Durability::PowerLoss
    } else {
        Durability::Crash
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        Value::VerbatimString { text, .. } | Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

/// Returns the second of a pair: the first is the server's address.
fn second(value: Value) -> Option<String> {
    match value {
        Value::Array(pair) => pair.into_iter().nth(1).and_then(text),
        _ => None,
    }
}
