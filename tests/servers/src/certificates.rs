//! Certificates for servers on the loopback.

use std::path::PathBuf;
use std::process::Command;

use crate::postgres::is_root;
use crate::{Folder, find, left_out};

/// A certificate authority that nobody knows, and a server's certificate that it signed, for `localhost` and 127.0.0.1. As
/// files, in PEM.
#[derive(Debug)]
pub struct Certificates {
    folder: Folder,
}

impl Certificates {
    /// Makes both with `openssl`. `None`, and [said so](left_out), where that is not installed.
    ///
    /// # Panics
    /// When it fails.
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
        // PostgreSQL runs as another user than root, and reads only its own key. Where there is no such user, it is not here.
        if is_root() {
            let _ = Command::new("chown")
                .args(["-R", "postgres"])
                .arg(folder.path())
                .output();
        }
        Some(Self { folder })
    }

    /// That of the authority: for clients.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// The server's.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("server.pem")
    }

    /// The server's key.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.folder.path().join("server.key")
    }
}
