//! Certificates for servers on the loopback interface.

use std::path::PathBuf;
use std::process::Command;

use crate::postgres::is_root;
use crate::{Folder, find, left_out};

/// A certificate authority of its own, and a server's certificate that it signed, for `localhost` and 127.0.0.1, as
/// PEM files.
#[derive(Debug)]
pub struct Certificates {
    folder: Folder,
}

impl Certificates {
    /// Creates both with `openssl`. Returns `None`, and [prints why](left_out), if that is not installed.
    ///
    /// # Panics
    /// If `openssl` fails.
    #[must_use]
    pub fn new() -> Option<Self> {
        let Some(openssl) = find("openssl", &[]) else {
            left_out("openssl");
            return None;
        };
        let folder = Folder::new("certificates");
        let run = |arguments: &str| {
            let mut command = Command::new(&openssl);
            let done = command
                .args(arguments.split(' '))
                .current_dir(folder.path())
                .output()
                .unwrap();
            assert!(
                done.status.success(),
                "openssl: {}",
                String::from_utf8_lossy(&done.stderr)
            );
        };
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 2";
        run(&format!(
            "req -x509 {key} -subj /CN=authority -keyout authority.key -out authority.pem"
        ));
        run(&format!(
            "req -x509 {key} -subj /CN=localhost -CA authority.pem -CAkey authority.key -keyout server.key -out server.pem \
             -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -addext basicConstraints=critical,CA:false"
        ));
        // PostgreSQL does not run as root, and reads only a key of its own user. Without that user PostgreSQL is not installed.
        if is_root() {
            let _ = Command::new("chown")
                .args(["-R", "postgres"])
                .arg(folder.path())
                .output();
        }
        Some(Self { folder })
    }

    /// Returns the path of the authority's certificate, for clients.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// Returns the path of the server's certificate.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("server.pem")
    }

    /// Returns the path of the server's key.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.folder.path().join("server.key")
    }
}
