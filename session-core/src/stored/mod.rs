//! Sessions on the server: the browser holds an id, a store the record. Who only audits cookies need not come here.

mod question;

pub use question::{
    Answer, Inserted, Loaded, Outcome, Question, Record, RecordKey, TOMBSTONE_SECONDS, Trimmed, Updated,
};
