//! The command line. What is wrong with it is said with what was expected, what came, and what to do.

use session_core::Digest;

/// What is to be done. An item is a cookie or a JSON text; `-` stands for the lines of standard input.
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
Looks into session cookies: Flask's, and this library's own.

Usage: cookie TOOL [OPTIONS] [--] ITEM

  decode   shows what a cookie holds, without any key
  verify   checks a cookie as a server would, and shows its payload
  sign     makes a cookie of a JSON object
  keygen   makes a secret key

Each tool explains itself: cookie TOOL --help
In this repository, `cookie` is: cargo run -q -p session-core --example cookie --

Exit code: 0 done, 1 the item was refused (the reason is on standard error), 2 wrong usage.
";

const DECODE: &str = "\
Shows what a cookie holds, without any key: nothing is verified.

Usage: cookie decode [--] COOKIE

COOKIE is the value, or name=value, also in double quotes. Flask's format and ours are told apart by themselves.
`-` reads one cookie a line from standard input, and answers each with its payload alone, or `error: REASON`.

In a pipe the first line is the payload as JSON; the others are `name: value`. The payload is an object; in our format
[object, flashes] while flashes are pending, and [object, flashes, user] while somebody is logged in.

Example: cookie decode eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk
";

const VERIFY: &str = "\
Checks a cookie as a server would, and shows its payload: JSON, with Flask's tags as they are.

Usage: cookie verify --secret S [OPTIONS] [--] COOKIE

COOKIE is the value, or name=value, also in double quotes.
`-` reads one cookie a line from standard input, and answers each with one line: its payload, or `error: REASON`.

  --secret S          the secret key (other users of this machine may see it while the tool runs)
  --fallback F        a former key, which still verifies; up to 8 times
  --max-age SECONDS   how long a cookie counts; default: 31 days
  --now UNIX          the time, in seconds since 1970; default: now
 Flask's format:
  --digest NAME       sha1 (default), sha256 or sha512
  --salt TEXT         default: cookie-session
 This library's own format:
  --ours              instead of Flask's
  --name NAME         the cookie's whole name; default: __Host-session
  --context TEXT     default: none

Example: cookie verify --secret dev --now 1700000000 eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk
";

const SIGN: &str = "\
Makes a cookie of a JSON object, and prints its value. Flask's tags stand for what JSON lacks: {\" t\":[1,2]}.

Usage: cookie sign --secret S [OPTIONS] [--] JSON

`-` reads one object a line from standard input, and answers each with one line: the value, or `error: REASON`.

  --secret S          the secret key (other users of this machine may see it while the tool runs)
  --now UNIX          the time of signing, in seconds since 1970; default: now
 Flask's format:
  --digest NAME       sha1 (default), sha256 or sha512
  --salt TEXT         default: cookie-session
 This library's own format:
  --ours              instead of Flask's
  --name NAME         the cookie's whole name; default: __Host-session
  --context TEXT     default: none
  --user TEXT        who is logged in; default: nobody
 --fallback and --max-age are taken as verify takes them, and change nothing.

Example: cookie sign --secret dev --now 1700000000 '{\"a\":1}'
";

const KEYGEN: &str = "\
Makes a secret key: 43 characters, 256 random bits.

Usage: cookie keygen

Example: SECRET_KEY=$(cookie keygen)
";

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

/// Reads the arguments behind the program's name.
pub(crate) fn parse(args: impl Iterator<Item = Vec<u8>>) -> Result<Command, String> {
    let mut args = args.peekable();
    let Some(tool) = args.next() else {
        return Err(
            "expected a tool: decode, verify, sign or keygen; see cookie --help".to_owned(),
        );
    };
    let (tool, help, options): (&'static str, _, &[&'static str]) = match &tool[..] {
        b"--help" | b"-h" | b"help" => return Ok(Command::Help(HELP)),
        b"decode" => ("decode", DECODE, &[]),
        b"verify" => ("verify", VERIFY, &KEYED),
        b"sign" => ("sign", SIGN, &KEYED),
        b"keygen" => ("keygen", KEYGEN, &[]),
        other => {
            return Err(format!(
                "expected a tool: decode, verify, sign or keygen; {:?} came; see cookie --help",
                String::from_utf8_lossy(other)
            ));
        }
    };
    let wrong = |message: String| format!("{message}; see cookie {tool} --help");
    let mut settings = Settings::default();
    let mut given: Vec<&str> = Vec::new();
    let mut items: Vec<Vec<u8>> = Vec::new();
    while let Some(arg) = args.next() {
        if arg == b"--" {
            items.extend(args.by_ref());
        } else if arg == b"--help" || arg == b"-h" {
            return Ok(Command::Help(help));
        } else if arg == b"-" || !arg.starts_with(b"-") {
            items.push(arg);
        } else {
            let (name, attached) = match arg.iter().position(|byte| *byte == b'=') {
                Some(at) => (arg.get(..at).unwrap_or_default(), arg.get(at + 1..)),
                None => (&arg[..], None),
            };
            let Some(option) = options
                .iter()
                .copied()
                .find(|option| option.as_bytes() == name)
            else {
                let hint = if name.starts_with(b"--") {
                    ""
                } else {
                    "; before an item that begins with '-', write --"
                };
                return Err(wrong(format!(
                    "unknown option {:?}{hint}",
                    String::from_utf8_lossy(name)
                )));
            };
            if given.contains(&option) && option != "--fallback" {
                return Err(wrong(format!("{option} came twice; give it once")));
            }
            given.push(option);
            if option == "--ours" {
                if attached.is_some() {
                    return Err(wrong("--ours takes no value".to_owned()));
                }
                settings.ours = true;
                continue;
            }
            let is_option = |arg: &Vec<u8>| KEYED.iter().any(|option| option.as_bytes() == arg);
            let value = match attached {
                Some(value) => Some(value.to_vec()),
                None => args.next_if(|arg| !is_option(arg)),
            };
            let value = value.ok_or_else(|| wrong(missing(option, args.peek())))?;
            set(&mut settings, option, value).map_err(wrong)?;
        }
    }
    if tool == "keygen" {
        return if items.is_empty() {
            Ok(Command::Keygen)
        } else {
            Err(wrong("keygen takes no item".to_owned()))
        };
    }
    if tool != "decode" && !given.contains(&"--secret") {
        return Err(wrong(
            "no secret: add --secret S, with the key that signs the cookies".to_owned(),
        ));
    }
    let kind = if tool == "sign" {
        "JSON object"
    } else {
        "COOKIE"
    };
    let (Some(item), 0) = (items.pop(), items.len()) else {
        let count = items.len();
        let came = if count == 0 {
            "none came".to_owned()
        } else {
            format!("{} came (quote what has spaces)", count + 1)
        };
        return Err(wrong(format!(
            "expected one {kind}, or - for standard input; {came}"
        )));
    };
    Ok(match tool {
        "decode" => Command::Decode(item),
        "verify" => Command::Verify(settings, item),
        _ => Command::Sign(settings, item),
    })
}

fn missing(option: &str, next: Option<&Vec<u8>>) -> String {
    match next {
        None => format!("{option} needs a value, and nothing came"),
        Some(next) => {
            let next = String::from_utf8_lossy(next);
            format!(
                "{option} needs a value, and the option {next} came; if it is the value, write {option}={next}"
            )
        }
    }
}

fn set(settings: &mut Settings, option: &str, value: Vec<u8>) -> Result<(), String> {
    match option {
        "--secret" | "--fallback" if value.is_empty() => {
            return Err(format!(
                "{option} is empty, and anybody could sign with that; give the key"
            ));
        }
        "--secret" => settings.secret = value,
        "--fallback" => settings.fallbacks.push(value),
        "--salt" => settings.salt = Some(value),
        "--digest" => {
            settings.digest = Some(match &value[..] {
                b"sha1" => Digest::Sha1,
                b"sha256" => Digest::Sha256,
                b"sha512" => Digest::Sha512,
                other => {
                    let other = String::from_utf8_lossy(other);
                    return Err(format!(
                        "--digest is sha1, sha256 or sha512; {other:?} came"
                    ));
                }
            });
        }
        "--max-age" => settings.max_age = Some(seconds(option, value, u64::MAX)?),
        "--now" => settings.now = Some(seconds(option, value, LAST)?),
        "--name" => settings.name = Some(text(option, value)?),
        "--user" => settings.user = Some(text(option, value)?),
        _ => settings.context = Some(text(option, value)?),
    }
    Ok(())
}

fn seconds(option: &str, value: Vec<u8>, most: u64) -> Result<u64, String> {
    let value = String::from_utf8_lossy(&value);
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse() {
        Ok(seconds) if digits && seconds <= most => Ok(seconds),
        _ => Err(format!(
            "{option} is a whole number of seconds, 0 to {most}; {value:?} came"
        )),
    }
}

fn text(option: &str, value: Vec<u8>) -> Result<String, String> {
    String::from_utf8(value).map_err(|_| format!("{option} is a text in UTF-8; other bytes came"))
}
