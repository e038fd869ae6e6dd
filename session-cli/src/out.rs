//! The output: for a reader at a terminal, or for a program behind a pipe.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use crate::json;

/// Prints a line on standard error. An error is ignored: there is no place to report it.
pub(crate) fn note(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Standard output: indented on a terminal, plain in a pipe.
pub(crate) struct Out {
    pub(crate) writer: BufWriter<StdoutLock<'static>>,
    pub(crate) terminal: bool,
    colour: bool,
}

impl Out {
    pub(crate) fn new() -> Self {
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
    pub(crate) fn answer(&mut self, line: &str) -> io::Result<()> {
        if self.terminal {
            writeln!(self.writer, "{}", json::escaped(line))
        } else {
            writeln!(self.writer, "{line}")
        }
    }

    pub(crate) fn payload(&mut self, json: &str) -> io::Result<()> {
        if !self.terminal {
            return self.answer(json);
        }
        json::lay_out(&mut self.writer, json, self.colour)?;
        writeln!(self.writer)
    }

    pub(crate) fn facts(&mut self, facts: &[(&str, String)]) -> io::Result<()> {
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
