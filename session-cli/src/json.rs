//! JSON as text: checked, compacted or indented. Every number and string stays as it is, because a
//! payload may hold NaN, integers of any size and lone surrogates, which a parsed value would lose.

use std::io::{self, Write};

/// The depth that is read: deeper than any server reads.
const DEEPEST: usize = 1024;
/// The number of levels that are indented; deeper ones have the same indentation.
const MARGIN: usize = 32;

/// A token of the text.
#[derive(Clone, Copy)]
enum Token<'a> {
    Mark(u8),
    Text(&'a str),
    Scalar(&'a str),
    /// Not a token of JSON.
    Junk,
    End,
}

struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// Returns the next token and its offset.
    fn next(&mut self) -> Result<(usize, Token<'a>), String> {
        self.at += self
            .rest()
            .iter()
            .take_while(|byte| b" \t\r\n".contains(byte))
            .count();
        let start = self.at;
        let (length, token): (_, fn(&'a str) -> Token<'a>) = match self.rest() {
            [] => return Ok((start, Token::End)),
            [mark @ (b'{' | b'}' | b'[' | b']' | b':' | b','), ..] => {
                self.at += 1;
                return Ok((start, Token::Mark(*mark)));
            }
            [b'"', ..] => (
                string(self.rest()).map_err(|at| unexpected("a string", start + at))?,
                Token::Text,
            ),
            rest => match scalar(rest) {
                Some(length) => (length, Token::Scalar),
                None => return Ok((start, Token::Junk)),
            },
        };
        self.at += length;
        Ok((
            start,
            token(self.text.get(start..self.at).unwrap_or_default()),
        ))
    }
}

fn unexpected(expected: &str, at: usize) -> String {
    format!("not JSON: expected {expected} at offset {at}")
}

/// Returns the length of a string with its quotes, or the offset of its error.
fn string(text: &[u8]) -> Result<usize, usize> {
    let mut at = 1;
    loop {
        match text.get(at).ok_or(at)? {
            b'"' => return Ok(at + 1),
            b'\\' => match text.get(at + 1).ok_or(at)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 2,
                b'u' if text
                    .get(at + 2..at + 6)
                    .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) =>
                {
                    at += 6;
                }
                _ => return Err(at),
            },
            0..0x20 => return Err(at),
            _ => at += 1,
        }
    }
}

/// Returns the length of a number or name, as Python reads them.
fn scalar(text: &[u8]) -> Option<usize> {
    let names = ["true", "false", "null", "NaN", "Infinity", "-Infinity"];
    if let Some(name) = names.iter().find(|name| text.starts_with(name.as_bytes())) {
        return Some(name.len());
    }
    let digits = |at: usize| {
        text.iter()
            .skip(at)
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let mut at = usize::from(text.first() == Some(&b'-'));
    // No zero before other digits.
    at += if text.get(at) == Some(&b'0') {
        1
    } else {
        Some(digits(at)).filter(|count| *count > 0)?
    };
    if text.get(at) == Some(&b'.') && digits(at + 1) > 0 {
        at += 1 + digits(at + 1);
    }
    if let Some(b'e' | b'E') = text.get(at) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let count = digits(at + 1 + sign);
        at += if count > 0 { 1 + sign + count } else { 0 };
    }
    Some(at)
}

/// The token that is expected next.
enum Want {
    Value,
    ItemOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
}

/// Returns the text on one line, without whitespace between its tokens, or the reason why it is not
/// JSON.
pub(crate) fn compact(text: &str) -> Result<String, String> {
    let mut tokens = Tokens::new(text);
    let mut out = String::with_capacity(text.len());
    // The marks that close the containers that are open.
    let mut open: Vec<u8> = Vec::new();
    let mut want = Want::Value;
    loop {
        let (at, token) = tokens.next()?;
        want = match (want, token) {
            (Want::CommaOrEnd, Token::End) if open.is_empty() => return Ok(out),
            (Want::Value | Want::ItemOrEnd, Token::Mark(b'[')) => {
                open.push(b']');
                Want::ItemOrEnd
            }
            (Want::Value | Want::ItemOrEnd, Token::Mark(b'{')) => {
                open.push(b'}');
                Want::KeyOrEnd
            }
            (Want::Value | Want::ItemOrEnd, Token::Text(_) | Token::Scalar(_)) => Want::CommaOrEnd,
            (Want::Key | Want::KeyOrEnd, Token::Text(_)) => Want::Colon,
            (Want::Colon, Token::Mark(b':')) => Want::Value,
            (Want::CommaOrEnd, Token::Mark(b',')) if !open.is_empty() => {
                if open.last() == Some(&b'}') {
                    Want::Key
                } else {
                    Want::Value
                }
            }
            (Want::ItemOrEnd | Want::KeyOrEnd | Want::CommaOrEnd, Token::Mark(mark))
                if open.last() == Some(&mark) =>
            {
                open.pop();
                Want::CommaOrEnd
            }
            (want, _) => return Err(unexpected(expected(&want, open.last()), at)),
        };
        if open.len() > DEEPEST {
            return Err(format!("nested in more than {DEEPEST} levels"));
        }
        match token {
            Token::Mark(mark) => out.push(char::from(mark)),
            Token::Text(text) | Token::Scalar(text) => out.push_str(text),
            Token::Junk | Token::End => {}
        }
    }
}

fn expected(want: &Want, open: Option<&u8>) -> &'static str {
    match (want, open) {
        (Want::Value, _) => "a value",
        (Want::ItemOrEnd, _) => "a value or ']'",
        (Want::Key, _) => "a key in double quotes",
        (Want::KeyOrEnd, _) => "a key in double quotes or '}'",
        (Want::Colon, _) => "':'",
        (Want::CommaOrEnd, None) => "the end",
        (Want::CommaOrEnd, Some(b'}')) => "',' or '}'",
        (Want::CommaOrEnd, Some(_)) => "',' or ']'",
    }
}

const KEY: &str = "\x1b[36m";
const TEXT: &str = "\x1b[32m";
const SCALAR: &str = "\x1b[33m";
const PLAIN: &str = "\x1b[0m";

/// Writes the output of [`compact`] with one entry per line, for a terminal.
pub(crate) fn lay_out(out: &mut impl Write, compact: &str, colour: bool) -> io::Result<()> {
    let mut tokens = Tokens::new(compact);
    let mut depth = 0;
    let paint = |wanted| if colour { wanted } else { "" };
    loop {
        // The text was checked, so there is no error.
        let Ok((_, token)) = tokens.next() else {
            return Ok(());
        };
        let next = tokens.rest().first();
        match token {
            Token::Junk | Token::End => return Ok(()),
            Token::Mark(mark @ (b'{' | b'[')) if !matches!(next, Some(b'}' | b']')) => {
                depth += 1;
                out.write_all(&[mark])?;
                line(out, depth)?;
            }
            Token::Mark(b',') => {
                out.write_all(b",")?;
                line(out, depth)?;
            }
            Token::Mark(b':') => out.write_all(b": ")?,
            Token::Mark(mark) => out.write_all(&[mark])?,
            Token::Text(text) => {
                let colour = paint(if next == Some(&b':') { KEY } else { TEXT });
                write!(out, "{colour}{}{}", escaped(text), paint(PLAIN))?;
            }
            Token::Scalar(text) => write!(out, "{}{text}{}", paint(SCALAR), paint(PLAIN))?,
        }
        // An empty container is opened and closed on one line.
        let empty = matches!(token, Token::Mark(b'{' | b'['));
        if matches!(next, Some(b'}' | b']')) && !empty {
            depth = depth.saturating_sub(1);
            line(out, depth)?;
        }
    }
}

fn line(out: &mut impl Write, depth: usize) -> io::Result<()> {
    write!(out, "\n{:1$}", "", 2 * depth.min(MARGIN))
}

/// Returns JSON that is safe for a terminal: characters that control it, or that change the
/// direction of text, become JSON escapes of the same characters.
pub(crate) fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if controls(c) {
            out.push_str(&format!("\\u{:04x}", u32::from(c)))
        } else {
            out.push(c)
        }
    }
    out
}

/// Whether a character that may be in JSON controls a terminal or the direction of text.
fn controls(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Returns a text that is safe for a terminal, on one line: what [`escaped`] escapes and the ASCII
/// controls are replaced.
pub(crate) fn visible(text: &str) -> String {
    text.replace(|c: char| c.is_ascii_control() || controls(c), "\u{fffd}")
}

/// Returns a text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
