//! Base64 with padding (RFC 4648, section 4), as Flask's tag for bytes has it. No cookie of our formats is written in it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Encodes in the standard alphabet with padding, as Flask's tag ` b` has it.
pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Decodes the standard alphabet with padding.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_required() {
        assert_eq!(decode("YQ=="), Some(b"a".to_vec()));
        assert_eq!(decode("YQ"), None);
    }
}
