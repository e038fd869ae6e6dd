//! An iterative scanner: finds where values begin and end, and proves that a text is JSON as Python reads it.
//!
//! The grammar is RFC 8259's, plus what Python's `json.loads` takes and Flask therefore writes: `NaN`, `Infinity`,
//! `-Infinity`, lone surrogate escapes; and its limit of 4300 digits for an integer. Nothing here recurses, so depth is a
//! number and no danger.

use std::ops::Range;

use crate::json::string_end::{PIECE, ends_from};

/// The text is not JSON, or nested too deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotJson;

/// A string token: where its characters stand, without the quotes.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) range: Range<usize>,
    /// Whether it has a backslash: if not, the characters are the string.
    pub(crate) escaped: bool,
}

/// More digits than this are refused by Python, so Flask would answer 500.
const MOST_DIGITS: usize = 4300;

/// The deepest nesting that any format allows.
pub(crate) const DEEPEST: usize = 1000;

/// A place in a JSON text.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    pub(crate) at: usize,
    /// The piece of text that was looked at as a whole, and which of its bytes end a plain piece of string.
    piece: usize,
    ends: u64,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            piece: usize::MAX,
            ends: 0,
        }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Skips whitespace as RFC 8259, section 2, has it.
    pub(crate) fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Skips whitespace, then takes `byte` if it is next.
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        if self.peek() != Some(byte) {
            self.space();
            if self.peek() != Some(byte) {
                return false;
            }
        }
        self.at += 1;
        true
    }

    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), NotJson> {
        self.eat(byte).then_some(()).ok_or(NotJson)
    }

    /// Nothing but whitespace is left.
    pub(crate) fn end(&mut self) -> Result<(), NotJson> {
        self.space();
        (self.at == self.text.len()).then_some(()).ok_or(NotJson)
    }

    /// Takes a string.
    pub(crate) fn string(&mut self) -> Result<Token, NotJson> {
        self.expect(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.plain();
            let byte = self.peek().ok_or(NotJson)?;
            self.at += 1;
            match byte {
                b'"' => {
                    return Ok(Token {
                        range: start..self.at - 1,
                        escaped,
                    });
                }
                b'\\' => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return Err(NotJson),
            }
        }
    }

    /// Skips what stands for itself in a string.
    fn plain(&mut self) {
        let text = self.text.as_bytes();
        while self.at < text.len() {
            let (piece, within) = (self.at / PIECE, self.at % PIECE);
            if piece != self.piece {
                (self.piece, self.ends) = (piece, ends_from(text, piece * PIECE));
            }
            let ahead = self.ends >> within;
            if ahead != 0 {
                self.at += ahead.trailing_zeros() as usize;
                return;
            }
            self.at += PIECE - within;
        }
        self.at = text.len();
    }

    fn escape(&mut self) -> Result<(), NotJson> {
        let kind = self.peek().ok_or(NotJson)?;
        self.at += 1;
        match kind {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => {
                let digits = self
                    .text
                    .as_bytes()
                    .get(self.at..self.at + 4)
                    .ok_or(NotJson)?;
                self.at += 4;
                digits
                    .iter()
                    .all(u8::is_ascii_hexdigit)
                    .then_some(())
                    .ok_or(NotJson)
            }
            _ => Err(NotJson),
        }
    }

    /// Takes a value of any kind, with at most `depth` containers inside each other, and says where it stands.
    #[inline]
    pub(crate) fn value(&mut self, depth: usize) -> Result<Range<usize>, NotJson> {
        self.space();
        let start = self.at;
        match self.peek() {
            Some(b'"') => self.string().map(drop)?,
            Some(b'{' | b'[') => self.container(depth)?,
            _ => self.scalar()?,
        }
        Ok(start..self.at)
    }

    /// An object or a list.
    fn container(&mut self, depth: usize) -> Result<(), NotJson> {
        let mut open = Containers::default();
        loop {
            self.space();
            match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    open.push(true, depth)?;
                    if !self.eat(b'}') {
                        self.key()?;
                        continue;
                    }
                    open.pop();
                }
                Some(b'[') => {
                    self.at += 1;
                    open.push(false, depth)?;
                    if !self.eat(b']') {
                        continue;
                    }
                    open.pop();
                }
                Some(b'"') => {
                    self.string()?;
                }
                _ => self.scalar()?,
            }
            // A value is complete: close what ends here, or go on behind a comma.
            loop {
                let Some(object) = open.top() else {
                    return Ok(());
                };
                if self.eat(b',') {
                    if object {
                        self.key()?;
                    }
                    break;
                }
                self.expect(if object { b'}' } else { b']' })?;
                open.pop();
            }
        }
    }

    /// Takes `"key":`.
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
            self.at += usize::from(rest.starts_with(b"-"));
        }
        let whole = match self.peek() {
            Some(b'0') => {
                self.at += 1;
                1
            }
            _ => self.digits()?,
        };
        let mut integer = true;
        if self.peek() == Some(b'.') {
            integer = false;
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            integer = false;
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        if integer && whole > MOST_DIGITS {
            Err(NotJson)
        } else {
            Ok(())
        }
    }

    /// Takes one digit or more and says how many.
    fn digits(&mut self) -> Result<usize, NotJson> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start {
            Err(NotJson)
        } else {
            Ok(self.at - start)
        }
    }
}

/// The open containers, one bit each: 1 for an object, 0 for an array.
#[derive(Default)]
struct Containers {
    kinds: [u64; DEEPEST.div_ceil(64)],
    depth: usize,
}

impl Containers {
    fn push(&mut self, object: bool, limit: usize) -> Result<(), NotJson> {
        if self.depth >= limit.min(DEEPEST) {
            return Err(NotJson);
        }
        let (word, bit) = (self.depth / 64, self.depth % 64);
        self.kinds[word] = self.kinds[word] & !(1 << bit) | u64::from(object) << bit;
        self.depth += 1;
        Ok(())
    }

    fn pop(&mut self) {
        self.depth -= 1;
    }

    fn top(&self) -> Option<bool> {
        let last = self.depth.checked_sub(1)?;
        Some(self.kinds[last / 64] >> (last % 64) & 1 == 1)
    }
}

/// The characters of a string token as WTF-8: UTF-8 that may hold lone surrogates, whose byte order is the order of code
/// points, as Python sorts. A pair of surrogate escapes is one character, as Python reads it.
pub(crate) fn unescape(raw: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        let kind = rest.as_bytes()[at + 1];
        rest = &rest[at + 2..];
        match kind {
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => {
                let mut point = hex4(rest);
                rest = &rest[4..];
                if (0xd800..0xdc00).contains(&point) && rest.starts_with("\\u") {
                    let low = hex4(&rest[2..]);
                    if (0xdc00..0xe000).contains(&low) {
                        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
                        rest = &rest[6..];
                    }
                }
                push_wtf8(&mut out, point);
            }
            itself => out.push(itself),
        }
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

fn hex4(text: &str) -> u32 {
    text.get(..4)
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        .unwrap_or(0xfffd)
}

fn push_wtf8(out: &mut Vec<u8>, point: u32) {
    match char::from_u32(point) {
        Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        // A lone surrogate, in the three bytes that UTF-8 would give it.
        None => out.extend_from_slice(&[
            0xe0 | low_byte(point >> 12),
            0x80 | low_byte(point >> 6) & 0x3f,
            0x80 | low_byte(point) & 0x3f,
        ]),
    }
}

fn low_byte(bits: u32) -> u8 {
    bits.to_le_bytes()[0]
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

    #[test]
    fn surrogates() {
        assert_eq!(unescape("\\ud83d\\ude00"), "😀".as_bytes());
        assert_eq!(unescape("\\ud83d x"), b"\xed\xa0\xbd x");
        assert_eq!(unescape("\\ude00\\ud83d"), b"\xed\xb8\x80\xed\xa0\xbd");
        assert_eq!(
            unescape("\\ud83d\\ud83d\\ude00"),
            [b"\xed\xa0\xbd", "😀".as_bytes()].concat()
        );
        assert_eq!(
            unescape("\\\"\\\\\\/\\b\\f\\n\\r\\té\\u00e9"),
            "\"\\/\u{8}\u{c}\n\r\téé".as_bytes()
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
            cursor.plain();
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
