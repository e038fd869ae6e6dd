//! Sessions in PostgreSQL, over TLS.

use std::error::Error;
use std::path::Path;

use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use rustls::{ClientConfig, RootCertStore};
use session_store_postgres::PostgresStore;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Connects to a URL such as `postgres://app@db/app?sslmode=require`. `authority` is a PEM file with the certificate
/// of the authority that signed the server's certificate.
pub fn store(url: &str, authority: &Path) -> Result<PostgresStore, Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(authority)? {
        roots.add(certificate?)?;
    }
    let tls = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(PostgresStore::new(
        url.parse()?,
        MakeRustlsConnect::new(tls),
    ))
}
