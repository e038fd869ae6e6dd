//! Werkzeug's `parse_cookie`, written from its regular expressions; its whitespace is space and tab
//! here.

/// Returns pairs of name and value, in order.
pub fn pairs(header: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rest = header;
    let mut pairs = Vec::new();
    loop {
        let name_end = rest
            .iter()
            .position(|byte| b"=;".contains(byte))
            .unwrap_or(rest.len());
        let ends =
            (name_end..=rest.len()).filter(|end| matches!(rest.get(*end), None | Some(b';')));
        let value = |end: usize| trimmed(rest[..end].get(name_end + 1..).unwrap_or_default());
        let has_value = rest.get(name_end) == Some(&b'=');
        // The shortest value, unless a longer one is a whole quoted text.
        let quoted = ends.clone().find(|end| has_value && is_quoted(value(*end)));
        let end = quoted.or_else(|| ends.min()).unwrap();
        pairs.push((trimmed(&rest[..name_end]).to_vec(), unquoted(value(end))));
        if end == rest.len() {
            return pairs;
        }
        rest = &rest[end + 1..];
    }
}

/// Returns the value without its quotes and with its escapes replaced.
pub fn unquoted(value: &[u8]) -> Vec<u8> {
    if value.len() < 2 || value[0] != b'"' || value[value.len() - 1] != b'"' {
        return value.to_vec();
    }
    let (inner, mut out, mut at) = (&value[1..value.len() - 1], Vec::new(), 0);
    while at < inner.len() {
        let octal = inner
            .get(at + 1..at + 4)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let octal = octal.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let (byte, length) = match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            _ if inner[at] != b'\\' || at + 1 == inner.len() => (inner[at], 1),
            Some(byte) => (byte, 4),
            None => (inner[at + 1], 2),
        };
        out.push(byte);
        at += length;
    }
    out
}

/// A quote, then escapes of a backslash and any byte, or bytes that are neither, then a quote.
fn is_quoted(text: &[u8]) -> bool {
    let [b'"', inner @ .., b'"'] = text else {
        return false;
    };
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return false,
            b'\\' if bytes.next().is_none() => return false,
            _ => {}
        }
    }
    true
}

fn trimmed(text: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| b" \t".contains(byte);
    let start = text.iter().take_while(|byte| is_space(byte)).count();
    let text = &text[start..];
    &text[..text.len() - text.iter().rev().take_while(|byte| is_space(byte)).count()]
}
