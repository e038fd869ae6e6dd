//! Takes a cookie apart without a key. Nothing here verifies anything.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::OffsetDateTime;

use crate::json;

/// The largest payload that is inflated, in bytes.
pub(crate) const LARGEST: usize = 4 << 20;
/// Our stamp: 18 bytes, in base64url 24 characters.
const STAMP_CHARS: usize = 24;
const STAMP_BYTES: usize = 18;

/// A pasted cookie: a value, or `name=value`, with whitespace and quotes around it.
pub(crate) struct Pasted {
    pub(crate) name: Option<String>,
    pub(crate) value: String,
}

impl Pasted {
    pub(crate) fn new(item: &[u8]) -> Self {
        let text = String::from_utf8_lossy(item);
        let bare = |text: &str| text.trim().trim_matches('"').trim().to_owned();
        let text = bare(&text);
        match text.split_once('=') {
            Some((name, value)) if is_name(name) && is_value(value) => Self {
                name: Some(name.to_owned()),
                value: bare(value),
            },
            _ => Self {
                name: None,
                value: text,
            },
        }
    }
}

/// Whether this is a token (RFC 9110). Text with two dots is more likely a cookie padded with `=`.
fn is_name(text: &str) -> bool {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(token) && text.matches('.').count() < 2
}

/// Whether this can be a value, and not the rest of a padded payload.
fn is_value(text: &str) -> bool {
    let without_payload = text.starts_with('.') && text.matches('.').count() < 3;
    !text.starts_with('=') && !without_payload
}

/// The parts of `payload.stamp.signature`, still in base64url.
pub(crate) struct Parts<'a> {
    payload: &'a str,
    stamp: &'a str,
    pub(crate) signature: &'a str,
}

impl<'a> Parts<'a> {
    pub(crate) fn of(value: &'a str) -> Result<Self, String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if value.is_empty() {
            return Err("it is empty".to_owned());
        }
        if let Some((at, c)) = value.chars().enumerate().find(|(_, c)| !allowed(*c)) {
            let hint = match c {
                ';' | ' ' | ',' => "; give one cookie, without the rest of its header",
                _ => "",
            };
            return Err(format!(
                "{c:?} at offset {at} is not in base64url's alphabet{hint}"
            ));
        }
        let mut parts = value.rsplitn(3, '.');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(signature), Some(stamp), Some(payload)) => Ok(Self {
                payload,
                stamp,
                signature,
            }),
            _ => Err(
                "expected payload.time.signature, and there are fewer than two dots; it may be cut"
                    .to_owned(),
            ),
        }
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.stamp.len() == STAMP_CHARS
    }

    pub(crate) fn is_compressed(&self) -> bool {
        self.payload.starts_with('.')
    }

    /// Returns the payload as JSON on one line.
    pub(crate) fn json(&self) -> Result<String, String> {
        let bytes = match self.payload.strip_prefix('.') {
            None => decode("payload", self.payload)?,
            Some(stream) => inflate(&decode("payload", stream)?)?,
        };
        if bytes.len() > LARGEST {
            return Err(too_large());
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            format!(
                "the payload is not UTF-8 from offset {} on",
                error.utf8_error().valid_up_to()
            )
        })?;
        json::compact(&text).map_err(|reason| format!("the payload is {reason}"))
    }

    /// Returns the cookie's times.
    pub(crate) fn times(&self) -> Result<Times, String> {
        let bytes = decode("time", self.stamp)?;
        if let Ok(stamp) = <&[u8; STAMP_BYTES]>::try_from(&bytes[..]) {
            return Times::ours(stamp).ok_or_else(|| {
                "its stamp has flags or times that no version of this library writes".to_owned()
            });
        }
        if bytes.len() > 8 {
            return Err(format!(
                "its time has {} characters: Flask's has at most 11, our stamp {STAMP_CHARS}; it may be cut",
                self.stamp.len()
            ));
        }
        Ok(Times::Flask {
            signed: number(&bytes),
        })
    }
}

fn decode(part: &str, text: &str) -> Result<Vec<u8>, String> {
    match URL_SAFE_NO_PAD.decode(text) {
        Ok(bytes) => Ok(bytes),
        Err(_) => Err(format!(
            "its {part} is not base64url: no bytes have this text of {} characters; it may be cut",
            text.len()
        )),
    }
}

fn inflate(stream: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let most = u64::try_from(LARGEST).unwrap_or(u64::MAX).saturating_add(1);
    let mut decoder = flate2::read::ZlibDecoder::new(stream).take(most);
    match decoder.read_to_end(&mut out) {
        Ok(_) => Ok(out),
        Err(_) => Err(format!(
            "its payload is not a zlib stream, or it is cut: {} bytes were inflated",
            out.len()
        )),
    }
}

fn too_large() -> String {
    format!("its payload is larger than {} MiB", LARGEST >> 20)
}

fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The times of a cookie, in unix seconds.
pub(crate) enum Times {
    Flask {
        signed: u64,
    },
    Ours {
        issued: u64,
        created: u64,
        authenticated: Option<u64>,
        permanent: bool,
        epoch: u64,
    },
}

impl Times {
    /// Reads a stamp, by the layout in session-core's `token/stamp.rs`: flags (1 byte), issued (5),
    /// issued - created (4), issued - authenticated (4, all ones: never), epochs (2 and 2).
    fn ours(stamp: &[u8; STAMP_BYTES]) -> Option<Self> {
        let issued = number(&stamp[1..6]);
        let before = |bytes| issued.checked_sub(number(bytes));
        let never = stamp[10..14] == [0xff; 4];
        (stamp[0] <= 1).then_some(())?;
        Some(Self::Ours {
            issued,
            created: before(&stamp[6..10])?,
            authenticated: if never {
                None
            } else {
                Some(before(&stamp[10..14])?)
            },
            permanent: stamp[0] == 1,
            epoch: number(&stamp[14..18]),
        })
    }

    /// Returns the time at which the cookie was written.
    pub(crate) fn written(&self) -> u64 {
        match self {
            Self::Flask { signed } => *signed,
            Self::Ours { issued, .. } => *issued,
        }
    }
}

/// Pairs of a name and a value.
pub(crate) type Facts = Vec<(&'static str, String)>;

/// Returns all that a cookie says, except for its payload.
pub(crate) fn facts(parts: &Parts<'_>, times: &Times, size: usize) -> Facts {
    let yes = |yes| if yes { "yes" } else { "no" }.to_owned();
    let mut facts = Vec::new();
    match times {
        Times::Flask { signed } => {
            facts.push(("format", "flask".to_owned()));
            facts.push(("signed", date(*signed)));
        }
        Times::Ours {
            issued,
            created,
            authenticated,
            permanent,
            epoch,
        } => {
            facts.push(("format", "ours".to_owned()));
            facts.push(("issued", date(*issued)));
            facts.push(("created", date(*created)));
            facts.push((
                "authenticated",
                authenticated.map_or_else(|| "never".to_owned(), date),
            ));
            facts.push(("permanent", yes(*permanent)));
            facts.push(("epoch", epoch.to_string()));
        }
    }
    facts.push(("compressed", yes(parts.is_compressed())));
    facts.push(("size", format!("{size} bytes")));
    let length = parts.signature.len();
    let digest = digest_of(length).unwrap_or("of no known digest; the cookie may be cut");
    facts.push(("signature", format!("{length} characters, {digest}")));
    facts.push(("verified", "no".to_owned()));
    facts
}

/// Returns the digest whose signatures have this length in base64url.
pub(crate) fn digest_of(length: usize) -> Option<&'static str> {
    match length {
        27 => Some("sha1"),
        43 => Some("sha256"),
        86 => Some("sha512"),
        _ => None,
    }
}

/// Returns a time as `2023-11-14 22:13:20 UTC (1700000000)`.
pub(crate) fn date(unix: u64) -> String {
    let then = i64::try_from(unix)
        .ok()
        .and_then(|unix| OffsetDateTime::from_unix_timestamp(unix).ok());
    let Some(then) = then else {
        return format!("after the year 9999 ({unix})");
    };
    let (year, month, day) = then.to_calendar_date();
    let (hour, minute, second) = then.to_hms();
    let month = u8::from(month);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC ({unix})")
}
