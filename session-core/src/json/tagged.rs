//! Flask's types that JSON has none for: tuples, bytes, `Markup`, UUIDs and datetimes.
//!
//! Flask tells them apart by tags (`flask.json.tag`). A wrapper of this module writes the tag, and reads nothing without
//! it. A plain Rust type reads the value under a tag: `Vec<i64>` a tuple of integers, `String` a `Markup`, a UUID's text with
//! dashes, or a datetime's HTTP date. `serde_bytes` and other users of serde's byte methods read and write Flask's bytes.
//!
//! # Where serde loses the tag
//!
//! A wrapper is read straight from a session, at any depth of structs, lists, maps, `Option`s and enums. Where serde puts a
//! value into a buffer before it knows its type, the tag is lost, and a `Markup` could no longer be told from text that a user
//! typed. There a wrapper is an error, never a guess. serde buffers for `#[serde(flatten)]`, `#[serde(untagged)]`,
//! `#[serde(tag = "..")]` (with `content` where the content's key comes first), and for a `serde_json::Value` that is read
//! first. So `#[serde(untagged)] enum Note { Html(Markup), Text(String) }` always reads `Text`. Instead give the field its own
//! name in the struct, take an enum as serde writes it without attributes, or read twice:
//!
//! ```
//! # use session_core::{Error, Session, Sessions};
//! # use session_core::tagged::Markup;
//! # let session = Sessions::flask("dev").unwrap().open(&http::HeaderMap::new());
//! fn html(session: &Session, escape: fn(&str) -> String) -> Result<Option<String>, Error> {
//!     if let Ok(note) = session.get::<Markup>("note") {
//!         return Ok(note.map(|note| note.as_str().to_owned()));
//!     }
//!     Ok(session.get::<String>("note")?.map(|text| escape(&text)))
//! }
//! # session.insert("note", "<script>").unwrap();
//! # assert_eq!(html(&session, |text| text.replace('<', "&lt;")).unwrap().unwrap(), "&lt;script>");
//! # session.insert("note", Markup::new("<b>")).unwrap();
//! # assert_eq!(html(&session, |_| unreachable!()).unwrap().unwrap(), "<b>");
//! ```
//!
//! Plain types read the value under the tag from a buffer, too. Bytes are their base64 text there, also for `serde_bytes`.
//!
//! Writing into a session preserves the tag through all of these. Other formats, such as `serde_json`, write the value without
//! its tag and cannot read a wrapper: `serde_json::to_value(Markup::new("<b>"))` is the string `"<b>"`, and if that is inserted
//! into a session, it is a string there.
//!
//! # Example
//!
//! ```
//! use session_core::Sessions;
//! use session_core::tagged::{Markup, Tuple};
//!
//! # fn main() -> Result<(), session_core::Error> {
//! let session = Sessions::flask("a Flask application's SECRET_KEY").unwrap().open(&http::HeaderMap::new());
//! session.insert("pair", Tuple((1, "x")))?; // Python: session["pair"] = (1, "x")
//! session.insert("note", Markup::new("<b>hi</b>"))?; // Python: session["note"] = Markup("<b>hi</b>")
//!
//! assert_eq!(session.get::<Tuple<(i64, String)>>("pair")?, Some(Tuple((1, "x".into()))));
//! assert_eq!(session.get::<(i64, String)>("pair")?, Some((1, "x".into())));
//! assert_eq!(session.get::<String>("note")?.as_deref(), Some("<b>hi</b>"));
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::marker::PhantomData;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::{self, Deserialize, Deserializer, EnumAccess, VariantAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use time::{Date, Month, OffsetDateTime};

use crate::json::tag::Tag;
use crate::padded_base64;

/// Reads the value under `tag`.
///
/// Asks for a newtype with the tag's key as name. The session's reader knows that name, and answers with an enum whose variant
/// is the tag. That proves the tag: serde's buffers and other formats answer any name with `visit_newtype_struct`, whatever
/// they hold, and a buffer cannot hold an enum. So only `visit_enum` is accepted.
fn untag<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    tag: Tag,
    deserializer: D,
) -> Result<T, D::Error> {
    struct Inner<T>(Tag, PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Inner<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(
                f,
                "one with Flask's tag {:?}, read straight from a session: where serde buffers (flatten, untagged and \
                 internally tagged enums) tags are lost",
                self.0.key()
            )
        }
        fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<T, A::Error> {
            let (found, content) = tagged.variant::<&str>()?;
            if found != self.0.key() {
                return Err(de::Error::invalid_type(de::Unexpected::Enum, &self));
            }
            content.newtype_variant()
        }
    }
    deserializer.deserialize_newtype_struct(tag.key(), Inner(tag, PhantomData))
}

/// The error of a text that Flask would not have written under its tag.
fn malformed<E: de::Error>(text: &str, expected: &str) -> E {
    E::invalid_value(de::Unexpected::Str(text), &expected)
}

/// A Python tuple: of a Rust tuple, an array or a `Vec`. Tag ` t`.
///
/// ```
/// use session_core::tagged::Tuple;
///
/// assert_eq!(serde_json::to_string(&Tuple((1, 2))).unwrap(), "[1,2]"); // outside a session no tag is written
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tuple<T>(pub T);

impl<T: Serialize> Serialize for Tuple<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(Tag::Tuple.key(), &self.0)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Tuple<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        untag(Tag::Tuple, deserializer).map(Self)
    }
}

/// Python's `bytes`. Tag ` b`: standard base64 with padding.
///
/// ```
/// use session_core::tagged::Bytes;
///
/// assert_eq!(Bytes::new([0xff, 0xfe]).as_slice(), [0xff, 0xfe]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(Vec<u8>);

impl Bytes {
    /// Wraps bytes.
    ///
    /// ```
    /// # use session_core::{Sessions, tagged::Bytes};
    /// # let session = Sessions::flask("dev").unwrap().open(&http::HeaderMap::new());
    /// session.insert("token", Bytes::new([1, 2, 3])).unwrap(); // Python: session["token"] = b"\x01\x02\x03"
    /// assert_eq!(session.payload(), r#"{"token":{" b":"AQID"}}"#);
    /// ```
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Returns the bytes.
    ///
    /// ```
    /// # use session_core::{Sessions, tagged::Bytes};
    /// # let session = Sessions::flask("dev").unwrap().open(&http::HeaderMap::new());
    /// session.insert("token", Bytes::new("abc")).unwrap();
    /// assert_eq!(session.get::<Bytes>("token").unwrap().unwrap().as_slice(), b"abc");
    /// ```
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// Returns the bytes, owned.
    ///
    /// ```
    /// # use session_core::tagged::Bytes;
    /// assert_eq!(Bytes::new("abc").into_vec(), vec![b'a', b'b', b'c']);
    /// ```
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text: String = untag(Tag::Bytes, deserializer)?;
        match padded_base64::decode(&text) {
            Some(bytes) => Ok(Self(bytes)),
            None => Err(malformed(&text, "standard base64 with padding")),
        }
    }
}

/// `markupsafe.Markup`: text that is HTML and must not be escaped again. Tag ` m`.
///
/// Never read from a plain string, which a user may have typed.
///
/// ```
/// use session_core::tagged::Markup;
///
/// assert_eq!(Markup::new("<b>").as_str(), "<b>");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Markup(String);

impl Markup {
    /// Wraps HTML, which must be safe to show.
    ///
    /// ```
    /// # use session_core::{Sessions, tagged::Markup};
    /// # let session = Sessions::flask("dev").unwrap().open(&http::HeaderMap::new());
    /// session.insert("note", Markup::new("<b>hi</b>")).unwrap();
    /// assert_eq!(session.payload(), r#"{"note":{" m":"<b>hi</b>"}}"#);
    /// ```
    pub fn new(html: impl Into<String>) -> Self {
        Self(html.into())
    }

    /// Returns the HTML.
    ///
    /// ```
    /// # use session_core::{Sessions, tagged::Markup};
    /// # let session = Sessions::flask("dev").unwrap().open(&http::HeaderMap::new());
    /// session.insert("note", Markup::new("<b>hi</b>")).unwrap();
    /// assert_eq!(session.get::<Markup>("note").unwrap().unwrap().as_str(), "<b>hi</b>");
    /// session.insert("typed", "<script>").unwrap();
    /// assert!(session.get::<Markup>("typed").is_err());
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Markup {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(Tag::Markup.key(), &self.0)
    }
}

impl<'de> Deserialize<'de> for Markup {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        untag(Tag::Markup, deserializer).map(Self)
    }
}

/// Python's `uuid.UUID`. Tag ` u`: 32 hex digits in lower case.
///
/// Holds the 16 bytes, so that it fits any UUID crate: `Uuid(id.into_bytes())`, `uuid::Uuid::from_bytes(it.0)`.
///
/// ```
/// use session_core::tagged::Uuid;
///
/// assert_eq!(Uuid([0x12; 16]).to_string(), "12121212-1212-1212-1212-121212121212");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// Reads exactly what Flask writes under the tag.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_lower_hex = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 32 || !text.bytes().all(is_lower_hex) {
            return None;
        }
        // Alone it would take a sign and upper case.
        let bits = u128::from_str_radix(text, 16).ok()?;
        Some(Self(bits.to_be_bytes()))
    }

    fn hex(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Display for Uuid {
    /// Writes hex digits in groups: 8-4-4-4-12.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = self.hex();
        let groups = [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ];
        f.write_str(&groups.join("-"))
    }
}

impl Serialize for Uuid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(Tag::Uuid.key(), &self.hex())
    }
}

impl<'de> Deserialize<'de> for Uuid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text: String = untag(Tag::Uuid, deserializer)?;
        match Self::parse(&text) {
            Some(uuid) => Ok(uuid),
            None => Err(malformed(&text, "32 hex digits in lower case")),
        }
    }
}

/// Python's `datetime`, as Flask stores it: whole seconds, UTC. Tag ` d`: an HTTP date (RFC 9110, IMF-fixdate).
///
/// From year 1 to 9999. Flask loses microseconds and offset in its session, and reads years below 100 as 19xx or 20xx.
///
/// ```
/// use session_core::tagged::DateTime;
///
/// let then = DateTime::from_unix(1_577_934_245).unwrap();
/// assert_eq!(then.to_string(), "Thu, 02 Jan 2020 03:04:05 GMT");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(OffsetDateTime);

/// The first second of year 1 and the last of year 9999: what Python's `datetime` holds.
const FIRST: i64 = -62_135_596_800;
const LAST: i64 = 253_402_300_799;

impl DateTime {
    /// Returns the time that is this number of seconds after 1970, or before it if negative; `None` outside the years 1 to 9999.
    ///
    /// ```
    /// # use session_core::tagged::DateTime;
    /// assert_eq!(DateTime::from_unix(-1).unwrap().to_string(), "Wed, 31 Dec 1969 23:59:59 GMT");
    /// assert_eq!(DateTime::from_unix(253_402_300_800), None); // year 10000
    /// ```
    #[must_use]
    pub fn from_unix(seconds: i64) -> Option<Self> {
        let then = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
        // With its feature `large-dates`, `time` goes further.
        (FIRST..=LAST).contains(&seconds).then_some(Self(then))
    }

    /// Returns the seconds after 1970.
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// # use session_core::tagged::DateTime;
    /// let then = DateTime::from(UNIX_EPOCH + Duration::from_millis(1_700_000_000_999));
    /// assert_eq!(then.unix(), 1_700_000_000);
    /// ```
    #[must_use]
    pub fn unix(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// Reads exactly what [`Display`](fmt::Display) writes: `Thu, 02 Jan 2020 03:04:05 GMT`.
    fn parse(text: &str) -> Option<Self> {
        let month = MONTHS
            .iter()
            .position(|month| text.get(8..11) == Some(month))?;
        let month = Month::try_from(u8::try_from(month + 1).ok()?).ok()?;
        let year = number(text.get(12..16)?)?;
        let day = byte(text.get(5..7)?)?;
        let date = Date::from_calendar_date(i32::from(year), month, day).ok()?;
        let (hour, minute) = (byte(text.get(17..19)?)?, byte(text.get(20..22)?)?);
        let time = date.with_hms(hour, minute, byte(text.get(23..25)?)?).ok()?;
        let then = Self(time.assume_utc());
        // Writing it again checks the weekday and everything between the numbers.
        (year >= 1 && then.to_string() == text).then_some(then)
    }
}

/// Reads digits; a sign, which `parse` would take, is none.
fn number(digits: &str) -> Option<u16> {
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

/// As [`number`], of two digits.
fn byte(digits: &str) -> Option<u8> {
    u8::try_from(number(digits)?).ok()
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = DAYS[usize::from(self.0.weekday().number_days_from_monday())];
        let month = MONTHS[usize::from(u8::from(self.0.month())) - 1];
        let (hour, minute, second) = self.0.to_hms();
        write!(
            f,
            "{day}, {:02} {month} {:04} {hour:02}:{minute:02}:{second:02} GMT",
            self.0.day(),
            self.0.year()
        )
    }
}

impl From<SystemTime> for DateTime {
    /// Truncates to the second. Times outside the years 1 to 9999 become the nearest one inside.
    fn from(time: SystemTime) -> Self {
        let seconds = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
            Err(before) => {
                let before = before.duration();
                // Towards the past, as after 1970.
                let whole = before.as_secs() + u64::from(before.subsec_nanos() > 0);
                -i64::try_from(whole).unwrap_or(i64::MAX)
            }
        };
        Self(
            OffsetDateTime::from_unix_timestamp(seconds.clamp(FIRST, LAST))
                .unwrap_or(OffsetDateTime::UNIX_EPOCH),
        )
    }
}

impl From<DateTime> for SystemTime {
    /// Returns 1970 where the platform's clock does not reach that far.
    fn from(then: DateTime) -> Self {
        let distance = Duration::from_secs(then.unix().unsigned_abs());
        let time = if then.unix() < 0 {
            UNIX_EPOCH.checked_sub(distance)
        } else {
            UNIX_EPOCH.checked_add(distance)
        };
        time.unwrap_or(UNIX_EPOCH)
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(Tag::DateTime.key(), &self.to_string())
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text: String = untag(Tag::DateTime, deserializer)?;
        match Self::parse(&text) {
            Some(then) => Ok(then),
            None => Err(malformed(&text, "an HTTP date, as Flask writes it")),
        }
    }
}
