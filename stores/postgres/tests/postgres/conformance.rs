//! The store contract, with a table for each rule.

use std::sync::Arc;

use session_store::Store;

use crate::tools;

async fn empty() -> Option<Arc<dyn Store>> {
    let (store, _) = tools::store().await?;
    Some(Arc::new(store))
}

session_store_conformance::conformance_tests!(empty);
