//! The place of the keys: the environment, a file, or the command line, which other users of the
//! machine can read.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};

use session_core::{Builder, Config, SecretKey, Sessions};
use zeroize::Zeroizing;

/// A key file is not longer than this.
const LARGEST: u64 = 64 * 1024;
/// The variables that hold keys.
const VARIABLES: [&str; 3] = [
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "SESSION_VERIFY_ONLY_KEYS",
];

/// A key that is wiped.
type Key = Zeroizing<Vec<u8>>;

/// The options about keys.
#[derive(Default)]
pub(crate) struct Keys {
    pub(crate) secret: Option<Key>,
    pub(crate) file: Option<OsString>,
    pub(crate) prefix: Option<String>,
    pub(crate) fallbacks: Vec<Key>,
}

impl Keys {
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.secret.is_some() && self.file.is_some() {
            return Err("--secret and --secret-file are given; give one of them".to_owned());
        }
        Ok(())
    }

    /// Whether the key comes from standard input.
    pub(crate) fn is_from_input(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file == "-")
    }

    /// Returns the name of a variable, with the prefix.
    pub(crate) fn variable(&self, name: &str) -> String {
        match self.prefix.as_deref() {
            None | Some("") => name.to_owned(),
            Some(prefix) => format!("{prefix}_{name}"),
        }
    }

    /// Whether a key is given in any place.
    pub(crate) fn is_given(&self) -> bool {
        let variable = self.variable(VARIABLES[0]);
        self.secret.is_some() || self.file.is_some() || std::env::var_os(variable).is_some()
    }

    /// Begins a configuration with the keys, of Flask's format or of ours.
    pub(crate) fn builder(self, is_flask: bool) -> Result<Builder, String> {
        let (place, mut keys) = match (&self.secret, &self.file) {
            (Some(secret), _) => ("--secret", vec![secret.clone()]),
            (None, Some(file)) => ("--secret-file", read(file)?),
            (None, None) => {
                let builder = self.of_environment(is_flask)?;
                return with_fallbacks(builder, "--fallback", self.fallbacks, is_flask);
            }
        };
        // The first is the secret, and those after it verify.
        let former = keys.split_off(1);
        let secret = keys.remove(0);
        let builder = if is_flask {
            Sessions::flask_builder(secret.to_vec())
        } else {
            Sessions::builder(strong_key(place, &secret)?)
        };
        let builder = with_fallbacks(builder, place, former, is_flask)?;
        with_fallbacks(builder, "--fallback", self.fallbacks, is_flask)
    }

    fn of_environment(&self, is_flask: bool) -> Result<Builder, String> {
        let mut variables = Vec::new();
        for name in VARIABLES {
            let variable = self.variable(name);
            let Some(text) = std::env::var_os(&variable) else {
                continue;
            };
            let Ok(text) = text.into_string() else {
                return Err(format!(
                    "{variable}: expected text in UTF-8; give a key of other bytes by --secret-file PATH"
                ));
            };
            variables.push((variable, text));
        }
        let secret = self.variable(VARIABLES[0]);
        if !variables.iter().any(|(variable, _)| *variable == secret) {
            return Err(self.missing(&secret));
        }
        let prefix = self.prefix.as_deref().unwrap_or_default();
        let config = Config::from_vars(prefix, variables).map_err(|error| error.to_string())?;
        let builder = if is_flask {
            config.flask_builder()
        } else {
            config.builder()
        };
        match builder {
            Ok(builder) => Ok(builder),
            Err(error) => Err(naming(&secret, &error.to_string())),
        }
    }

    fn missing(&self, variable: &str) -> String {
        let prefix = match self.prefix {
            None => " (--prefix FLASK reads FLASK_SECRET_KEY)",
            Some(_) => "",
        };
        format!(
            "no secret: set {variable} in the environment{prefix}, or add --secret-file PATH, with the key that the \
             application has"
        )
    }
}

/// Returns an error that names the variable, if it does not yet.
fn naming(variable: &str, error: &str) -> String {
    if error.contains(variable) {
        error.to_owned()
    } else {
        format!("{variable}: {error}")
    }
}

fn with_fallbacks(
    mut builder: Builder,
    place: &str,
    keys: Vec<Key>,
    is_flask: bool,
) -> Result<Builder, String> {
    for key in keys {
        builder = if is_flask {
            builder.fallback(key.to_vec())
        } else {
            builder.verify_only(strong_key(place, &key)?)
        };
    }
    Ok(builder)
}

/// Reads a key from each line that is not empty.
fn read(path: &OsString) -> Result<Vec<Key>, String> {
    let mut bytes = Zeroizing::new(Vec::new());
    let result = if path == "-" {
        io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
    };
    let shown = path.to_string_lossy();
    if let Err(error) = result {
        return Err(format!(
            "--secret-file: {shown:?} cannot be read: {error}; give the path of a file with the key, or - for standard \
             input"
        ));
    }
    if bytes.len() as u64 > LARGEST {
        return Err(format!(
            "--secret-file: {shown:?} has more than {LARGEST} bytes; give the path of a file with the key alone"
        ));
    }
    let mut keys = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.is_empty() {
            keys.push(Zeroizing::new(line.to_vec()));
        }
    }
    if keys.is_empty() {
        return Err(format!(
            "--secret-file: {shown:?} is empty; write the key into its first line"
        ));
    }
    Ok(keys)
}

fn strong_key(place: &str, secret: &[u8]) -> Result<SecretKey, String> {
    match SecretKey::new(secret) {
        Ok(key) => Ok(key),
        Err(error) => Err(format!(
            "{place}: {error}; the command keygen makes a strong one"
        )),
    }
}
