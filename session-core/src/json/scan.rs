//! An iterative scanner: finds where values begin and end, and proves that a text is JSON as Python reads it.
//!
//! The grammar is that of RFC 8259 with the additions that Python's `json.loads` accepts and Flask therefore writes: `NaN`,
//! `Infinity`, `-Infinity` and lone surrogate escapes. An integer has at most 4300 digits, as in Python. Nothing recurses, so
//! that deep nesting cannot exhaust the stack.

use std::ops::Range;

use crate::json::string_end::{CHUNK, string_end_mask};

/// The text is not JSON, or its containers are nested too deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotJson;

/// The place of a string in its text, without the quotes.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) range: Range<usize>,
    /// Whether there is a backslash. Without one the bytes of the range are the string.
    pub(crate) escaped: bool,
}

/// Python refuses integers of more digits, so Flask would answer 500.
const MOST_DIGITS: usize = 4300;

/// The deepest nesting that any format allows.
pub(crate) const DEEPEST: usize = 1000;

/// A place in a JSON text.
///
/// `mask` describes the bytes of chunk number `chunk` of the text, see [`string_end_mask`]. It stays valid wherever the cursor
/// goes, since the text does not change.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    pub(crate) text: &'a str,
    pub(crate) at: usize,
    chunk: usize,
    mask: u64,
}

impl<'a> Cursor<'a> {
    /// Returns a cursor at the beginning of `text`.
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            // No chunk has this number, so the first string computes its mask.
            chunk: usize::MAX,
            mask: 0,
        }
    }

    /// Returns the next byte and leaves it.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Skips whitespace (RFC 8259, section 2).
    pub(crate) fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Takes `byte` if it is the next one behind whitespace.
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        self.skip_space();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Takes `byte`, which must be the next one behind whitespace.
    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), NotJson> {
        if self.eat(byte) { Ok(()) } else { Err(NotJson) }
    }

    /// Checks that only whitespace is left.
    pub(crate) fn end(&mut self) -> Result<(), NotJson> {
        self.skip_space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(NotJson),
        }
    }

    /// Takes a string.
    pub(crate) fn string(&mut self) -> Result<Token, NotJson> {
        self.expect(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.skip_plain();
            let end = self.peek();
            self.at += 1;
            match end {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                // A control character must be escaped.
                _ => return Err(NotJson),
            }
            escaped = true;
        }
        let range = start..self.at - 1;
        Ok(Token { range, escaped })
    }

    /// Skips the bytes of a string that stand for themselves.
    fn skip_plain(&mut self) {
        while self.at < self.text.len() {
            let (chunk, within) = (self.at / CHUNK, self.at % CHUNK);
            if chunk != self.chunk {
                self.mask = string_end_mask(self.text.as_bytes(), chunk * CHUNK);
                self.chunk = chunk;
            }
            let ahead = self.mask >> within;
            if ahead != 0 {
                self.at += ahead.trailing_zeros() as usize;
                return;
            }
            // Not behind the text: the mask of an incomplete chunk has a bit there.
            self.at += CHUNK - within;
        }
    }

    /// Takes the rest of an escape, behind its backslash.
    fn escape(&mut self) -> Result<(), NotJson> {
        let behind = &self.text.as_bytes()[self.at..];
        let length = match behind {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 1,
            [b'u', digits @ ..] => {
                let digits = digits.first_chunk::<4>().ok_or(NotJson)?;
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(NotJson);
                }
                5
            }
            _ => return Err(NotJson),
        };
        self.at += length;
        Ok(())
    }

    /// Takes a value of any kind, with at most `depth` containers inside each other, and returns its place.
    #[inline]
    pub(crate) fn value(&mut self, depth: usize) -> Result<Range<usize>, NotJson> {
        self.skip_space();
        let start = self.at;
        match self.peek() {
            Some(b'"') => _ = self.string()?,
            Some(b'{' | b'[') => self.container(depth)?,
            _ => self.scalar()?,
        }
        Ok(start..self.at)
    }

    /// Takes an object or a list.
    fn container(&mut self, most_open: usize) -> Result<(), NotJson> {
        let most_open = most_open.min(DEEPEST);
        // The first `open` bytes close the containers that are open, the outermost first.
        let mut closing = [0; DEEPEST];
        let mut open = 0;
        loop {
            if closing[..open].last() == Some(&b'}') {
                self.key()?;
            }
            self.skip_space();
            let close = match self.peek() {
                Some(b'{') => Some(b'}'),
                Some(b'[') => Some(b']'),
                _ => None,
            };
            if let Some(close) = close {
                if open == most_open {
                    return Err(NotJson);
                }
                self.at += 1;
                if !self.eat(close) {
                    closing[open] = close;
                    open += 1;
                    continue;
                }
            } else {
                // No container, so this does not recurse.
                self.value(0)?;
            }
            // A value is complete: close the containers that end here, then go on behind a comma.
            loop {
                let Some(inmost) = open.checked_sub(1) else {
                    return Ok(());
                };
                if self.eat(b',') {
                    break;
                }
                self.expect(closing[inmost])?;
                open = inmost;
            }
        }
    }

    /// Takes `"key":` and returns the key.
    pub(crate) fn key(&mut self) -> Result<Token, NotJson> {
        let key = self.string()?;
        self.expect(b':')?;
        Ok(key)
    }

    /// Takes a number or a literal.
    fn scalar(&mut self) -> Result<(), NotJson> {
        let rest = &self.text.as_bytes()[self.at..];
        if !rest.first().is_some_and(u8::is_ascii_digit) {
            for literal in ["true", "false", "null", "NaN", "Infinity", "-Infinity"] {
                if rest.starts_with(literal.as_bytes()) {
                    self.at += literal.len();
                    return Ok(());
                }
            }
            self.at += usize::from(rest.first() == Some(&b'-'));
        }
        let start = self.at;
        if self.peek() == Some(b'0') {
            // No digit may follow a leading zero.
            self.at += 1;
        } else {
            self.digits()?;
        }
        let integer = start..self.at;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        if self.at == integer.end && integer.len() > MOST_DIGITS {
            return Err(NotJson);
        }
        Ok(())
    }

    /// Takes one digit or more.
    fn digits(&mut self) -> Result<(), NotJson> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start {
            return Err(NotJson);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(text: &str, depth: usize) -> Result<(), NotJson> {
        let mut cursor = Cursor::new(text);
        cursor.value(depth)?;
        cursor.end()
    }

    #[test]
    fn accepts_what_python_accepts() {
        for text in [
            "{}",
            "[]",
            " [ 1 , { \"a\" : [ ] } ] ",
            "0",
            "-0",
            "-0.0",
            "1e5",
            "1E+05",
            "0e0",
            "NaN",
            "Infinity",
            "-Infinity",
            "\"\\ud800\"",
            "\"\\u0041\\n\\/\"",
            "\"\u{7f}é😀\"",
            "null",
            "true",
            "false",
            "1e400",
        ] {
            assert_eq!(whole(text, 10), Ok(()), "{text}");
        }
        assert_eq!(whole(&"1".repeat(4300), 1), Ok(()));
        assert_eq!(whole(&format!("1.{}", "1".repeat(9000)), 1), Ok(()));
    }

    #[test]
    fn refuses_what_python_refuses() {
        for text in [
            "",
            " ",
            "{",
            "}",
            "[1,]",
            "[,1]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{1:1}",
            "01",
            "+1",
            ".5",
            "5.",
            "1e",
            "1e+",
            "--1",
            "-",
            "nan",
            "-NaN",
            "'a'",
            "\"\t\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u12g4\"",
            "\"open",
            "[1 2]",
            "[1}",
            "{\"a\":1]",
            "1 1",
            "//c\n1",
            "\u{feff}1",
            "tru",
            "[[]",
        ] {
            assert_eq!(whole(text, 10), Err(NotJson), "{text:?}");
        }
        assert_eq!(whole(&"1".repeat(4301), 1), Err(NotJson));
    }

    #[test]
    fn depth_is_counted_and_nothing_recurses() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        for limit in [1, 63, 64, 65, 128, DEEPEST] {
            assert_eq!(whole(&nested(limit), limit), Ok(()), "{limit}");
            assert_eq!(whole(&nested(limit + 1), limit), Err(NotJson), "{limit}");
        }
        assert_eq!(whole(&nested(10_000), 10_000), Err(NotJson));
        assert_eq!(whole(&nested(1_000_000), 128), Err(NotJson));
        assert_eq!(
            whole(
                &format!("{}1{}", "{\"a\":[".repeat(50), "]}".repeat(50)),
                100
            ),
            Ok(())
        );
    }

    proptest! {
        /// On texts near JSON, the scanner and serde_json agree, but for what Python adds and for serde_json's numbers.
        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}":,0-9eE+.\\a-u \-]{0,14}"#) {
            let expected = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            let found = whole(&text, 128).is_ok();
            // serde_json's IgnoredAny refuses lone surrogates in some positions only; they are ours alone.
            prop_assume!(!text.contains("\\u"));
            prop_assert_eq!(found, expected, "{}", text);
        }

        /// Many bytes at a time find what one at a time finds.
        #[test]
        fn plain_text_ends_where_it_ends(text in "([a-z é😀\u{7f}]{0,90}[\"\\\\\u{0}-\u{20}]?){0,4}") {
            let mut cursor = Cursor::new(&text);
            cursor.skip_plain();
            let special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
            let end = text.bytes().position(special).unwrap_or(text.len());
            prop_assert_eq!(cursor.at, end);
        }

        #[test]
        fn never_panics(text in ".{0,40}") {
            let _ = whole(&text, 5);
        }
    }
}
