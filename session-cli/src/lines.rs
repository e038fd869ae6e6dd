//! Items from standard input, one per line.

use std::io::{self, BufRead, BufReader, Write};

use crate::inspect::LARGEST;
use crate::out::Out;

/// Prints one line for every line of standard input.
pub(crate) fn each_line(
    out: &mut Out,
    answer: impl Fn(&[u8]) -> Result<String, String>,
) -> io::Result<()> {
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
