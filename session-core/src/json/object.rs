//! Whole objects, as the serializer and Flask's format write them. A session in our formats writes its object itself, and copies
//! what it read.

use crate::json::text;

/// Writes an object: keys in WTF-8 and values as their text, in the order they come.
pub(crate) fn object<K: AsRef<[u8]>, V: AsRef<str>>(
    out: &mut String,
    ascii: bool,
    entries: impl IntoIterator<Item = (K, V)>,
) {
    out.push('{');
    let start = out.len();
    for (key, value) in entries {
        if out.len() > start {
            out.push(',');
        }
        text::wtf8(out, key.as_ref(), ascii);
        out.push(':');
        out.push_str(value.as_ref());
    }
    out.push('}');
}
