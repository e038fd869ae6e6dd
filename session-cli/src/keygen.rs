//! Makes a key and prints it.

use std::io::{self, Write};

use session_core::SecretKey;
use zeroize::Zeroizing;

/// Returns a new key of 43 characters.
pub(crate) fn keygen() -> Result<SecretKey, String> {
    SecretKey::generate().map_err(|error| error.to_string())
}

/// Prints the key as a line, in one write, so that standard output does not copy it into its
/// buffer.
pub(crate) fn print(key: &SecretKey, out: &mut impl Write) -> io::Result<()> {
    let mut line = Zeroizing::new(Vec::with_capacity(key.expose().len() + 1));
    line.extend_from_slice(key.expose());
    line.push(b'\n');
    out.write_all(&line)
}
