//! Finds out whether a secret can be guessed.
//!
//! The secret is split into pieces from left to right. A piece is one of these, the longest that fits:
//!
//! - a repetition of bytes that were there before,
//! - a run: bytes, or keys of the keyboard, at a distance that was there before (`abcd`, `qwer`),
//! - a word of placeholders,
//! - a single byte.
//!
//! A random key has about as many pieces as bytes. A secret with few pieces is found with few guesses, so it is refused. This is
//! also done with the bytes that the secret encodes, if it is base64 or hex. Nothing of the secret is copied meanwhile: it is
//! decoded, and converted to lower case, byte by byte.

use crate::error::config::{LEAST_KEY_BYTES, Weakness};

/// The bytes of a secret that are read. This is enough to judge it, and bounds the work.
const MOST: usize = 256;
/// The least length of a repetition or a run.
const SHORTEST_PIECE: usize = 4;

/// The beginnings of keys that are published: in the documentation and templates of frameworks, and as defaults of projects.
const PUBLISHED: [&[u8]; 16] = [
    // Django marks the keys of its templates.
    b"django-insecure-",
    // Rocket's guide and its tests.
    b"hPRYyVRiMyxpw5sBB1XeCMN1kFsDCqKvBi2QJxBVHQk",
    b"8Xui8SN4mI+7egV/9dlfYYLGQJeEx4+DwmSQLwDVXJg",
    b"itlYmFR2vYKrOmFhupMIn/hyB6lYCCTXz4yaQX89XVg",
    // Flask's quickstart and its page on configuration, of several releases.
    b"192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
    b"5f352379324c22463451387a0aec5d2f",
    b"_5#y2L\"F4Q8z\n\xec]/",
    b"_5#y2L\"F4Q8z\\n\\xec]/",
    b"A0Zr98j/3yX R~XHH!jmN]LWX/,?RT",
    // FastAPI's tutorial.
    b"09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    // Laravel's page on encryption.
    b"J63qRTDLub5NuZvP+kb8YIorGS6qFYHKVo6u7179stY",
    // NestJS' page on authentication.
    b"DO NOT USE THIS VALUE",
    // Express' session middleware.
    b"keyboard cat",
    // The defaults of Redash, Dify and Superset.
    b"c292a0a3aa32397cdb050e233733900f",
    b"sk-9f73s3ljTXVcMT3Blb3ljTqtsKiGHXVcMT3BlbkFJLK7U",
    b"\x02\x01thisismyscretkey\x01\x02\\e\\y\\y\\h",
];

/// The words of placeholders and jokes, by their first letters.
const WORDS: [&str; 26] = [
    "actix admin and app application at auth auto axum",
    "bar base baz be bit bits bytes",
    "cat chain change changed changeit changeme changethis char characters chars complex cookie cookies",
    "default demo dev develop development django do dont",
    "enough example express",
    "fastapi fixme flask foo for framework",
    "generate generated goes",
    "hello here hex hidden hmac",
    "in insecure insert instead is it",
    "jwt",
    "keep key keyboard keys",
    "laravel least length letmein local localhost long",
    "magic make master me minimum more must my",
    "name never next nobody node not now",
    "of on only openssl or our",
    "pass passphrase password phoenix phrase placeholder please private prod production project put",
    "qwerty",
    "rails random react really redacted replace rocket root",
    "safe salt sample secret secretkey secrets secure security server service session sessions sha should sign signed signing site so some something spring staging store string strong super supersecret",
    "temp temporary test testing text that the this to todo token top tower type",
    "unsafe unsecure update use used user using",
    "value very",
    "web website with word world",
    "xxx",
    "you your",
    "",
];

/// The rows of a keyboard, 16 places each; then the rows with shift.
const KEYS: &[u8; 128] = b"\
    1234567890-=    qwertyuiop[]    asdfghjkl;'     zxcvbnm,./      \
    !@#$%^&*()_+    qwertyuiop{}    asdfghjkl:\"     zxcvbnm<>?      ";

/// The place of each byte's key: 1 more to the right, 16 more downwards. Other bytes have places far away.
const PLACES: [u8; 256] = {
    let mut places = [0; 256];
    let mut byte = u8::MAX;
    while byte > 0 {
        places[byte as usize] = 0x80 | byte;
        byte -= 1;
    }
    let mut place = 0_u8;
    while place < 128 {
        let key = KEYS[place as usize];
        if key != b' ' {
            places[key as usize] = place % 64;
        }
        place += 1;
    }
    places
};

impl Weakness {
    /// Returns the first weakness of a secret.
    pub(crate) fn of(secret: &[u8]) -> Option<Self> {
        let secret = &secret[..secret.len().min(MOST)];
        // Laravel's prefix of a key in base64.
        let digits = secret.strip_prefix(b"base64:").unwrap_or(secret);
        if PUBLISHED.iter().any(|example| digits.starts_with(example)) {
            return Some(Self::Published);
        }
        let plain = Text {
            bytes: secret,
            form: Form::Plain,
        };
        if plain.is_words() {
            return Some(Self::Placeholder);
        }
        if secret.len() < LEAST_KEY_BYTES {
            return Some(Self::Short(secret.len()));
        }
        let forms = [Some(plain), Text::base64(digits), Text::hex(digits)];
        for text in forms.into_iter().flatten() {
            if let Some(weakness) = text.weakness() {
                return Some(weakness);
            }
        }
        None
    }
}

/// A secret in one of its forms.
#[derive(Clone, Copy)]
struct Text<'a> {
    bytes: &'a [u8],
    form: Form,
}

#[derive(Clone, Copy)]
enum Form {
    /// As it is, in lower case.
    Plain,
    /// Decoded from base64 of either alphabet.
    Base64,
    /// Decoded from hex.
    Hex,
}

impl<'a> Text<'a> {
    fn base64(bytes: &'a [u8]) -> Option<Self> {
        let mut digits = bytes.trim_ascii_end();
        while let [rest @ .., b'='] = digits {
            digits = rest;
        }
        for digit in digits {
            base64_value(*digit)?;
        }
        Some(Self {
            bytes: digits,
            form: Form::Base64,
        })
    }

    fn hex(bytes: &'a [u8]) -> Option<Self> {
        let digits = bytes.trim_ascii_end();
        let all = digits.iter().all(u8::is_ascii_hexdigit);
        all.then_some(Self {
            bytes: digits,
            form: Form::Hex,
        })
    }

    /// Returns the number of bytes.
    fn len(self) -> usize {
        match self.form {
            Form::Plain => self.bytes.len(),
            Form::Base64 => self.bytes.len() * 6 / 8,
            Form::Hex => self.bytes.len() / 2,
        }
    }

    /// Returns the byte at `index`.
    fn at(self, index: usize) -> u8 {
        match self.form {
            Form::Plain => self.bytes[index].to_ascii_lowercase(),
            Form::Base64 => {
                // A byte is in two digits of six bits each.
                let (first, skipped) = (index * 8 / 6, index * 8 % 6);
                let high = base64_value(self.bytes[first]).unwrap_or(0);
                let low = base64_value(self.bytes[first + 1]).unwrap_or(0);
                let bits = u16::from(high) << 6 | u16::from(low);
                (bits >> (4 - skipped)).to_be_bytes()[1]
            }
            Form::Hex => {
                hex_value(self.bytes[2 * index]) << 4 | hex_value(self.bytes[2 * index + 1])
            }
        }
    }

    /// Returns the place on the keyboard of the byte at `index`.
    fn key_at(self, index: usize) -> u8 {
        PLACES[usize::from(self.at(index))]
    }

    /// Returns the length of the longest piece at `start` whose steps from byte to byte repeat steps before it, and whether the
    /// bytes are repeated, too. `at` returns a byte, or its place on the keyboard.
    fn repeated(self, start: usize, at: fn(Self, usize) -> u8) -> (usize, bool) {
        let step = |index: usize| at(self, index).wrapping_sub(at(self, index - 1));
        let mut longest = (0, false);
        for earlier in 1..start {
            let mut length = 0;
            while start + length < self.len() && step(earlier + length) == step(start + length) {
                length += 1;
            }
            // Of two pieces of one length, the one with equal bytes is the larger pair.
            longest = longest.max((length, at(self, earlier) == at(self, start)));
        }
        if longest.0 < SHORTEST_PIECE {
            (0, false)
        } else {
            longest
        }
    }

    /// Returns the length of the longest word at `start`.
    fn word(self, start: usize) -> usize {
        let letter = self.at(start).wrapping_sub(b'a');
        let Some(words) = WORDS.get(usize::from(letter)) else {
            return 0;
        };
        let mut longest = 0;
        for word in words.split(' ') {
            if word.len() > longest && self.has(word, start) {
                longest = word.len();
            }
        }
        longest
    }

    fn has(self, word: &str, start: usize) -> bool {
        if word.len() > self.len() - start {
            return false;
        }
        for (ahead, byte) in word.bytes().enumerate() {
            if self.at(start + ahead) != byte {
                return false;
            }
        }
        true
    }

    /// Returns whether a mark or a space is at `index`, as between words.
    fn is_mark(self, index: usize) -> bool {
        index < self.len() && (self.at(index).is_ascii_punctuation() || self.at(index) == b' ')
    }

    /// Returns whether the text is made of words and the marks between them alone. A text of fewer than 6 bytes is only short.
    fn is_words(self) -> bool {
        let (mut at, mut words) = (0, 0);
        while at < self.len() {
            match self.word(at) {
                0 if self.is_mark(at) => at += 1,
                0 => return false,
                length => {
                    at += length;
                    words += 1;
                }
            }
        }
        words > 0 && self.len() >= 6
    }

    /// Returns the weakness of a text that has few pieces: fewer than half of its bytes, or of the 32 that are required.
    fn weakness(self) -> Option<Weakness> {
        let (mut at, mut pieces) = (0, 0);
        // The bytes in pieces of each kind; the largest number names the weakness.
        let (mut repetitive, mut sequence, mut placeholder) = (0, 0, 0);
        while at < self.len() {
            pieces += 1;
            if pieces >= self.len().min(LEAST_KEY_BYTES) / 2 {
                return None;
            }
            let (repeated, as_it_is) = self.repeated(at, Self::at);
            let keys = self.repeated(at, Self::key_at).0;
            let word = self.word(at);
            let longest = repeated.max(keys);
            if word > 0 && word >= longest {
                placeholder += word;
                // The mark behind a word belongs to its piece.
                at += word + usize::from(self.is_mark(at + word));
                continue;
            }
            if as_it_is && repeated >= keys {
                repetitive += longest;
            } else {
                sequence += longest;
            }
            at += longest.max(1);
        }
        if placeholder >= repetitive.max(sequence) {
            Some(Weakness::Placeholder)
        } else if sequence >= repetitive {
            Some(Weakness::Sequence)
        } else {
            Some(Weakness::Repetitive)
        }
    }
}

fn base64_value(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

fn hex_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;
    use crate::{base64, padded_base64};

    fn weakness(secret: impl AsRef<[u8]>) -> Option<Weakness> {
        Weakness::of(secret.as_ref())
    }

    /// In base64 of either alphabet, with and without what fills it up, in hex of either case, and as it is.
    fn spellings(bytes: &[u8]) -> Vec<Vec<u8>> {
        let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let padded = padded_base64::encode(bytes);
        let texts = [
            base64::encode(bytes),
            format!("base64:{padded}"),
            format!("{padded}\n"),
            padded.replace('+', "-").replace('/', "_"),
            padded,
            hex.to_uppercase(),
            hex,
        ];
        texts
            .into_iter()
            .map(String::into_bytes)
            .chain([bytes.to_vec()])
            .collect()
    }

    #[test]
    fn s9_weak_keys_are_refused() {
        use Weakness::{Placeholder, Published, Repetitive, Sequence, Short};
        for (secret, expected) in [
            ("dev", Short(3)),
            ("0123456789012345678901234567890", Short(31)),
            ("secret", Placeholder),
            ("CHANGE-ME", Placeholder),
            ("your_secret_key_here", Placeholder),
            ("change-me-change-me-change-me-change-me", Placeholder),
            (
                "your-secret-key-your-secret-key-your-secret-key",
                Placeholder,
            ),
            ("this-is-a-very-secret-key-change-me!!", Placeholder),
            ("dev-secret-key-do-not-use-in-production", Placeholder),
            ("complex_password_at_least_32_characters_long", Placeholder),
            (
                "your-super-secret-jwt-token-with-at-least-32-characters-long",
                Placeholder,
            ),
            ("a-string-secret-at-least-256-bits-long", Placeholder),
            ("CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET", Placeholder),
            ("My Super Secret Flask Application Key 2024!", Placeholder),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Repetitive),
            ("abcdabcdabcdabcdabcdabcdabcdabcdabcd", Repetitive),
            ("changeme-changeme-changeme-change1", Placeholder),
            ("secretsecretsecretsecretsecretsecret1", Repetitive),
            ("passwordpasswordpasswordpasswordpassword1", Repetitive),
            ("your-256-bit-secret-your-256-bit-secret", Placeholder),
            ("0123456789abcdef0123456789abcdef", Repetitive),
            ("hunter2hunter2hunter2hunter2hunter2", Repetitive),
            ("1secretsecretsecretsecretsecretsecret", Repetitive),
            ("secretsecretsecret2024secretsecretsecret", Repetitive),
            ("7f3a9c7f3a9c7f3a9c7f3a9c7f3a9c7f3a9c", Repetitive),
            ("K7#pQ2!xK7#pQ2!xK7#pQ2!xK7#pQ2!x", Repetitive),
            ("00000000-0000-0000-0000-000000000000", Repetitive),
            ("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", Placeholder),
            ("abcdefghijklmnopqrstuvwxyz012345", Sequence),
            ("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF", Sequence),
            ("zyxwvutsrqponmlkjihgfedcba987654", Sequence),
            (
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/",
                Sequence,
            ),
            ("qwertyuiopasdfghjklzxcvbnm1234567890", Sequence),
            ("1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.", Sequence),
            ("!@#$%^&*()qwertyuiopasdfghjklzxcvbnm", Sequence),
            ("a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6", Sequence),
            ("AaBbCcDdEeFfGgHhIiJjKkLlMmNnOoPp", Sequence),
            (
                "django-insecure-)^izole6&m6qxqqwfo2e59)grvo11#_e*+^v+io=_obxdx@*$i",
                Published,
            ),
            ("hPRYyVRiMyxpw5sBB1XeCMN1kFsDCqKvBi2QJxBVHQk=", Published),
            ("hPRYyVRiMyxpw5sBB1XeCMN1kFsDCqKvBi2QJxBVHQk=1", Published),
            (
                "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
                Published,
            ),
            ("A0Zr98j/3yX R~XHH!jmN]LWX/,?RT", Published),
            (
                "base64:J63qRTDLub5NuZvP+kb8YIorGS6qFYHKVo6u7179stY=",
                Published,
            ),
            ("keyboard cat", Published),
        ] {
            assert_eq!(weakness(secret), Some(expected), "{secret}");
        }
    }

    #[test]
    fn s9_what_is_weak_once_it_is_decoded_is_refused() {
        let sequence: Vec<u8> = (0..32).collect();
        let backwards: Vec<u8> = (100..148).rev().collect();
        for bytes in [
            &[0; 32][..],
            &[0; 33],
            &[0xff; 64],
            &b"changeme".repeat(4),
            &b"changeme-1".repeat(4),
            b"this is my secret key, change me please",
            b"secretsecretsecretsecretsecretsecret1",
            b"abcdefghijklmnopqrstuvwxyz012345",
            &[1, 2, 3, 4, 5, 200, 7].repeat(5),
            &[0xde, 0xad, 0xbe, 0xef].repeat(8),
            &sequence,
            &backwards,
        ] {
            for spelling in spellings(bytes) {
                assert!(
                    weakness(&spelling).is_some(),
                    "{}",
                    String::from_utf8_lossy(&spelling)
                );
            }
        }
        // Long ones, too, and at once.
        for secret in [vec![0; 1 << 20], b"secret ".repeat(100_000)] {
            assert!(weakness(&secret).is_some());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// No false alarm: what generators make starts, in each spelling.
        #[test]
        fn s9_random_keys_start(
            bytes: [u8; 33],
            short: [u8; 24],
            letters in "[A-Za-z0-9]{32}",
            marks in "[!-~]{32}",
            small in "[a-z0-9]{40}",
            digits in "[0-9]{40}",
        ) {
            for bytes in [&bytes[..], &bytes[..32], &[bytes, bytes.map(|byte| byte.wrapping_mul(181))].concat()] {
                for spelling in spellings(bytes) {
                    prop_assert_eq!(weakness(&spelling), None, "{}", String::from_utf8_lossy(&spelling));
                }
            }
            // 24 bytes are 32 digits of base64, 16 are 32 of hex, and 36 letters as a UUID.
            prop_assert_eq!(weakness(base64::encode(&short)), None);
            let hex = spellings(&short[..16]).swap_remove(6);
            prop_assert_eq!(weakness(&hex), None);
            let uuid: Vec<u8> = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join(&b'-');
            prop_assert_eq!(weakness(&uuid), None);
            for text in [letters, marks, small, digits] {
                prop_assert_eq!(weakness(&text), None, "{}", text);
            }
        }

        /// A short word or pattern, repeated, with something behind it and in front.
        #[test]
        fn s9_patterns_do_not_start(
            pattern in "[!-~]{1,10}",
            front in "[0-9]{0,2}",
            behind in "[0-9!]{0,3}",
            mark in "[ _.-]{0,1}",
        ) {
            let repeated = format!("{front}{}{behind}", format!("{pattern}{mark}").repeat(60));
            prop_assert!(weakness(&repeated[..40]).is_some(), "{}", &repeated[..40]);
            prop_assert!(weakness(&repeated).is_some(), "{}", repeated);
            let decoded = base64::encode(&repeated.as_bytes()[..48]);
            prop_assert!(weakness(&decoded).is_some(), "{}", decoded);
        }

        #[test]
        fn decoded_byte_by_byte_is_decoded(bytes in prop::collection::vec(any::<u8>(), 32..80)) {
            let plain: Vec<u8> = bytes.to_ascii_lowercase();
            let all = |text: Text<'_>| (0..text.len()).map(|at| text.at(at)).collect::<Vec<_>>();
            prop_assert_eq!(&all(Text { bytes: &bytes, form: Form::Plain }), &plain);
            for (at, spelling) in spellings(&bytes).iter().enumerate() {
                match at {
                    1 | 7 => {}
                    5 | 6 => prop_assert_eq!(&all(Text::hex(spelling).unwrap()), &bytes),
                    _ => prop_assert_eq!(&all(Text::base64(spelling).unwrap()), &bytes),
                }
            }
        }
    }

    #[test]
    fn words_stand_at_their_letters() {
        for (letter, words) in (b'a'..).zip(WORDS) {
            let words: Vec<&str> = words.split(' ').filter(|word| !word.is_empty()).collect();
            assert!(words.is_sorted(), "{words:?}");
            for word in words {
                assert!(word.len() > 1 && word.as_bytes()[0] == letter, "{word}");
                assert!(word.bytes().all(|byte| byte.is_ascii_lowercase()), "{word}");
            }
        }
    }
}
