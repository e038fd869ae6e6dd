//! The store behind the model's stored sessions.

use std::collections::HashMap;

use session_core::RecordKey;
use session_core::protocol::{
    Inserted, Loaded, Outcome, Record, Step, StoreReply, StoreRequest, Updated,
};

/// A store in memory without expiry, lists or concurrency.
#[derive(Default)]
pub struct Store(HashMap<RecordKey, Option<Record>>);

impl Store {
    pub fn drive<T>(&mut self, mut step: Step<T>) -> T {
        loop {
            match step {
                Step::Done(done) => return done,
                Step::Pending(ask) => {
                    let answer = self.answer(ask.request().clone());
                    step = ask.reply(answer);
                }
            }
        }
    }

    fn answer(&mut self, question: StoreRequest) -> StoreReply {
        match question {
            StoreRequest::Load { key, .. } => StoreReply::Loaded(match self.0.get(&key) {
                Some(Some(record)) => Loaded::Live(record.clone()),
                Some(None) => Loaded::Tombstone { expires: u64::MAX },
                None => Loaded::NotFound,
            }),
            StoreRequest::Insert { key, record, .. } => {
                assert_eq!(self.0.insert(key, Some(record)), None);
                StoreReply::Inserted(Inserted::Done)
            }
            StoreRequest::Update {
                key,
                version,
                record,
                ..
            } => {
                let replaced = self.0.insert(key, Some(record));
                assert_eq!(replaced.unwrap().unwrap().version, version);
                StoreReply::Updated(Updated::Done)
            }
            StoreRequest::Delete { key, .. } => {
                self.0.insert(key, None);
                StoreReply::Deleted(Updated::Done)
            }
            StoreRequest::Touch { .. } => StoreReply::Touched(Outcome::Done),
            _ => StoreReply::Noted,
        }
    }
}
