//! JSON by recursion, into a tree, with the rules of Python's `json.loads` and `json.dumps`. They
//! differ from serde_json's: NaN, Infinity and -Infinity are numbers, an integer keeps its digits
//! (at most 4300), a lone surrogate is a character, and of equal keys the last is used.

use std::collections::BTreeMap;

use serde_json::Value;

/// Code points, lone surrogates included: Python's `str`.
pub type Text = Vec<u32>;

#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// null, true, false, NaN, Infinity, -Infinity.
    Word(&'static str),
    /// The digits as they were written.
    Integer(String),
    /// The bits of the float, so that 0.0 differs from -0.0.
    Float(u64),
    Text(Text),
    List(Vec<Json>),
    /// Members as they were written: unsorted, with duplicate keys.
    Object(Vec<(Text, Json)>),
}

const WORDS: [&str; 6] = ["null", "true", "false", "NaN", "Infinity", "-Infinity"];

impl Json {
    /// Reads a whole text in which at most `depth` containers are nested.
    pub fn read(text: &str, depth: usize) -> Option<Self> {
        let mut reader = Reader(text);
        let value = reader.value(depth)?;
        reader.space();
        reader.0.is_empty().then_some(value)
    }

    /// Writes what `json.dumps` writes with `sort_keys` and without spaces; `ascii` is its
    /// `ensure_ascii`.
    pub fn write(&self, ascii: bool) -> String {
        match self {
            Self::Word(word) => (*word).to_owned(),
            Self::Integer(digits) if digits == "-0" => "0".to_owned(),
            Self::Integer(digits) => digits.clone(),
            Self::Float(bits) => float(f64::from_bits(*bits)),
            Self::Text(text) => quoted(text, ascii),
            Self::List(items) => {
                format!(
                    "[{}]",
                    items
                        .iter()
                        .map(|item| item.write(ascii))
                        .collect::<Vec<_>>()
                        .join(",")
                )
            }
            Self::Object(members) => {
                let member =
                    |(key, value): (&Text, &Self)| quoted(key, ascii) + ":" + &value.write(ascii);
                let members: Vec<_> = by_key(members).into_iter().map(member).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }

    /// Returns the value of serde_json, if it has one: no lone surrogate, no integer beyond 64
    /// bits. NaN and infinities are null.
    pub fn value(&self) -> Option<Value> {
        Some(match self {
            Self::Word("true") => true.into(),
            Self::Word("false") => false.into(),
            Self::Word(_) => Value::Null,
            Self::Integer(digits) => digits
                .parse::<i64>()
                .map(Value::from)
                .or_else(|_| digits.parse::<u64>().map(Value::from))
                .ok()?,
            Self::Float(bits) => f64::from_bits(*bits).into(),
            Self::Text(text) => string(text)?.into(),
            Self::List(items) => items
                .iter()
                .map(Self::value)
                .collect::<Option<_>>()
                .map(Value::Array)?,
            Self::Object(members) => {
                let member = |(key, value): &(Text, Self)| Some((string(key)?, value.value()?));
                Value::Object(members.iter().map(member).collect::<Option<_>>()?)
            }
        })
    }

    /// Sorts by key, and keeps the last of equal keys.
    pub fn sorted(self) -> Self {
        match self {
            Self::Object(members) => Self::Object(
                members
                    .into_iter()
                    .collect::<BTreeMap<_, _>>()
                    .into_iter()
                    .collect(),
            ),
            other => other,
        }
    }
}

fn by_key(members: &[(Text, Json)]) -> BTreeMap<&Text, &Json> {
    members.iter().map(|(key, value)| (key, value)).collect()
}

pub fn string(text: &[u32]) -> Option<String> {
    text.iter().map(|point| char::from_u32(*point)).collect()
}

fn quoted(text: &[u32], ascii: bool) -> String {
    let mut out = String::from('"');
    for point in text {
        match char::from_u32(*point) {
            Some(c @ ('"' | '\\')) => out.extend(['\\', c]),
            Some('\u{8}') => out.push_str("\\b"),
            Some('\u{c}') => out.push_str("\\f"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(c) if c >= ' ' && (!ascii || c <= '~') => out.push(c),
            Some(c) => c
                .encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| out += &format!("\\u{unit:04x}")),
            None => out += &format!("\\u{point:04x}"),
        }
    }
    out + "\""
}

/// Rounds to ever more digits, or one unit beside, until the text reads back as the same float.
/// Rust's own short form has as many digits, and these replace them, because the two differ where
/// two texts are equally near. An exponent has a sign and at least two digits.
fn float(value: f64) -> String {
    let short = format!("{value:?}").replace("inf", "Infinity");
    if !value.is_finite() || value == 0.0 {
        return short;
    }
    let digits = (0..17).find_map(|behind_point| {
        let text = format!("{:.behind_point$e}", value.abs());
        let (mantissa, exponent) = text.split_once('e').unwrap();
        let mantissa: u64 = mantissa.replace('.', "").parse().unwrap();
        let exponent = exponent.parse::<i32>().unwrap() - i32::try_from(behind_point).unwrap();
        let reads_back =
            |mantissa: &u64| format!("{mantissa}e{exponent}").parse() == Ok(value.abs());
        [mantissa, mantissa + 1, mantissa - 1]
            .into_iter()
            .find(reads_back)
    });
    let digits = digits.unwrap().to_string();
    let (mantissa, exponent) = match short.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().unwrap()),
        None => (&*short, 0),
    };
    let (mut digits, mut started) = (digits.chars(), false);
    let mut text: String = mantissa
        .chars()
        .map(|c| {
            started |= ('1'..='9').contains(&c);
            if started && c.is_ascii_digit() {
                digits.next().unwrap_or('0')
            } else {
                c
            }
        })
        .collect();
    if exponent != 0 {
        text += &format!(
            "e{}{:02}",
            if exponent < 0 { '-' } else { '+' },
            exponent.abs()
        );
    }
    text
}

struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn space(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn eat(&mut self, text: &str) -> bool {
        self.space();
        self.0
            .strip_prefix(text)
            .map(|rest| self.0 = rest)
            .is_some()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.0.chars().next()?;
        self.0 = &self.0[next.len_utf8()..];
        Some(next)
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        if self.eat("[") {
            let depth = depth.checked_sub(1)?;
            return self
                .parts("]", |reader| reader.value(depth))
                .map(Json::List);
        }
        if self.eat("{") {
            let depth = depth.checked_sub(1)?;
            let member = |reader: &mut Self| {
                let key = reader.text()?;
                reader.eat(":").then(|| Some((key, reader.value(depth)?)))?
            };
            return self.parts("}", member).map(Json::Object);
        }
        if self.0.starts_with('"') {
            return self.text().map(Json::Text);
        }
        if let Some(word) = WORDS.into_iter().find(|word| self.eat(word)) {
            return Some(Json::Word(word));
        }
        let end = self
            .0
            .find(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c))
            .unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at(end);
        self.0 = rest;
        number(token)
    }

    fn parts<T>(
        &mut self,
        end: &str,
        mut part: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut parts = Vec::new();
        if self.eat(end) {
            return Some(parts);
        }
        loop {
            parts.push(part(self)?);
            if self.eat(end) {
                return Some(parts);
            }
            self.eat(",").then_some(())?;
        }
    }

    fn text(&mut self) -> Option<Text> {
        self.eat("\"").then_some(())?;
        let mut text = Text::new();
        loop {
            let point = match self.next()? {
                '"' => return Some(text),
                '\0'..' ' => return None,
                '\\' => self.escape()?,
                c => u32::from(c),
            };
            // A pair of surrogates in two escapes is one character.
            match text.last_mut() {
                Some(high @ 0xd800..0xdc00) if (0xdc00..0xe000).contains(&point) => {
                    *high = 0x10000 + ((*high - 0xd800) << 10) + (point - 0xdc00);
                }
                _ => text.push(point),
            }
        }
    }

    fn escape(&mut self) -> Option<u32> {
        Some(match self.next()? {
            c @ ('"' | '\\' | '/') => c.into(),
            'b' => 8,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'u' => {
                let digits: String = (0..4).map(|_| self.next()).collect::<Option<_>>()?;
                // `from_str_radix` accepts a sign, too.
                digits
                    .bytes()
                    .all(|byte| byte.is_ascii_hexdigit())
                    .then_some(())?;
                u32::from_str_radix(&digits, 16).ok()?
            }
            _ => return None,
        })
    }
}

fn number(token: &str) -> Option<Json> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = token.strip_prefix('-').unwrap_or(token);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (
            mantissa,
            Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        ),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let right = digits(whole) && (whole == "0" || !whole.starts_with('0'));
    (right && fraction.is_none_or(digits) && exponent.is_none_or(digits)).then_some(())?;
    match (fraction, exponent) {
        (None, None) => (whole.len() <= 4300).then(|| Json::Integer(token.to_owned())),
        _ => Some(Json::Float(token.parse::<f64>().unwrap().to_bits())),
    }
}
