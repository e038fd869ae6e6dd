//! Sessions that exist before the measuring begins.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::{COOKIE, SET_COOKIE};
use session_core::{
    RecordKey, SecretKey, Sessions,
    protocol::{Inserted, Loaded, Record},
};
use session_store::{SessionBackend, Store};
use sha2::{Digest as _, Sha256};

use super::flight::MOST;
use crate::payload::{self, KEY, SECRET, USUAL};

/// The number of further sessions in the store.
const OTHERS: u64 = 1_000;
/// The core stores the ids of a session's last 8 writes in it: after this many writes its size is
/// constant.
const WRITES: usize = 9;

/// One session for each concurrent operation.
pub struct Laid {
    pub source: SessionBackend,
    pub store: Arc<dyn Store>,
    pub requests: Vec<HeaderMap>,
    pub records: Vec<(RecordKey, Record)>,
}

impl Laid {
    pub async fn new(store: Arc<dyn Store>) -> Self {
        let sessions = Sessions::builder(SecretKey::new(SECRET).unwrap())
            .build_stored()
            .unwrap();
        let source = SessionBackend::stored(sessions, store.clone());
        let (mut requests, mut records) = (Vec::new(), Vec::new());
        for _ in 0..MOST {
            let request = new_session(&source).await;
            for _ in 0..WRITES {
                let exchange = source.exchange(&request);
                source
                    .open(&exchange)
                    .await
                    .unwrap()
                    .increment(KEY, 1)
                    .unwrap();
                source
                    .close(exchange)
                    .await
                    .apply(&mut HeaderMap::new())
                    .unwrap();
            }
            let key = key(&request);
            let Loaded::Live(record) = store.load(key, now()).await.unwrap() else {
                panic!("it is not there")
            };
            requests.push(request);
            records.push((key, record));
        }
        for number in 0..OTHERS {
            let key = RecordKey::from_bytes(Sha256::digest(number.to_le_bytes()).into());
            // Another row may have stored them in this database already.
            let inserted = store.insert(key, &records[0].1, now()).await.unwrap();
            assert!(matches!(inserted, Inserted::Done | Inserted::Exists(_)));
        }
        Self {
            source,
            store,
            requests,
            records,
        }
    }
}

pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

/// Returns the next request of a browser that just got a session, with other cookies.
async fn new_session(source: &SessionBackend) -> HeaderMap {
    let exchange = source.exchange(&HeaderMap::new());
    let session = source.open(&exchange).await.unwrap();
    for (key, value) in payload::session(USUAL) {
        session.insert(&key, &value).unwrap();
    }
    let mut response = HeaderMap::new();
    source.close(exchange).await.apply(&mut response).unwrap();
    let pair = response[SET_COOKIE]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let cookies = format!("_ga=GA1.1.1206412375.1700000000; {pair}; theme=dark");
    HeaderMap::from_iter([(COOKIE, cookies.try_into().unwrap())])
}

/// Returns the key of a request's session: the digest of the first 16 bytes of its cookie.
fn key(request: &HeaderMap) -> RecordKey {
    let ours = request[COOKIE]
        .to_str()
        .unwrap()
        .split("; ")
        .nth(1)
        .unwrap();
    let id = ours.split_once('=').unwrap().1.split('.').next().unwrap();
    let id = BASE64_URL_SAFE_NO_PAD.decode(id).unwrap();
    RecordKey::from_bytes(Sha256::digest(&id[..16]).into())
}
