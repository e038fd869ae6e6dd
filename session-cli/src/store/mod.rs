//! The commands about the sessions in a store: `list`, `show` and `end`.

mod content;
mod events;
mod open;
mod place;
mod print;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use session_core::protocol::{Loaded, Record};
use session_core::{Error, RecordKey, SecretKey, Sessions, StoredSessions};
use session_store::{SessionInfo, Store, StoreError, UserSessions};
use tokio::runtime::Runtime;

use crate::Failure;
use crate::facts::date;
use crate::inspect::{Parts, Pasted};
use crate::json::visible;
use crate::options::Options;
use crate::out::{Out, note};
use content::{Content, Reader};

/// How long a single request to a store may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most sessions that are listed, unless `--limit` says otherwise.
const LIMIT: usize = 1000;

/// A store that has replied, and what asks it.
struct Opened {
    runtime: Runtime,
    store: Arc<dyn Store>,
    /// For their clock: a store has none.
    sessions: StoredSessions,
    users: UserSessions,
}

pub(crate) fn list(out: &mut Out, options: Options) -> Result<(), Failure> {
    let user = options.user.clone().unwrap_or_default();
    let limit = options.limit.unwrap_or(LIMIT);
    let opened = Opened::new(&options)?;
    let listed = opened.list(&user, limit)?;
    print::list(out, &listed)?;
    Ok(())
}

pub(crate) fn show(out: &mut Out, options: Options, item: Option<Vec<u8>>) -> Result<(), Failure> {
    let key = match &item {
        Some(item) => Some(record_key(item)?),
        None => None,
    };
    let opened = Opened::new(&options)?;
    let limit = options.limit.unwrap_or(LIMIT);
    let records = match (key, options.user.as_deref()) {
        (Some(key), _) => vec![(key, opened.live(key)?)],
        (None, user) => opened.records(user.unwrap_or_default(), limit)?,
    };
    let mut reader = Reader::new(options);
    let (mut locked, mut unreadable) = (0, 0);
    for (place, (key, record)) in records.iter().enumerate() {
        let content = reader.read(*key, record)?;
        match content {
            Content::Json(_) => {}
            Content::Locked => locked += 1,
            Content::Unreadable(_) => unreadable += 1,
        }
        if out.terminal && place > 0 {
            writeln!(out.writer)?;
        }
        print::record(out, *key, record, &content)?;
    }
    out.writer.flush()?;
    if locked > 0 {
        note(&format!(
            "note: the content of {} is encrypted; give the secret key of the application, in SECRET_KEY or by \
             --secret-file PATH",
            sessions(locked)
        ));
    }
    if unreadable > 0 {
        let count = sessions(unreadable);
        return Err(Failure::Refused(format!(
            "the content of {count} cannot be read; see the reason beside each"
        )));
    }
    Ok(())
}

pub(crate) fn end(out: &mut Out, options: Options, item: Option<Vec<u8>>) -> Result<(), Failure> {
    let key = match &item {
        Some(item) => Some(record_key(item)?),
        None => None,
    };
    let opened = Opened::new(&options)?;
    let user = options.user.as_deref();
    let ended = opened.end(user, key)?;
    let theirs = match user {
        Some(user) => format!(" of {}", visible(user)),
        None => String::new(),
    };
    if out.terminal {
        writeln!(out.writer, "ended {}{theirs}", sessions(ended))?;
    } else {
        writeln!(out.writer, "{{\"ended\":{ended}}}")?;
    }
    out.writer.flush()?;
    match (ended, key) {
        (1.., _) => Ok(()),
        (0, Some(_)) => Err(Failure::Refused(format!(
            "no session{theirs} has this key; it has ended already, or the key is another one's: session list prints keys"
        ))),
        (0, None) => Err(no_session(user.unwrap_or_default())),
    }
}

impl Opened {
    /// Opens the store, and asks it one thing, so that its error is known with its cause.
    fn new(options: &Options) -> Result<Self, Failure> {
        let place = place::of(options).map_err(Failure::Usage)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        // It signs nothing and encrypts nothing.
        let sessions = SecretKey::generate().and_then(|key| Sessions::builder(key).build_stored());
        let sessions = sessions.map_err(|error| Failure::Refused(error.to_string()))?;
        let name = place.name();
        let store = open::store(place, options, &runtime)?;
        events::print();
        let users = UserSessions::new(&sessions, store.clone());
        let opened = Self {
            runtime,
            store,
            sessions,
            users,
        };
        match opened.load(RecordKey::from_bytes([0; 32])) {
            Ok(_) => Ok(opened),
            Err(reason) => Err(Failure::Refused(open::failed(name, &reason))),
        }
    }

    /// Returns the user's live sessions, at least one.
    fn list(&self, user: &str, limit: usize) -> Result<Vec<SessionInfo>, Failure> {
        let listed = self.runtime.block_on(self.users.list(user, limit));
        let listed = listed.map_err(|error| unanswered(&error, "run the command again"))?;
        if listed.is_empty() {
            return Err(no_session(user));
        }
        if listed.len() == limit {
            note(&format!(
                "note: these are the newest {limit}; there may be more: raise --limit"
            ));
        }
        Ok(listed)
    }

    /// Returns the records of the user's live sessions. One that ends meanwhile is left out.
    fn records(&self, user: &str, limit: usize) -> Result<Vec<(RecordKey, Record)>, Failure> {
        let mut records = Vec::new();
        for SessionInfo { key, .. } in self.list(user, limit)? {
            if let Loaded::Live(record) = self.load(key).map_err(Failure::Refused)? {
                records.push((key, record));
            }
        }
        Ok(records)
    }

    /// Returns the record of a live session.
    fn live(&self, key: RecordKey) -> Result<Record, Failure> {
        let reason = match self.load(key).map_err(Failure::Refused)? {
            Loaded::Live(record) if record.expires > self.sessions.now() => return Ok(record),
            Loaded::Live(record) => format!("the session expired {}", date(record.expires)),
            Loaded::Tombstone { .. } => "the session was ended less than a minute ago".to_owned(),
            Loaded::NotFound => {
                "the store has no session with this key: it has ended, or the store, --redis-prefix or --table is another \
                 one's"
                    .to_owned()
            }
        };
        Err(Failure::Refused(reason))
    }

    fn load(&self, key: RecordKey) -> Result<Loaded, String> {
        let load = self.store.load(key, self.sessions.now());
        // The timer needs the runtime.
        let reply = async { tokio::time::timeout(PATIENCE, load).await };
        match self.runtime.block_on(reply) {
            Ok(Ok(loaded)) => Ok(loaded),
            Ok(Err(error)) => Err(causes(&error)),
            Err(_) => Err(format!(
                "it gave no reply in {} seconds",
                PATIENCE.as_secs()
            )),
        }
    }

    /// Ends the sessions that are named, and returns how many there were.
    fn end(&self, user: Option<&str>, key: Option<RecordKey>) -> Result<u64, Failure> {
        let ended = self.runtime.block_on(async {
            match (user, key) {
                (Some(user), Some(key)) => Ok(self.users.end(user, key).await?.into()),
                (Some(user), None) => self.users.end_all(user).await,
                (None, Some(key)) => Ok(self.users.end_record(key).await?.into()),
                (None, None) => Ok(0),
            }
        });
        let remedy = "some may have ended; run the command again, which ends the rest";
        ended.map_err(|error| unanswered(&error, remedy))
    }
}

/// Reads a record's key, or takes it from the id in a cookie.
fn record_key(item: &[u8]) -> Result<RecordKey, Failure> {
    let text = String::from_utf8_lossy(item);
    if let Some(key) = RecordKey::from_text(text.trim()) {
        return Ok(key);
    }
    let pasted = Pasted::new(item).value;
    match Parts::of(&pasted).map(|parts| parts.record()) {
        Ok(Some(key)) => Ok(key),
        _ => Err(Failure::Usage(format!(
            "expected the key of a record, 43 characters as session list prints it, or a cookie with an id, got {} bytes; \
             session decode tells what a cookie is",
            item.len()
        ))),
    }
}

fn no_session(user: &str) -> Failure {
    Failure::Refused(format!(
        "{} has no live session in this store; a user is found by the name that the application passes to log_in",
        visible(user)
    ))
}

fn unanswered(error: &Error, remedy: &str) -> Failure {
    Failure::Refused(format!("{error}; {remedy}"))
}

/// Returns an error and its causes. None of them quotes the URL.
fn causes(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        let said = cause.to_string();
        // Many errors repeat their cause.
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        next = cause.source();
    }
    text.trim_end_matches('.').to_owned()
}

fn sessions(count: u64) -> String {
    match count {
        1 => "1 session".to_owned(),
        count => format!("{count} sessions"),
    }
}
