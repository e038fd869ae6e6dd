//! The sessions of one user, for an application's pages.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use session_core::{Error, RecordKey, Session, StoredSessions, protocol::Outcome};
use tokio::time::Instant;

use crate::contract::retry::retry;
use crate::contract::store::{DeleteScope, SessionInfo, Store, StoreFuture};

/// The deadline of each request, as for the close of a session.
const DEADLINE: Duration = Duration::from_secs(5);

/// Lists and ends the sessions of a user: for a page that lists them with a button to end each, and for "log out
/// everywhere". Cheap to clone.
///
/// A session belongs to the user that [`Session::log_in`] set. A listed [key](SessionInfo::key) identifies a session and
/// cannot open it. To end one, its user is named, too, and a session of another user is not ended: the key may come from a
/// form.
///
/// A session ends at once, for every process: a request that has it open writes nothing and sets no cookie. When it is the
/// request's own session, also [clear](Session::clear) it, so that the browser drops its cookie.
///
/// ```
/// use std::sync::Arc;
/// use session_core::{SecretKey, Sessions};
/// use session_store::{MemoryStore, UserSessions, SessionBackend, Store};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = Sessions::builder(SecretKey::generate()?).build_stored()?;
/// let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
/// let users = UserSessions::new(&sessions, store.clone());
/// let backend = SessionBackend::stored(sessions, store);
///
/// let login = backend.exchange(&http::HeaderMap::new());
/// let session = backend.open(&login).await?;
/// session.log_in("42")?;
/// session.set_label("Firefox on Linux")?;
/// backend.close(login).await.apply(&mut http::HeaderMap::new())?;
///
/// let listed = users.list("42", 100).await?;
/// assert_eq!((listed.len(), listed[0].label.as_deref()), (1, Some("Firefox on Linux")));
/// assert!(!users.end("43", listed[0].key).await?); // another user's
/// assert!(users.end("42", listed[0].key).await?);
/// assert!(users.list("42", 100).await?.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct UserSessions {
    sessions: StoredSessions,
    store: Arc<dyn Store>,
}

impl UserSessions {
    /// Takes the sessions and the store that the adapter's layer has.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::{MemoryStore, UserSessions};
    /// let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// let users = UserSessions::new(&sessions, Arc::new(MemoryStore::new()));
    /// ```
    #[must_use]
    pub fn new(sessions: &StoredSessions, store: Arc<dyn Store>) -> Self {
        Self {
            sessions: sessions.clone(),
            store,
        }
    }

    /// Returns the live sessions of this user in the order of their logins, the oldest first; if there are more than `max`, the
    /// newest. The request's own session is the one whose key is its [`record_key`](Session::record_key).
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the store does not reply within five seconds.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::{MemoryStore, UserSessions};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// # let users = UserSessions::new(&sessions, Arc::new(MemoryStore::new()));
    /// assert!(users.list("nobody", 100).await.unwrap().is_empty());
    /// # }
    /// ```
    pub async fn list(&self, user: &str, max: usize) -> Result<Vec<SessionInfo>, Error> {
        self.ask("list", |store, now| store.list(user, max, now))
            .await
    }

    /// Ends one session. Returns whether it was the user's and had not ended.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the store does not reply within five seconds: then it may have ended.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use session_core::{RecordKey, SecretKey, Sessions};
    /// # use session_store::{MemoryStore, UserSessions};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// # let users = UserSessions::new(&sessions, Arc::new(MemoryStore::new()));
    /// assert!(!users.end("42", RecordKey::from_bytes([7; 32])).await.unwrap());
    /// # }
    /// ```
    pub async fn end(&self, user: &str, key: RecordKey) -> Result<bool, Error> {
        let ended = self.end_scope(user, DeleteScope::One(key)).await?;
        Ok(ended > 0)
    }

    /// Ends the session whose record is under this key, of whatever user: for an operator who has the key from an
    /// [event](session_core::Event::record) or a log, as [`RecordKey::to_text`] writes it. Never use it with a key from a form;
    /// [`end`](Self::end) checks the user. Returns whether there was one, or `false` if a reply was lost and the session had
    /// ended by then.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the store does not reply within five seconds: then it may have ended.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use session_core::{RecordKey, SecretKey, Sessions};
    /// # use session_store::{MemoryStore, UserSessions};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// # let users = UserSessions::new(&sessions, Arc::new(MemoryStore::new()));
    /// let key = RecordKey::from_text("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc").unwrap();
    /// assert!(!users.end_record(key).await.unwrap());
    /// # }
    /// ```
    pub async fn end_record(&self, key: RecordKey) -> Result<bool, Error> {
        let delete = self.ask("delete", |store, now| store.delete(key, now));
        let ended = delete.await? == Outcome::Done;
        self.confirm(u64::from(ended)).await?;
        Ok(ended)
    }

    /// Ends all sessions of the user but this one, the request's own. Returns how many, or fewer if a reply was lost.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the store does not reply within five seconds: then some may have ended.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::{MemoryStore, UserSessions};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// # let session = sessions.exchange(&http::HeaderMap::new()).open().done().unwrap().unwrap();
    /// # let users = UserSessions::new(&sessions, Arc::new(MemoryStore::new()));
    /// assert_eq!(users.end_others("42", &session).await.unwrap(), 0);
    /// # }
    /// ```
    pub async fn end_others(&self, user: &str, this: &Session) -> Result<u64, Error> {
        let scope = match this.record_key() {
            Some(key) => DeleteScope::AllBut(key),
            None => DeleteScope::All,
        };
        self.end_scope(user, scope).await
    }

    /// Ends all sessions of the user: for "log out everywhere", or when a password was changed or an account closed. Returns how
    /// many, as [`end_others`](Self::end_others).
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the store does not reply within five seconds: then some may have ended.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use session_core::{SecretKey, Sessions};
    /// # use session_store::{MemoryStore, UserSessions};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let sessions = Sessions::builder(SecretKey::generate().unwrap()).build_stored().unwrap();
    /// # let users = UserSessions::new(&sessions, Arc::new(MemoryStore::new()));
    /// assert_eq!(users.end_all("42").await.unwrap(), 0);
    /// # }
    /// ```
    pub async fn end_all(&self, user: &str) -> Result<u64, Error> {
        self.end_scope(user, DeleteScope::All).await
    }

    async fn end_scope(&self, user: &str, scope: DeleteScope) -> Result<u64, Error> {
        let ended = self
            .ask("delete_owned", |store, now| {
                store.delete_owned(user, scope, now)
            })
            .await?;
        self.confirm(ended).await?;
        Ok(ended)
    }

    /// Waits until the end of a session is durable, where no session was ended by the reply itself: an attempt whose reply was
    /// lost may have ended it, visibly but not yet durably.
    async fn confirm(&self, ended: u64) -> Result<(), Error> {
        if ended == 0 {
            self.ask("confirm", |store, _| store.confirm()).await?;
        }
        Ok(())
    }

    async fn ask<'a, T>(
        &'a self,
        verb: &'static str,
        request: impl Fn(&'a dyn Store, u64) -> StoreFuture<'a, T>,
    ) -> Result<T, Error> {
        // Read once: each attempt repeats the request as it is, and so with its time.
        let now = self.sessions.now();
        let attempt = || request(&*self.store, now);
        let reply = retry(verb, Instant::now(), DEADLINE, attempt).await;
        reply.ok_or(Error::Unavailable)
    }
}

impl fmt::Debug for UserSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UserSessions").field(&self.sessions).finish()
    }
}
