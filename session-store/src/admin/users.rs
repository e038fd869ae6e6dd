//! What applications ask about the sessions of one user.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use session_core::{Error, RecordKey, Session, StoredSessions, protocol::Outcome};
use tokio::time::Instant;

use crate::contract::retry::retry;
use crate::contract::store::{DeleteScope, SessionInfo, Store, StoreFuture};

/// So long an answer is waited for, as when a session is closed.
const WITHIN: Duration = Duration::from_secs(5);

/// The sessions of a user: for a page that lists them, with a button to end each, and "log out everywhere". Cheap to
/// clone.
///
/// A session has the user that [`Session::log_in`] entered. What is listed tells sessions apart and opens none. To end
/// one, its user is named too, and somebody else's is left alone: the key may come from a form.
///
/// What is ended is gone at once, for every process: a request that is under way with it writes nothing and sets no cookie.
/// Of the session at hand, also [clear](Session::clear) the handle, so that the browser forgets its cookie.
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
/// assert!(!users.end("43", listed[0].key).await?); // not theirs
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
    /// Of the same sessions and the same store that the adapter's layer was given.
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

    /// The live sessions of this user, who logged in first stands first; if there are more than `max`, the newest. The one
    /// at hand is that whose key is its [`record_key`](Session::record_key).
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the store gives no answer within five seconds.
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

    /// Ends this one. Whether it was theirs and had not ended.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the store gives no answer within five seconds: then it may have ended.
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
        self.end_which(user, DeleteScope::One(key))
            .await
            .map(|ended| ended > 0)
    }

    /// Ends the session whose record lies under this key, whoever's it is: for an operator who has the key from an
    /// [event](session_core::Event::record) or a log, as [`RecordKey::to_text`] writes it. Never with a key from a form: that is
    /// [`end`](Self::end), which asks whose it is. Whether there was one; where an answer was lost, it may say that there was none.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the store gives no answer within five seconds: then it may have ended.
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
        let ended = self
            .ask("delete", |store, now| store.delete(key, now))
            .await?
            == Outcome::Done;
        self.confirmed(u64::from(ended))
            .await
            .map(|ended| ended > 0)
    }

    /// Ends all but the one at hand. How many; where an answer was lost, fewer may be counted than were ended.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the store gives no answer within five seconds: then some may have ended.
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
        self.end_which(
            user,
            this.record_key()
                .map_or(DeleteScope::All, DeleteScope::AllBut),
        )
        .await
    }

    /// Ends all: "log out everywhere", or what to do when a password was changed or an account closed. How many, as with
    /// [`end_others`](Self::end_others).
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the store gives no answer within five seconds: then some may have ended.
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
        self.end_which(user, DeleteScope::All).await
    }

    async fn end_which(&self, user: &str, which: DeleteScope) -> Result<u64, Error> {
        let ended = self
            .ask("delete_owned", |store, now| {
                store.delete_owned(user, which, now)
            })
            .await?;
        self.confirmed(ended).await
    }

    /// What was found ended already may have been so by an attempt whose answer was lost.
    async fn confirmed(&self, ended: u64) -> Result<u64, Error> {
        if ended == 0 {
            self.ask("confirm", |store, _| store.confirm()).await?;
        }
        Ok(ended)
    }

    /// Each question is asked again as it is, time and all.
    async fn ask<'a, T>(
        &'a self,
        verb: &'static str,
        question: impl Fn(&'a dyn Store, u64) -> StoreFuture<'a, T>,
    ) -> Result<T, Error> {
        let now = self.sessions.now();
        let answered = retry(verb, Instant::now(), WITHIN, || question(&*self.store, now));
        answered.await.ok_or(Error::Unavailable)
    }
}

impl fmt::Debug for UserSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UserSessions").field(&self.sessions).finish()
    }
}
