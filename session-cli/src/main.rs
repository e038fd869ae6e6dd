//! Reads and writes session cookies, Flask's and ours, and looks after the sessions in a store.
//!
//! `session --help` lists the commands.

mod args;
mod facts;
mod help;
mod inspect;
mod json;
mod keyed;
mod keygen;
mod keys;
mod lines;
mod options;
mod out;
mod reasons;
mod store;

use std::io::{self, Write};
use std::process::ExitCode;

use args::Command;
use facts::{Facts, facts};
use inspect::{Parts, Pasted};
use keyed::Keyed;
use lines::each_line;
use options::Options;
use out::{Out, note};

const UNVERIFIED: &str = "note: nothing was verified; anyone can write such a cookie";

/// The reason for an exit code other than 0.
enum Failure {
    Usage(String),
    Refused(String),
    Io(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn main() -> ExitCode {
    match run(std::env::args_os().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of the pipe has read enough.
        Err(Failure::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Io(error)) => fail(&format!("reading or writing failed: {error}"), 1),
        Err(Failure::Refused(reason)) => fail(&reason, 1),
        Err(Failure::Usage(message)) => fail(&message, 2),
    }
}

fn fail(message: &str, code: u8) -> ExitCode {
    note(&format!("error: {message}"));
    ExitCode::from(code)
}

fn run(args: impl Iterator<Item = std::ffi::OsString>) -> Result<(), Failure> {
    let mut out = Out::new();
    match args::parse(args).map_err(Failure::Usage)? {
        Command::Help(text) => out.writer.write_all(text.as_bytes())?,
        Command::Version => writeln!(out.writer, "session {}", env!("CARGO_PKG_VERSION"))?,
        Command::Keygen => {
            let key = keygen::keygen().map_err(Failure::Refused)?;
            keygen::print(&key, out.writer.get_mut())?;
        }
        Command::Decode(item) if item == b"-" => {
            note(UNVERIFIED);
            each_line(&mut out, |item| Ok(decode(item)?.0))?;
        }
        Command::Decode(item) => {
            let (json, facts) = decode(&item).map_err(Failure::Refused)?;
            out.payload(&json)?;
            out.facts(&facts)?;
            if !out.terminal {
                // Also for a reader that takes only the first line of standard output.
                note(UNVERIFIED);
            }
        }
        Command::Verify(options, item) => {
            let keyed = keyed(options)?;
            if item == b"-" {
                each_line(&mut out, |item| keyed.verify(item))?;
            } else {
                out.payload(&keyed.verify(&item).map_err(Failure::Refused)?)?;
            }
        }
        Command::Sign(options, item) => {
            let keyed = keyed(options)?;
            if item == b"-" {
                each_line(&mut out, |item| keyed.sign(item))?;
            } else {
                out.answer(&keyed.sign(&item).map_err(Failure::Refused)?)?;
            }
        }
        Command::List(options) => store::list(&mut out, options)?,
        Command::Show(options, item) => store::show(&mut out, options, item)?,
        Command::End(options, item) => store::end(&mut out, options, item)?,
    }
    out.writer.flush()?;
    Ok(())
}

fn keyed(options: Options) -> Result<Keyed, Failure> {
    Keyed::new(options).map_err(Failure::Usage)
}

/// Returns a cookie's payload, and the facts that are not in the payload.
fn decode(item: &[u8]) -> Result<(String, Facts), String> {
    let value = Pasted::new(item).value;
    match taken_apart(&value) {
        Ok(found) => Ok(found),
        Err(_) if inspect::is_encrypted(&value) => Err(format!(
            "the cookie cannot be read: its {} characters look like an encrypted cookie; session verify --encrypted \
             reads it with the secret key",
            value.len()
        )),
        Err(reason) => Err(format!("the cookie cannot be read: {reason}")),
    }
}

fn taken_apart(value: &str) -> Result<(String, Facts), String> {
    let parts = Parts::of(value)?;
    let times = parts.times()?;
    let json = parts.content()?;
    Ok((json, facts(&parts, &times, value.len())))
}
