//! Sessions in Redis, over TLS.

use std::error::Error;
use std::path::Path;

use redis::{Client, TlsCertificates};
use session_store_redis::RedisStore;

/// Connects to a URL such as `rediss://app:password@db:6379`. `authority` is a PEM file with the certificate
/// of the authority that signed the server's certificate.
pub fn store(url: &str, authority: &Path) -> Result<RedisStore, Box<dyn Error>> {
    let certificates = TlsCertificates {
        client_tls: None,
        root_cert: Some(std::fs::read(authority)?),
    };
    Ok(RedisStore::new(
        Client::build_with_tls(url, certificates)?,
        "shop:sessions:",
    )?)
}
