//! Reads and writes session cookies, Flask's and ours, for debugging.
//!
//! `session --help` lists the commands.

mod args;
mod inspect;
mod json;
mod keyed;
mod keygen;

use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, StdoutLock, Write};
use std::process::ExitCode;

use args::Command;
use inspect::{Facts, LARGEST, Parts, Pasted, facts};
use keyed::Keyed;

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
    let args = std::env::args_os()
        .skip(1)
        .map(std::ffi::OsString::into_encoded_bytes);
    match run(args) {
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

/// Prints a line on standard error. An error is ignored: there is no place to report it.
fn note(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

fn run(args: impl Iterator<Item = Vec<u8>>) -> Result<(), Failure> {
    let mut out = Out::new();
    match args::parse(args).map_err(Failure::Usage)? {
        Command::Help(text) => out.writer.write_all(text.as_bytes())?,
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
        Command::Verify(settings, item) => {
            let keyed = Keyed::new(settings).map_err(Failure::Usage)?;
            if item == b"-" {
                each_line(&mut out, |item| keyed.verify(item))?;
            } else {
                out.payload(&keyed.verify(&item).map_err(Failure::Refused)?)?;
            }
        }
        Command::Sign(settings, item) => {
            let keyed = Keyed::new(settings).map_err(Failure::Usage)?;
            if item == b"-" {
                each_line(&mut out, |item| keyed.sign(item))?;
            } else {
                out.answer(&keyed.sign(&item).map_err(Failure::Refused)?)?;
            }
        }
    }
    out.writer.flush()?;
    Ok(())
}

/// Returns a cookie's payload, and the facts that are not in the payload.
fn decode(item: &[u8]) -> Result<(String, Facts), String> {
    let value = Pasted::new(item).value;
    match taken_apart(&value) {
        Ok(found) => Ok(found),
        Err(reason) => Err(format!("the cookie cannot be read: {reason}")),
    }
}

fn taken_apart(value: &str) -> Result<(String, Facts), String> {
    let parts = Parts::of(value)?;
    let times = parts.times()?;
    let json = parts.json()?;
    Ok((json, facts(&parts, &times, value.len())))
}

/// Prints one line for every line of standard input.
fn each_line(out: &mut Out, answer: impl Fn(&[u8]) -> Result<String, String>) -> io::Result<()> {
    let mut input = BufReader::with_capacity(1 << 16, io::stdin().lock());
    let mut line = Vec::new();
    loop {
        // Before a read that may block: a caller may wait for the answer before it sends a line.
        if input.buffer().is_empty() {
            out.writer.flush()?;
        }
        if !read_line(&mut input, &mut line)? {
            return Ok(());
        }
        let answered = match line.trim_ascii() {
            [] => Err("the line is empty".to_owned()),
            _ if line.len() > LARGEST => {
                Err(format!("the line is longer than {} MiB", LARGEST >> 20))
            }
            item => answer(item),
        };
        match answered {
            Ok(answer) => out.answer(&answer)?,
            Err(reason) => out.answer(&format!("error: {reason}"))?,
        }
    }
}

/// Reads a line without its end, and at most one byte more than the limit. Returns whether there
/// was a line.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let chunk = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            chunk => chunk?,
        };
        if chunk.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
        let room = (LARGEST + 1).saturating_sub(line.len());
        line.extend(part.iter().take(room));
        let used = part.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

/// Standard output: indented on a terminal, plain in a pipe.
struct Out {
    writer: BufWriter<StdoutLock<'static>>,
    terminal: bool,
    colour: bool,
}

impl Out {
    fn new() -> Self {
        let stdout = io::stdout().lock();
        let terminal = stdout.is_terminal();
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colour = terminal && !set("NO_COLOR") && !dumb;
        Self {
            writer: BufWriter::with_capacity(1 << 16, stdout),
            terminal,
            colour,
        }
    }

    /// Prints one line.
    fn answer(&mut self, line: &str) -> io::Result<()> {
        if self.terminal {
            writeln!(self.writer, "{}", json::escaped(line))
        } else {
            writeln!(self.writer, "{line}")
        }
    }

    fn payload(&mut self, json: &str) -> io::Result<()> {
        if !self.terminal {
            return self.answer(json);
        }
        json::lay_out(&mut self.writer, json, self.colour)?;
        writeln!(self.writer)
    }

    fn facts(&mut self, facts: &[(&str, String)]) -> io::Result<()> {
        if !self.terminal {
            for (name, value) in facts {
                writeln!(self.writer, "{name}: {value}")?;
            }
            return Ok(());
        }
        let (dim, warn, plain) = if self.colour {
            ("\x1b[2m", "\x1b[1;33m", "\x1b[0m")
        } else {
            ("", "", "")
        };
        writeln!(self.writer)?;
        for (name, value) in facts {
            if *name == "verified" {
                writeln!(
                    self.writer,
                    "{warn}{name:14} {value}: anyone can write such a cookie{plain}"
                )?;
            } else {
                writeln!(self.writer, "{dim}{name:14}{plain} {value}")?;
            }
        }
        Ok(())
    }
}
