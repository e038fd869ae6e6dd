//! The content of records, which may be encrypted.

use session_core::protocol::Record;
use session_core::{RecordKey, SecretKey, Sessions, StoredSessions};

use crate::Failure;
use crate::json::compact;
use crate::options::Options;

/// The content of a record, or the reason why it is not shown.
pub(crate) enum Content {
    Json(String),
    /// It is encrypted, and no key was given.
    Locked,
    /// The reason, with its remedy.
    Unreadable(&'static str),
}

/// Reads contents. The key is read for the first encrypted one: a store that is not encrypted
/// needs none.
pub(crate) struct Reader {
    options: Option<Options>,
    has_key: bool,
    plain: Option<StoredSessions>,
    encrypted: Option<StoredSessions>,
}

impl Reader {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            has_key: options.keys.is_given(),
            options: Some(options),
            plain: None,
            encrypted: None,
        }
    }

    pub(crate) fn read(&mut self, key: RecordKey, record: &Record) -> Result<Content, Failure> {
        let (sessions, reason) = if !record.is_encrypted() {
            let reason = "the record is damaged, or a newer release has written it";
            (self.plain()?, reason)
        } else if self.has_key {
            let reason = "it is encrypted with another key or --context, or the record is damaged";
            (self.encrypted()?, reason)
        } else {
            return Ok(Content::Locked);
        };
        match sessions.record_content(key, record) {
            // On one line, also if it has line breaks between its tokens.
            Some(json) => Ok(Content::Json(compact(&json).unwrap_or(json))),
            None => Ok(Content::Unreadable(reason)),
        }
    }

    fn plain(&mut self) -> Result<&StoredSessions, Failure> {
        if self.plain.is_none() {
            // A plain record is read without a key.
            let built = SecretKey::generate().and_then(|key| Sessions::builder(key).build_stored());
            self.plain = Some(built.map_err(|error| Failure::Refused(error.to_string()))?);
        }
        self.plain.as_ref().ok_or_else(not_built)
    }

    fn encrypted(&mut self) -> Result<&StoredSessions, Failure> {
        if let Some(options) = self.options.take() {
            let builder = options.keys.builder(false).map_err(Failure::Usage)?;
            let builder = match options.context {
                Some(context) => builder.context(context),
                None => builder,
            };
            let built = builder.encrypted().build_stored();
            self.encrypted = Some(built.map_err(|error| Failure::Usage(error.to_string()))?);
        }
        self.encrypted.as_ref().ok_or_else(not_built)
    }
}

fn not_built() -> Failure {
    Failure::Refused("the keys cannot be used".to_owned())
}
