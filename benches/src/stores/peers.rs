//! tower-sessions: its stores, called directly, and the work of its layer for a request, without
//! the layer. Its stores need different versions of its core, so a macro writes this once for all
//! of them.

macro_rules! tower_sessions {
    ($core:ident, $suffix:literal) => {
        mod tower {
            use std::hint::black_box;
            use std::sync::Arc;
            use std::sync::atomic::{AtomicI64, Ordering};

            use $core::SessionStore;
            use $core::session::{Id, Record, Session};

            use crate::Job;
            use crate::payload::{self, KEY, USUAL};
            use crate::stores::flight::{Field, MOST, Operation};

            const STORE: &str = concat!("tower-sessions", $suffix, ", the store");
            const REQUEST: &str = concat!("tower-sessions", $suffix, ", a request");

            pub fn reads(
                field: &Field,
                group: &'static str,
                store: Arc<impl SessionStore>,
            ) -> Vec<Job> {
                let ids: Vec<_> = field
                    .wait(lay(&store))
                    .iter()
                    .map(|record| record.id)
                    .collect();
                let load = Load {
                    store: store.clone(),
                    ids: ids.clone(),
                };
                [
                    field.row(group, STORE, load),
                    field.row(group, REQUEST, Read { store, ids }),
                ]
                .into_iter()
                .flatten()
                .collect()
            }

            pub fn writes(
                field: &Field,
                group: &'static str,
                store: Arc<impl SessionStore>,
            ) -> Vec<Job> {
                let ids = field
                    .wait(lay(&store))
                    .iter()
                    .map(|record| record.id)
                    .collect();
                let save = Save {
                    store: store.clone(),
                    records: field.wait(lay(&store)),
                };
                let counts = (0..MOST).map(|_| AtomicI64::new(0)).collect();
                [
                    field.row(group, STORE, save),
                    field.row(group, REQUEST, Write { store, ids, counts }),
                ]
                .into_iter()
                .flatten()
                .collect()
            }

            async fn lay(store: &Arc<impl SessionStore>) -> Vec<Record> {
                let mut records = Vec::new();
                for _ in 0..MOST {
                    let mut record = Record {
                        id: Id::default(),
                        data: payload::session(USUAL).into_iter().collect(),
                        expiry_date: Session::new(None, store.clone(), None).expiry_date(),
                    };
                    store.create(&mut record).await.unwrap();
                    records.push(record);
                }
                records
            }

            struct Load<S> {
                store: Arc<S>,
                ids: Vec<Id>,
            }

            impl<S: SessionStore> Operation for Load<S> {
                async fn once(&self, session: usize) {
                    assert!(
                        black_box(self.store.load(&self.ids[session]).await.unwrap()).is_some()
                    );
                }
            }

            struct Read<S> {
                store: Arc<S>,
                ids: Vec<Id>,
            }

            impl<S: SessionStore> Operation for Read<S> {
                async fn once(&self, session: usize) {
                    let session = Session::new(Some(self.ids[session]), self.store.clone(), None);
                    assert!(session.get::<i64>(KEY).await.unwrap().is_some());
                }
            }

            struct Save<S> {
                store: Arc<S>,
                records: Vec<Record>,
            }

            impl<S: SessionStore> Operation for Save<S> {
                async fn once(&self, session: usize) {
                    self.store.save(&self.records[session]).await.unwrap();
                }
            }

            struct Write<S> {
                store: Arc<S>,
                ids: Vec<Id>,
                /// The last cookie of each session.
                counts: Vec<AtomicI64>,
            }

            impl<S: SessionStore> Operation for Write<S> {
                async fn once(&self, session: usize) {
                    let last = &self.counts[session];
                    let session = Session::new(Some(self.ids[session]), self.store.clone(), None);
                    let count = session.get::<i64>(KEY).await.unwrap().unwrap() + 1;
                    session.insert(KEY, count).await.unwrap();
                    session.save().await.unwrap();
                    let last = last.swap(count, Ordering::Relaxed);
                    assert!(last == 0 || count == last + 1);
                }
            }
        }
    };
}

pub(crate) use tower_sessions;
