//! Sessions in Redis, over TLS.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, TlsCertificates};
use session_store::RedisStore;

/// At `rediss://app:password@db:6379`. The file has the certificate of who signed the server's, in PEM.
pub async fn store(url: &str, authority: &Path) -> Result<RedisStore<ConnectionManager>, Box<dyn Error>> {
    let certificates = TlsCertificates { client_tls: None, root_cert: Some(std::fs::read(authority)?) };
    let config = ConnectionManagerConfig::new()
        .set_response_timeout(Some(Duration::from_millis(500)))
        .set_connection_timeout(Some(Duration::from_millis(500)));
    let client = Client::build_with_tls(url, certificates)?;
    let connection = client.get_connection_manager_with_config(config).await?;
    Ok(RedisStore::new(connection, "shop:sessions:")?)
}
