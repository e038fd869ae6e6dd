//! The command line. Each error names the expected argument, the one that was given, and the
//! remedy. No error quotes a key or a URL.

use std::ffi::OsString;

use lexopt::{Arg, Parser};

use crate::help;
use crate::options::{Options, set};

/// A command with its options. An item is a cookie or a JSON text; `-` means the lines of standard
/// input.
pub(crate) enum Command {
    Help(&'static str),
    Version,
    Keygen,
    Decode(Vec<u8>),
    Verify(Options, Vec<u8>),
    Sign(Options, Vec<u8>),
    List(Options),
    /// With an item, or with the option `--user`.
    Show(Options, Option<Vec<u8>>),
    /// With an item, with the option `--user`, or with both.
    End(Options, Option<Vec<u8>>),
}

/// A command: its name, its help, its options and its item.
struct Tool {
    name: &'static str,
    help: &'static str,
    options: &'static [&'static str],
    /// The name of its item, or empty if it takes none.
    item: &'static str,
    /// The item may be left out.
    optional: bool,
}

const STORE: [&str; 5] = ["--store", "--redis-prefix", "--table", "--prefix", "--user"];

#[rustfmt::skip]
const TOOLS: [Tool; 7] = [
    Tool { name: "decode", help: help::DECODE, options: &[], item: "COOKIE", optional: false },
    Tool { name: "verify", help: help::VERIFY, options: &[
        "--secret", "--secret-file", "--prefix", "--fallback", "--digest", "--salt", "--max-age", "--now",
        "--ours", "--encrypted", "--stored", "--name", "--context",
    ], item: "COOKIE", optional: false },
    Tool { name: "sign", help: help::SIGN, options: &[
        "--secret", "--secret-file", "--prefix", "--fallback", "--digest", "--salt", "--max-age", "--now",
        "--ours", "--encrypted", "--name", "--context", "--user",
    ], item: "JSON object", optional: false },
    Tool { name: "keygen", help: help::KEYGEN, options: &[], item: "", optional: true },
    Tool { name: "list", help: help::LIST, options: &[
        STORE[0], STORE[1], STORE[2], STORE[3], STORE[4], "--limit",
    ], item: "", optional: true },
    Tool { name: "show", help: help::SHOW, options: &[
        STORE[0], STORE[1], STORE[2], STORE[3], STORE[4], "--limit", "--secret-file", "--context",
    ], item: "KEY or COOKIE", optional: true },
    Tool { name: "end", help: help::END, options: &STORE, item: "KEY", optional: true },
];

/// Reads the arguments after the program's name.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    let names: Vec<_> = TOOLS.iter().map(|tool| tool.name).collect();
    let expected = format!("expected a command, one of {}", names.join(", "));
    if args.is_empty() {
        return Err(format!("{expected}; see session --help"));
    }
    let name = args.remove(0);
    match name.as_encoded_bytes() {
        b"--help" | b"-h" | b"help" => return Ok(Command::Help(help::HELP)),
        b"--version" | b"-V" => return Ok(Command::Version),
        _ => {}
    }
    let Some(tool) = TOOLS.iter().find(|tool| name == tool.name) else {
        let name = name.to_string_lossy();
        return Err(format!("{expected}, got {name:?}; see session --help"));
    };
    match parse_tool(tool, Parser::from_args(args)) {
        Ok(command) => Ok(command),
        Err(message) => Err(format!("{message}; see session {} --help", tool.name)),
    }
}

fn parse_tool(tool: &Tool, mut parser: Parser) -> Result<Command, String> {
    let mut options = Options::default();
    let mut given: Vec<&str> = Vec::new();
    let mut items: Vec<Vec<u8>> = Vec::new();
    loop {
        // The parser's own errors quote what was given, which may be a key. Each value is taken
        // below, so there is none.
        let name = match parser.next() {
            Err(_) => return Err("the arguments cannot be read".to_owned()),
            Ok(None) => break,
            Ok(Some(Arg::Value(item))) => {
                items.push(item.into_encoded_bytes());
                continue;
            }
            Ok(Some(Arg::Long("help") | Arg::Short('h'))) => return Ok(Command::Help(tool.help)),
            Ok(Some(Arg::Long(name))) => format!("--{name}"),
            Ok(Some(Arg::Short(letter))) => {
                return Err(format!(
                    "unknown option \"-{letter}\"; before an item that begins with '-', write --"
                ));
            }
        };
        let Some(option) = tool.options.iter().find(|option| **option == name) else {
            return Err(unknown(&name));
        };
        if given.contains(option) && *option != "--fallback" {
            return Err(format!("{option} is given twice; give it once"));
        }
        given.push(option);
        let attached = parser.optional_value();
        let value = match (is_switch(option), attached) {
            (true, None) => None,
            (true, Some(_)) => return Err(format!("{option} takes no value")),
            (false, Some(value)) => Some(value),
            (false, None) => Some(next_value(tool, option, &mut parser)?),
        };
        set(&mut options, option, value)?;
    }
    options.check()?;
    command(tool, options, items)
}

fn is_switch(option: &str) -> bool {
    matches!(option, "--ours" | "--encrypted" | "--stored")
}

fn unknown(name: &str) -> String {
    for tool in &TOOLS {
        if tool.options.contains(&name) {
            return format!("unknown option {name:?}, which is one of {}", tool.name);
        }
    }
    format!("unknown option {name:?}")
}

/// Returns the argument after an option. An option of the command is no value.
fn next_value(tool: &Tool, option: &str, parser: &mut Parser) -> Result<OsString, String> {
    let Some(mut args) = parser.try_raw_args() else {
        return Err(format!("{option} needs a value, got nothing"));
    };
    let Some(next) = args.peek().map(OsString::from) else {
        return Err(format!("{option} needs a value, got nothing"));
    };
    let is_option = tool.options.iter().any(|option| next == *option);
    match args.next_if(|_| !is_option) {
        Some(value) => Ok(value),
        None => {
            let next = next.to_string_lossy();
            Err(format!(
                "{option} needs a value, got the option {next}; if it is the value, write {option}={next}"
            ))
        }
    }
}

/// Checks the number of items.
fn command(tool: &Tool, options: Options, mut items: Vec<Vec<u8>>) -> Result<Command, String> {
    let count = items.len();
    if tool.item.is_empty() && count > 0 {
        return Err(format!("{} takes no item, got {count}", tool.name));
    }
    if count > 1 || (count == 0 && !tool.optional) {
        let hint = if count > 1 {
            " (put items with spaces in quotes)"
        } else {
            ""
        };
        let input = if tool.optional {
            ""
        } else {
            ", or - for standard input"
        };
        let kind = tool.item;
        return Err(format!("expected one {kind}{input}, got {count}{hint}"));
    }
    let item = items.pop();
    let from_input = item.as_deref() == Some(b"-");
    if from_input && options.keys.is_from_input() {
        return Err(
            "standard input cannot give both the key and the items; give the key in SECRET_KEY or in a file"
                .to_owned(),
        );
    }
    let has_user = options.user.is_some();
    match (tool.name, item) {
        ("decode", Some(item)) => Ok(Command::Decode(item)),
        ("verify", Some(item)) => Ok(Command::Verify(options, item)),
        ("sign", Some(item)) => Ok(Command::Sign(options, item)),
        ("list", _) if has_user => Ok(Command::List(options)),
        ("list", _) => {
            Err("no user: add --user NAME, since a store finds sessions by their user".to_owned())
        }
        ("show", Some(_)) if has_user => {
            Err("an item and --user are given; give one of them".to_owned())
        }
        ("show", None) if !has_user => {
            Err("no session: give a KEY or a COOKIE, or add --user NAME".to_owned())
        }
        ("show", item) => Ok(Command::Show(options, item)),
        ("end", None) if !has_user => {
            Err("no session: add --user NAME for all of a user, or give a KEY".to_owned())
        }
        ("end", item) => Ok(Command::End(options, item)),
        _ => Ok(Command::Keygen),
    }
}
