//! What the servers say about themselves.

use redis::Value;
use session_store::Durability;

/// What each server answered to `INFO`: one, or all primaries of a cluster.
pub(crate) struct Servers(Vec<String>);

impl Servers {
    /// `None`: that is no answer to `INFO`.
    pub(crate) fn of(answer: Value) -> Option<Self> {
        let texts = match answer {
            Value::Map(nodes) => nodes.into_iter().map(|(_, answer)| text(answer)).collect(),
            // A cluster's, in the older protocol.
            Value::Array(nodes) => nodes.into_iter().map(pair).collect(),
            answer => Some(vec![text(answer)?]),
        };
        texts.filter(|texts: &Vec<_>| !texts.is_empty()).map(Self)
    }

    /// The values of this line, one of each server that has it.
    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let value = move |line: &'a str| line.strip_prefix(name)?.strip_prefix(':');
        self.0
            .iter()
            .filter_map(move |text| text.lines().find_map(value))
    }

    pub(crate) fn all(&self, name: &str, has: &str) -> bool {
        self.values(name).count() == self.0.len() && self.values(name).all(|value| value == has)
    }

    pub(crate) fn is_cluster(&self) -> bool {
        self.0.len() > 1 || self.values("cluster_enabled").any(|value| value == "1")
    }
}

/// What a server survives that appends to its file, from its answer to `CONFIG GET`.
pub(crate) fn appending(settings: Value) -> Durability {
    let settings: Vec<_> = match settings {
        Value::Map(pairs) => pairs
            .into_iter()
            .flat_map(|(name, value)| [text(name), text(value)])
            .collect(),
        Value::Array(values) => values.into_iter().map(text).collect(),
        _ => Vec::new(),
    };
    let has = |name: &str, value: &str| {
        settings
            .chunks(2)
            .any(|pair| matches!(pair, [Some(n), Some(v)] if n == name && v == value))
    };
    match (
        has("appendfsync", "always"),
        has("no-appendfsync-on-rewrite", "no"),
    ) {
        (true, true) => Durability::PowerLoss,
        (true, false) => Durability::Crash,
        // With `everysec`, a write waits up to two seconds while the disk is busy (aof.c, flushAppendOnlyFile).
        (false, _) => Durability::LastMoments,
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        Value::VerbatimString { text, .. } | Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

fn pair(value: Value) -> Option<String> {
    match value {
        Value::Array(pair) => pair.into_iter().nth(1).and_then(text),
        _ => None,
    }
}
