//! The times and the other facts of a cookie, except for its payload.

use time::OffsetDateTime;

use crate::inspect::{Parts, STAMP_BYTES};

pub(crate) fn number(bytes: &[u8]) -> u64 {
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
    pub(crate) fn ours(stamp: &[u8; STAMP_BYTES]) -> Option<Self> {
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
    let is_id = parts.record().is_some();
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
            let format = if is_id { "stored id" } else { "ours" };
            facts.push(("format", format.to_owned()));
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
    if !is_id {
        facts.push(("compressed", yes(parts.is_compressed())));
    }
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

/// Returns a time as `2023-11-14 22:13`, for a table.
pub(crate) fn minute(unix: u64) -> String {
    let date = date(unix);
    match date.strip_suffix(&format!(" UTC ({unix})")) {
        // Without the seconds.
        Some(date) => date.get(..date.len() - 3).unwrap_or(date).to_owned(),
        None => date,
    }
}
