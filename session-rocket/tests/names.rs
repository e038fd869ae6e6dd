//! An application names everything from the root of this crate, and depends on no other of ours.

#![allow(clippy::unwrap_used)]

use std::any::TypeId;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use session_rocket::{
    BestEffort, Builder, Clock, Config, ConfigError, DeleteScope, Digest, Durability, EntropyError,
    EntropySource, Error, Event, EventKind, Flash, GonePolicy, KeyRing, LogDigest, MemoryStore,
    MissingLayer, Prefix, PreviousCookie, RecordKey, Refresh, Rejected, ReusePolicy, SameSite,
    SecretKey, Session, SessionBackend, SessionFairing, SessionInfo, SessionRejection, Sessions,
    Store, StoreError, StoreFuture, StoredSessions, UserSessions, Warning, Weakness, clean, tagged,
    testing,
};

/// Asserts that each name is the type of that name in `session-core` or `session-store`.
macro_rules! same {
    (dyn $root:ident: $($name:ident),* $(,)?) => {{
        $(assert_eq!(TypeId::of::<dyn $name>(), TypeId::of::<dyn $root::$name>());)*
    }};
    ($root:ident: $($name:ident),* $(,)?) => {
        $(assert_eq!(TypeId::of::<$name>(), TypeId::of::<$root::$name>());)*
    };
}

#[test]
fn each_type_of_an_application_is_at_the_root() {
    same!(
        session_core:
        Builder, Config, ConfigError, Digest, EntropyError, Event, EventKind, Flash, GonePolicy,
        KeyRing, LogDigest, Prefix, PreviousCookie, RecordKey, Refresh, Rejected, ReusePolicy,
        SameSite, SecretKey, Sessions, StoredSessions, Warning, Weakness,
    );
    same!(
        session_store:
        DeleteScope, Durability, MemoryStore, MissingLayer, SessionBackend, SessionInfo,
        StoreError, UserSessions,
    );
    same!(dyn session_core: Clock, EntropySource);
    same!(dyn session_store: Store);
    let _: Option<StoreFuture<'_, ()>> = None;
    let _: Option<tagged::Uuid> = None;
    let _: Option<(BestEffort, Session, SessionRejection, Error)> = None;
}

#[test]
fn a_configuration_in_code_needs_no_other_crate() {
    let keys = KeyRing::new(SecretKey::generate().unwrap());
    let builder: Builder = Sessions::builder(keys)
        .cookie_name("shop")
        .prefix(Prefix::Secure)
        .same_site(SameSite::Strict)
        .refresh(Refresh::EachRequest)
        .renamed_from(PreviousCookie::new("old", SystemTime::UNIX_EPOCH))
        .on_gone(GonePolicy::Conflict)
        .on_reuse(ReusePolicy::EndUser)
        .encrypted();
    let sessions: StoredSessions = builder.build_stored().unwrap();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let _users = UserSessions::new(&sessions, store.clone());
    let _cleaner = clean(sessions.clone(), store.clone(), Duration::from_secs(60));
    let backend = SessionBackend::stored(sessions, store);
    assert_eq!(backend.cookie_name(), "__Secure-shop");
    let _layer: SessionFairing = SessionFairing::from(backend);
    let error: ConfigError = Config::default().build_stored().unwrap_err();
    assert_eq!(error, ConfigError::NoKey);
}

#[test]
fn the_tools_for_tests_are_here() {
    let sessions = testing::sessions();
    let request = testing::request(&sessions, |session| session.flash("Saved", "success")).unwrap();
    let session = sessions.open(&request);
    let flashes: Vec<Flash> = session.take_flashes().unwrap();
    assert_eq!(flashes[0].category(), "success");
    let none: Option<Rejected> = session.rejected();
    assert_eq!(none, None);
}
