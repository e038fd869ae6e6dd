//! The command line of the tour.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::databases::Database;

/// The options from the command line and the environment.
#[derive(Clone, PartialEq, Eq)]
pub struct Options {
    /// The address to listen on.
    pub bind: SocketAddr,
    /// Uses Flask's format and the `SECRET_KEY` of a Flask application.
    pub flask: bool,
    /// Encrypts the sessions: in their cookies, or in their store.
    pub encrypted: bool,
    /// The place of the sessions.
    pub store: Store,
    /// Allows plain HTTP beyond loopback: the cookie has neither `Secure` nor `__Host-`.
    pub insecure: bool,
    /// The `SECRET_KEY`, if there is one; never empty. Without one the caller generates a key and
    /// says so.
    pub secret: Option<String>,
}

/// The place of the sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// In their cookies.
    Cookie,
    /// In this process's memory. The cookie holds an id, as with a database.
    Memory,
    /// In a database.
    Database(Database),
}

/// Prints everything but the secret.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("bind", &self.bind)
            .field("flask", &self.flask)
            .field("encrypted", &self.encrypted)
            .field("store", &self.store)
            .field("insecure", &self.insecure)
            .field("secret", &self.secret.as_ref().map(|_| "(hidden)"))
            .finish()
    }
}

/// The result of reading a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// Start the application with these options.
    Run(Options),
    /// Print this text and exit.
    Help(String),
}

/// Reads the arguments (without the program's name) and the value of `SECRET_KEY`.
///
/// `--help` anywhere wins over everything else. The last `--bind` wins over former ones.
///
/// # Errors
///
/// A text for the user, with the expected value, the actual one and the remedy.
pub fn parse(
    arguments: impl IntoIterator<Item = String>,
    secret_key: Option<String>,
    default_port: u16,
) -> Result<Parsed, String> {
    let arguments: Vec<String> = arguments.into_iter().collect();
    if arguments
        .iter()
        .any(|argument| argument == "--help" || argument == "-h")
    {
        return Ok(Parsed::Help(help(default_port)));
    }

    let mut bind = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), default_port);
    let (mut flask, mut encrypted, mut insecure) = (false, false, false);
    let mut store = Store::Cookie;
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let (flag, value) = match argument.split_once('=') {
            Some((flag, value)) => (flag, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        match (flag, value) {
            ("--bind" | "--store", value) => {
                let value = value
                    .or_else(|| arguments.next())
                    .filter(|value| !value.starts_with("--"));
                let value = value.as_deref().unwrap_or_default();
                match flag {
                    "--bind" => bind = address(value, default_port)?,
                    _ => store = place(value)?,
                }
            }
            ("--flask", None) => flask = true,
            ("--encrypted", None) => encrypted = true,
            ("--insecure", None) => insecure = true,
            ("--flask" | "--encrypted" | "--insecure", Some(value)) => {
                let value = shown(&value);
                return Err(format!(
                    "{flag} takes no value, but got '{value}'. Write only {flag}."
                ));
            }
            _ if flag.starts_with('-') => {
                return Err(format!(
                    "Unknown option '{flag}'. The options are listed by --help."
                ));
            }
            _ => {
                return Err(format!(
                    "Expected options only, but got '{}'. An address is given as --bind ADDR; \
                     the options are listed by --help.",
                    shown(&argument)
                ));
            }
        }
    }

    if flask && store != Store::Cookie {
        return Err("--flask and --store do not go together: in Flask's format the cookie is the session, and that is \
                    what a Flask application reads. Leave one of them out."
            .to_owned());
    }
    if flask && encrypted {
        return Err(
            "--flask and --encrypted do not go together: Flask reads no encrypted cookie. Leave one of them out."
                .to_owned(),
        );
    }
    if !insecure && !bind.ip().to_canonical().is_loopback() {
        return Err(format!(
            "Refusing to serve plain HTTP on {bind}: the session cookie is marked Secure, so browsers on other \
             machines would not send it back, and without encryption anyone on the way could copy it. Bind a \
             loopback address (127.0.0.1 or [::1]), or add --insecure to serve a cookie without Secure and \
             __Host- on a network that you trust."
        ));
    }
    if secret_key.as_deref() == Some("") {
        return Err(
            "Expected a key in SECRET_KEY, but the variable is set and empty: anyone could sign \
                    sessions. Give it a value, or unset it to run with a key made for this run."
                .to_owned(),
        );
    }
    Ok(Parsed::Run(Options {
        bind,
        flask,
        encrypted,
        store,
        insecure,
        secret: secret_key,
    }))
}

/// Reads an address with or without a port; `localhost` is 127.0.0.1.
fn address(text: &str, default_port: u16) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address);
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(SocketAddr::new(address, default_port));
    }
    let bracketed = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(address) = bracketed.and_then(|inner| inner.parse::<Ipv6Addr>().ok()) {
        return Ok(SocketAddr::new(address.into(), default_port));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, port.parse::<u16>().ok()),
        None => (text, Some(default_port)),
    };
    match port {
        Some(port) if host.eq_ignore_ascii_case("localhost") => {
            Ok(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port))
        }
        _ => {
            let came = came(text);
            Err(format!(
                "--bind expects an IP address or localhost, with or without a port, but got {came}. \
                 Write for example --bind 127.0.0.1:{default_port} or --bind [::1]:{default_port}."
            ))
        }
    }
}

fn place(text: &str) -> Result<Store, String> {
    let (scheme, rest) = text.split_once(':').unwrap_or((text, ""));
    match text {
        "cookie" => return Ok(Store::Cookie),
        "memory" => return Ok(Store::Memory),
        _ => {}
    }
    match Database::parse(scheme, rest) {
        Some(database) => database.map(Store::Database),
        None => Err(format!("--store expects {PLACES}, but got {}.", came(text))),
    }
}

/// The values of `--store`.
const PLACES: &str = "cookie, memory, sqlite:PATH, redis://HOST or postgres://USER@HOST/DATABASE";

/// Returns the received argument, for an error.
fn came(text: &str) -> String {
    if text.is_empty() {
        "nothing".to_owned()
    } else {
        format!("'{}'", shown(text))
    }
}

/// Returns the text, or only its beginning if it may be a URL with a password.
fn shown(text: &str) -> String {
    match text.split_once(':') {
        Some((scheme, rest)) if rest.starts_with('/') || rest.contains('@') => {
            format!("{scheme}:...")
        }
        _ => text.to_owned(),
    }
}

fn help(default_port: u16) -> String {
    format!(
        "\
A tour of sessions in a signed cookie, or on the server, as an application to click through.

Usage: tour [OPTIONS]

Options:
  --bind ADDR   Listen on this address: 127.0.0.1:{default_port} (the default), [::1]:{default_port},
                localhost:{default_port}, or an address without a port (then {default_port})
  --flask       Use Flask's format and the SECRET_KEY of a Flask application,
                so that both applications read each other's sessions
  --encrypted   Encrypt the sessions, so that only the SECRET_KEY can read them
  --store PLACE Store the sessions here:
                  cookie           they travel with each request (the default)
                  memory           on the server, until it stops; the cookie holds an id,
                                   as with all places below
                  sqlite:PATH      in a file, which is created if it does not exist
                  redis://HOST     in Redis 7 or newer, under keys that begin with tour:
                  postgres://USER@HOST/DATABASE
                                   in PostgreSQL 12 or newer, in the table session_records,
                                   which is created
                The databases need a build with them: cargo run --features stores
  --insecure    Serve plain HTTP beyond this machine: the cookie loses Secure and the
                __Host- prefix, and an attacker on the network can copy it
  --help        Show this text

Environment:
  SECRET_KEY    The key that signs the sessions. Without it the tour generates a key,
                and the sessions end with the tour.
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arguments: &[&str], secret: Option<&str>) -> Result<Options, String> {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned());
        match parse(arguments, secret.map(str::to_owned), 5000)? {
            Parsed::Run(options) => Ok(options),
            Parsed::Help(text) => panic!("expected options, got help: {text}"),
        }
    }

    fn bound(address: &str) -> String {
        run(&["--insecure", "--bind", address], None)
            .unwrap()
            .bind
            .to_string()
    }

    #[test]
    fn without_arguments_it_is_local_and_secure() {
        let expected = Options {
            bind: "127.0.0.1:5000".parse().unwrap(),
            flask: false,
            encrypted: false,
            store: Store::Cookie,
            insecure: false,
            secret: None,
        };
        assert_eq!(run(&[], None).unwrap(), expected);
    }

    #[test]
    fn addresses_come_in_many_spellings() {
        assert_eq!(bound("127.0.0.1:8080"), "127.0.0.1:8080");
        assert_eq!(bound("127.0.0.2"), "127.0.0.2:5000");
        assert_eq!(bound("[::1]:8080"), "[::1]:8080");
        assert_eq!(bound("[::1]"), "[::1]:5000");
        assert_eq!(bound("::1"), "[::1]:5000");
        assert_eq!(bound("localhost:8080"), "127.0.0.1:8080");
        assert_eq!(bound("LocalHost"), "127.0.0.1:5000");
        assert_eq!(bound("0.0.0.0:0"), "0.0.0.0:0");
        assert_eq!(
            run(&["--bind=[::1]:1234"], None).unwrap().bind.to_string(),
            "[::1]:1234"
        );
        assert_eq!(
            run(&["--bind=[::1]:1", "--bind", "[::1]:2"], None)
                .unwrap()
                .bind
                .to_string(),
            "[::1]:2",
            "the last one counts"
        );
    }

    #[test]
    fn addresses_that_are_none_are_named() {
        for address in [
            "5000",
            ":5000",
            "example.org:5000",
            "localhost:",
            "localhost:70000",
            "[127.0.0.1]:1",
        ] {
            let error = run(&["--bind", address], None).unwrap_err();
            assert!(
                error.contains("--bind expects") && error.contains(&format!("'{address}'")),
                "{error}"
            );
            assert!(error.contains("--bind 127.0.0.1:5000"), "{error}");
        }
    }

    #[test]
    fn bind_needs_a_value() {
        for arguments in [
            &["--bind"][..],
            &["--bind="],
            &["--bind", ""],
            &["--bind", "--flask"],
        ] {
            let error = run(arguments, None).unwrap_err();
            assert!(error.contains("but got nothing"), "{error}");
        }
    }

    #[test]
    fn beyond_loopback_needs_insecure() {
        for address in [
            "0.0.0.0:5000",
            "192.168.1.7",
            "[::]:5000",
            "::",
            "::ffff:10.0.0.1",
        ] {
            let error = run(&["--bind", address], None).unwrap_err();
            assert!(
                error.contains("Secure") && error.contains("add --insecure"),
                "{error}"
            );
            for arguments in [
                ["--insecure", "--bind", address],
                ["--bind", address, "--insecure"],
            ] {
                assert!(run(&arguments, None).unwrap().insecure);
            }
        }
        for address in [
            "127.0.0.1",
            "127.8.9.1:80",
            "::1",
            "::ffff:127.0.0.1",
            "localhost",
        ] {
            assert!(!run(&["--bind", address], None).unwrap().insecure);
        }
        assert!(
            run(&["--insecure"], None).unwrap().insecure,
            "also allowed on loopback"
        );
    }

    #[test]
    fn flask_goes_with_and_without_a_secret() {
        let options = run(&["--flask"], None).unwrap();
        assert!(options.flask && options.secret.is_none());
        let options = run(&["--flask"], Some("dev")).unwrap();
        assert!(options.flask && options.secret.as_deref() == Some("dev"));
        let options = run(&[], Some("dev")).unwrap();
        assert!(!options.flask && options.secret.as_deref() == Some("dev"));
    }

    #[test]
    fn sessions_may_be_encrypted() {
        assert!(
            run(&["--encrypted"], None).unwrap().encrypted && !run(&[], None).unwrap().encrypted
        );
        assert!(
            run(&["--encrypted", "--store", "memory"], None)
                .unwrap()
                .encrypted
        );
        assert!(
            run(&["--encrypted=yes"], None)
                .unwrap_err()
                .contains("takes no value")
        );
        assert!(
            run(&["--flask", "--encrypted"], None)
                .unwrap_err()
                .contains("do not go together")
        );
    }

    #[test]
    fn sessions_may_be_on_the_server() {
        assert_eq!(
            run(&["--store", "memory"], None).unwrap().store,
            Store::Memory
        );
        assert_eq!(run(&["--store=memory"], None).unwrap().store, Store::Memory);
        assert_eq!(
            run(&["--store", "cookie", "--flask"], None).unwrap().store,
            Store::Cookie
        );
        let error = run(&["--store", "memory", "--flask"], None).unwrap_err();
        assert!(error.contains("the cookie is the session"), "{error}");
        for (arguments, came) in [
            (&["--store", "disk"][..], "'disk'"),
            (&["--store"], "nothing"),
            (&["--store", "--flask"], "nothing"),
        ] {
            let error = run(arguments, None).unwrap_err();
            assert!(
                error.contains("cookie, memory, sqlite:PATH") && error.contains(came),
                "{error}"
            );
        }
    }

    #[cfg(not(feature = "stores"))]
    #[test]
    fn a_build_without_databases_names_the_feature() {
        for (place, name) in [
            ("sqlite:sessions.db", "SQLite"),
            ("redis://u:hunter2@127.0.0.1", "Redis"),
            ("rediss://u:hunter2@127.0.0.1", "Redis"),
            ("postgres://u:hunter2@db/tour", "PostgreSQL"),
        ] {
            let error = run(&["--store", place], None).unwrap_err();
            let cause = format!("cannot use {name}: this program was built without databases");
            let remedy = "cargo run -p tour-axum --features stores -- --store PLACE";
            assert!(error.contains(&cause) && error.contains(remedy), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[cfg(feature = "stores")]
    #[test]
    fn sessions_may_be_in_a_database() {
        let store = |place: &str| run(&["--store", place], None).map(|options| options.store);
        assert_eq!(
            store("sqlite:sessions.db"),
            Ok(Store::Database(Database::Sqlite("sessions.db".into())))
        );
        assert_eq!(
            store("sqlite:/a b/c:d.db"),
            Ok(Store::Database(Database::Sqlite("/a b/c:d.db".into())))
        );
        for url in ["redis://127.0.0.1", "redis://u:hunter2@[::1]:7000/3"] {
            let redis = Database::Redis(url.to_owned());
            assert_eq!(store(url), Ok(Store::Database(redis)));
        }
        for url in [
            "postgres://tour@db/tour",
            "postgresql://u:hunter2@127.0.0.1:5433/a?connect_timeout=3",
        ] {
            let postgres = Database::Postgres(url.to_owned());
            assert_eq!(store(url), Ok(Store::Database(postgres)));
            let flask = run(&["--flask", "--store", url], None).unwrap_err();
            assert!(flask.contains("the cookie is the session"), "{flask}");
        }
        for (place, part) in [
            ("sqlite", "expects the path"),
            ("sqlite:", "expects the path"),
            ("sqlite://sessions.db", "not a URL"),
            ("memory:", "'memory:'"),
            ("redis", "'redis'"),
            ("redis:u:hunter2@h", "'redis:...'"),
            ("redis://", "redis://[USER"),
            ("redis://u:hunter2@h:99999", "redis://[USER"),
            ("redis://u:hunter2@h/first", "redis://[USER"),
            ("rediss://u:hunter2@h", "without TLS"),
            ("postgres", "'postgres'"),
            ("postgres://", "postgres://[USER"),
            ("postgres://u:hunter2@h:99999/a", "postgres://[USER"),
            ("postgres://u@h/a?hunter2=1", "postgres://[USER"),
            ("mysql://u:hunter2@h/a", "'mysql:...'"),
        ] {
            let error = store(place).unwrap_err();
            assert!(error.contains(part), "{place}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[cfg(feature = "stores")]
    #[test]
    fn a_url_is_not_in_debug_output() {
        for url in ["redis://u:hunter2@h", "postgres://u:hunter2@h/a"] {
            let shown = format!("{:?}", run(&["--store", url], None).unwrap());
            assert!(
                !shown.contains("hunter2") && shown.contains("(hidden)"),
                "{shown}"
            );
        }
    }

    #[test]
    fn a_url_is_not_shown() {
        for url in ["redis://u:hunter2@h", "postgres://u:hunter2@h/a"] {
            for arguments in [&[url][..], &["--bind", url], &[&format!("--flask={url}")]] {
                let error = run(arguments, None).unwrap_err();
                assert!(!error.contains("hunter2"), "{error}");
            }
        }
    }

    #[test]
    fn an_empty_secret_is_an_error() {
        for arguments in [&[][..], &["--flask"]] {
            let error = run(arguments, Some("")).unwrap_err();
            assert!(
                error.contains("SECRET_KEY") && error.contains("empty"),
                "{error}"
            );
        }
    }

    #[test]
    fn unknown_arguments_are_named() {
        for (argument, named) in [
            ("--port", "'--port'"),
            ("--port=1", "'--port'"),
            ("-b", "'-b'"),
        ] {
            let error = run(&[argument], None).unwrap_err();
            assert!(error.contains(named) && error.contains("--help"), "{error}");
        }
        let error = run(&["127.0.0.1:80"], None).unwrap_err();
        assert!(
            error.contains("'127.0.0.1:80'") && error.contains("--bind ADDR"),
            "{error}"
        );
    }

    #[test]
    fn switches_take_no_value() {
        let error = run(&["--flask=yes"], None).unwrap_err();
        assert!(
            error.contains("--flask takes no value") && error.contains("'yes'"),
            "{error}"
        );
        assert!(run(&["--insecure=0"], None).is_err(), "never read as 'on'");
    }

    #[test]
    fn help_wins_and_lists_every_option() {
        for arguments in [
            &["--help"][..],
            &["-h"],
            &["--nonsense", "--bind", "--help"],
        ] {
            let arguments = arguments.iter().map(|argument| (*argument).to_owned());
            let Ok(Parsed::Help(text)) = parse(arguments, Some(String::new()), 7000) else {
                panic!("expected help");
            };
            for part in [
                "--bind ADDR",
                "--flask",
                "--store PLACE",
                "sqlite:PATH",
                "redis://",
                "postgres://",
                "--insecure",
                "--help",
                "SECRET_KEY",
                "127.0.0.1:7000",
            ] {
                assert!(text.contains(part), "{part}");
            }
        }
    }

    #[test]
    fn the_secret_is_not_shown() {
        let shown = format!("{:?}", run(&[], Some("hunter2")).unwrap());
        assert!(
            !shown.contains("hunter2") && shown.contains("hidden"),
            "{shown}"
        );
    }
}
