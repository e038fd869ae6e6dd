//! The command line. Each error names the expected argument, the one that was given, and the
//! remedy.

use session_core::Digest;

/// A command with its options. An item is a cookie or a JSON text; `-` means the lines of standard
/// input.
pub(crate) enum Command {
    Help(&'static str),
    Keygen,
    Decode(Vec<u8>),
    Verify(Settings, Vec<u8>),
    Sign(Settings, Vec<u8>),
}

/// The options of `verify` and `sign`.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) secret: Vec<u8>,
    pub(crate) fallbacks: Vec<Vec<u8>>,
    pub(crate) digest: Option<Digest>,
    pub(crate) salt: Option<Vec<u8>>,
    pub(crate) max_age: Option<u64>,
    pub(crate) now: Option<u64>,
    pub(crate) ours: bool,
    pub(crate) name: Option<String>,
    pub(crate) context: Option<String>,
    pub(crate) user: Option<String>,
}

const HELP: &str = "\
Reads and writes session cookies: Flask's, and this library's own.

Usage: session COMMAND [OPTIONS] [--] ITEM

  decode   prints the content of a cookie, without a key
  verify   checks a cookie as a server does, and prints its payload
  sign     makes a cookie from a JSON object
  keygen   makes a secret key

For the options of a command: session COMMAND --help

Exit code: 0 success, 1 the item was refused (the reason is on standard error), 2 wrong usage.
";

const DECODE: &str = "\
Prints the content of a cookie, without a key. Nothing is verified.

Usage: session decode [--] COOKIE

COOKIE is the value, or name=value, also in double quotes. Flask's format and this library's own are recognised.
`-` reads one cookie per line from standard input, and prints one line for each: its payload, or `error: REASON`.

In a pipe the first line is the payload as JSON; the other lines are `name: value`. The payload is an object. In this
library's own format it is [object, flashes] while flashes are pending, and [object, flashes, user] while a user is
logged in.

Example: session decode eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk
";

const VERIFY: &str = "\
Checks a cookie as a server does, and prints its payload: JSON, with Flask's tags as they are in the cookie.

Usage: session verify --secret S [OPTIONS] [--] COOKIE

COOKIE is the value, or name=value, also in double quotes.
`-` reads one cookie per line from standard input, and prints one line for each: its payload, or `error: REASON`.

  --secret S          the secret key (other users of this machine can see it while the command runs)
  --fallback F        a former key, which still verifies; up to 8 times
  --max-age SECONDS   how long a cookie is valid; default: 31 days
  --now UNIX          the time, in seconds since 1970; default: now
 Flask's format:
  --digest NAME       sha1 (default), sha256 or sha512
  --salt TEXT         default: cookie-session
 This library's own format:
  --ours              selects it
  --name NAME         the whole name of the cookie; default: __Host-session
  --context TEXT      default: none

Example: session verify --secret dev --now 1700000000 eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk
";

const SIGN: &str = "\
Makes a cookie from a JSON object, and prints its value. Flask's tags give types that JSON lacks: {\" t\":[1,2]}.

Usage: session sign --secret S [OPTIONS] [--] JSON

`-` reads one object per line from standard input, and prints one line for each: the value, or `error: REASON`.

  --secret S          the secret key (other users of this machine can see it while the command runs)
  --now UNIX          the time of signing, in seconds since 1970; default: now
 Flask's format:
  --digest NAME       sha1 (default), sha256 or sha512
  --salt TEXT         default: cookie-session
 This library's own format:
  --ours              selects it
  --name NAME         the whole name of the cookie; default: __Host-session
  --context TEXT      default: none
  --user TEXT         the user who is logged in; default: none
 --fallback and --max-age are accepted, and change nothing.

Example: session sign --secret dev --now 1700000000 '{\"a\":1}'
";

const KEYGEN: &str = "\
Makes a secret key: 43 characters, 256 random bits.

Usage: session keygen

Example: SECRET_KEY=$(session keygen)
";

/// The options of `verify` and `sign`.
const KEYED: [&str; 10] = [
    "--secret",
    "--fallback",
    "--digest",
    "--salt",
    "--max-age",
    "--now",
    "--ours",
    "--name",
    "--context",
    "--user",
];

/// The latest time that has a date: the end of the year 9999.
const LAST: u64 = 253_402_300_799;

/// A command's name, its help, and its options.
type Tool = (&'static str, &'static str, &'static [&'static str]);

/// Reads the arguments after the program's name.
pub(crate) fn parse(mut args: impl Iterator<Item = Vec<u8>>) -> Result<Command, String> {
    const EXPECTED: &str = "expected a command: decode, verify, sign or keygen";
    let Some(name) = args.next() else {
        return Err(format!("{EXPECTED}; see session --help"));
    };
    let tool: Tool = match &name[..] {
        b"--help" | b"-h" | b"help" => return Ok(Command::Help(HELP)),
        b"decode" => ("decode", DECODE, &[]),
        b"verify" => ("verify", VERIFY, &KEYED),
        b"sign" => ("sign", SIGN, &KEYED),
        b"keygen" => ("keygen", KEYGEN, &[]),
        other => {
            let other = String::from_utf8_lossy(other);
            return Err(format!("{EXPECTED}, got {other:?}; see session --help"));
        }
    };
    match parse_tool(tool, args) {
        Ok(command) => Ok(command),
        Err(message) => Err(format!("{message}; see session {} --help", tool.0)),
    }
}

fn parse_tool(
    (tool, help, options): Tool,
    args: impl Iterator<Item = Vec<u8>>,
) -> Result<Command, String> {
    let mut args = args.peekable();
    let mut settings = Settings::default();
    let mut given: Vec<&str> = Vec::new();
    let mut items: Vec<Vec<u8>> = Vec::new();
    while let Some(arg) = args.next() {
        if arg == b"--" {
            items.extend(args.by_ref());
            continue;
        }
        if arg == b"--help" || arg == b"-h" {
            return Ok(Command::Help(help));
        }
        if arg == b"-" || !arg.starts_with(b"-") {
            items.push(arg);
            continue;
        }
        let (name, attached) = match arg.iter().position(|byte| *byte == b'=') {
            Some(at) => (arg.get(..at).unwrap_or_default(), arg.get(at + 1..)),
            None => (&arg[..], None),
        };
        let option = known(options, name)?;
        if given.contains(&option) && option != "--fallback" {
            return Err(format!("{option} is given twice; give it once"));
        }
        given.push(option);
        if option == "--ours" {
            if attached.is_some() {
                return Err("--ours takes no value".to_owned());
            }
            settings.ours = true;
            continue;
        }
        let value = match attached {
            Some(value) => Some(value.to_vec()),
            None => args.next_if(|arg| !is_option(arg)),
        };
        let Some(value) = value else {
            return Err(missing(option, args.peek()));
        };
        set(&mut settings, option, value)?;
    }
    command(tool, settings, &given, items)
}

/// Returns the option of this name.
fn known(options: &[&'static str], name: &[u8]) -> Result<&'static str, String> {
    for option in options {
        if option.as_bytes() == name {
            return Ok(option);
        }
    }
    let hint = if name.starts_with(b"--") {
        ""
    } else {
        "; before an item that begins with '-', write --"
    };
    let name = String::from_utf8_lossy(name);
    Err(format!("unknown option {name:?}{hint}"))
}

fn is_option(arg: &[u8]) -> bool {
    KEYED.iter().any(|option| option.as_bytes() == arg)
}

/// Checks that the command has its secret and exactly one item.
fn command(
    tool: &str,
    settings: Settings,
    given: &[&str],
    mut items: Vec<Vec<u8>>,
) -> Result<Command, String> {
    if tool == "keygen" {
        if items.is_empty() {
            return Ok(Command::Keygen);
        }
        return Err("keygen takes no item".to_owned());
    }
    if tool != "decode" && !given.contains(&"--secret") {
        return Err("no secret: add --secret S, with the key that signs the cookies".to_owned());
    }
    let count = items.len();
    let (Some(item), 1) = (items.pop(), count) else {
        let kind = if tool == "sign" {
            "JSON object"
        } else {
            "COOKIE"
        };
        let hint = if count > 1 {
            " (put items with spaces in quotes)"
        } else {
            ""
        };
        return Err(format!(
            "expected one {kind}, or - for standard input, got {count}{hint}"
        ));
    };
    Ok(match tool {
        "decode" => Command::Decode(item),
        "verify" => Command::Verify(settings, item),
        _ => Command::Sign(settings, item),
    })
}

fn missing(option: &str, next: Option<&Vec<u8>>) -> String {
    let Some(next) = next else {
        return format!("{option} needs a value, got nothing");
    };
    let next = String::from_utf8_lossy(next);
    format!(
        "{option} needs a value, got the option {next}; if it is the value, write {option}={next}"
    )
}

fn set(settings: &mut Settings, option: &str, value: Vec<u8>) -> Result<(), String> {
    match option {
        "--secret" | "--fallback" if value.is_empty() => {
            return Err(format!(
                "{option} is empty, and anyone could sign with an empty key; give the key"
            ));
        }
        "--secret" => settings.secret = value,
        "--fallback" => settings.fallbacks.push(value),
        "--salt" => settings.salt = Some(value),
        "--digest" => settings.digest = Some(digest(&value)?),
        "--max-age" => settings.max_age = Some(seconds(option, value, u64::MAX)?),
        "--now" => settings.now = Some(seconds(option, value, LAST)?),
        "--name" => settings.name = Some(text(option, value)?),
        "--user" => settings.user = Some(text(option, value)?),
        _ => settings.context = Some(text(option, value)?),
    }
    Ok(())
}

fn digest(value: &[u8]) -> Result<Digest, String> {
    match value {
        b"sha1" => Ok(Digest::Sha1),
        b"sha256" => Ok(Digest::Sha256),
        b"sha512" => Ok(Digest::Sha512),
        other => {
            let other = String::from_utf8_lossy(other);
            Err(format!("--digest is sha1, sha256 or sha512, got {other:?}"))
        }
    }
}

fn seconds(option: &str, value: Vec<u8>, most: u64) -> Result<u64, String> {
    let value = String::from_utf8_lossy(&value);
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse() {
        Ok(seconds) if digits && seconds <= most => Ok(seconds),
        _ => Err(format!(
            "{option} is a whole number of seconds, 0 to {most}, got {value:?}"
        )),
    }
}

fn text(option: &str, value: Vec<u8>) -> Result<String, String> {
    match String::from_utf8(value) {
        Ok(text) => Ok(text),
        Err(_) => Err(format!("{option} is a text in UTF-8, got other bytes")),
    }
}
