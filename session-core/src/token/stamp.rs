//! The stamp: a session's times and flags. It is under the signature, beside the content and out of the application's reach.
//!
//! ```text
//! stamp, 18 bytes, all numbers big-endian; in base64url 24 characters
//!
//!  0        1        6                    10                        14                 16           18
//!  +--------+--------+--------------------+-------------------------+------------------+------------+
//!  | flags  | issued | issued - created   | issued - authenticated  | epoch of the     | epoch of   |
//!  | u8     | u40    | u32                | u32; all ones: never    | application u16  | the user   |
//!  +--------+--------+--------------------+-------------------------+------------------+------------+
//!
//! flags   bit 0: permanent; the others are 0
//! issued  when this text was written, in seconds since 1970
//! ```

/// A session's times, in seconds since 1970, and its flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stamp {
    pub(crate) permanent: bool,
    pub(crate) issued: u64,
    pub(crate) created: u64,
    pub(crate) authenticated: Option<u64>,
    pub(crate) epoch: Epoch,
}

/// Two counters, the application's and the user's. A session whose epoch is lower than the required one is revoked. Zero
/// until the application raises it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Epoch {
    pub(crate) application: u16,
    pub(crate) user: u16,
}

impl Epoch {
    pub(crate) fn encode(self) -> [u8; 4] {
        let ([a, b], [c, d]) = (self.application.to_be_bytes(), self.user.to_be_bytes());
        [a, b, c, d]
    }

    pub(crate) fn decode([a, b, c, d]: [u8; 4]) -> Self {
        Self {
            application: u16::from_be_bytes([a, b]),
            user: u16::from_be_bytes([c, d]),
        }
    }
}

/// Bytes of a stamp.
pub(crate) const BYTES: usize = 18;
/// Characters of a stamp in base64url.
pub(crate) const DIGITS: usize = 24;

const NEVER: u32 = u32::MAX;
/// The longest difference of two times, 136 years: one below [`NEVER`].
const LONGEST: u32 = NEVER - 1;
/// The last second that 40 bits hold, in the year 36812.
const LAST: u64 = (1 << 40) - 1;

impl Stamp {
    pub(crate) fn encode(&self) -> [u8; BYTES] {
        let issued = self.issued.min(LAST);
        let created = seconds_between(self.created, issued);
        let authenticated = match self.authenticated {
            Some(then) => seconds_between(then, issued),
            None => NEVER,
        };
        let mut bytes = [0; BYTES];
        bytes[0] = u8::from(self.permanent);
        bytes[1..6].copy_from_slice(&issued.to_be_bytes()[3..]);
        bytes[6..10].copy_from_slice(&created.to_be_bytes());
        bytes[10..14].copy_from_slice(&authenticated.to_be_bytes());
        bytes[14..].copy_from_slice(&self.epoch.encode());
        bytes
    }

    /// Reads a stamp; `None` for unknown flags and for times before 1970.
    pub(crate) fn decode(bytes: [u8; BYTES]) -> Option<Self> {
        let [flags, i0, i1, i2, i3, i4, .., e0, e1, e2, e3] = bytes;
        let number = |at: usize| {
            u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let issued = u64::from_be_bytes([0, 0, 0, i0, i1, i2, i3, i4]);
        let created = issued.checked_sub(number(6).into())?;
        let authenticated = match number(10) {
            NEVER => None,
            ago => Some(issued.checked_sub(ago.into())?),
        };
        // An unknown flag may be a newer release's, so the session cannot be understood.
        let permanent = match flags {
            0 => false,
            1 => true,
            _ => return None,
        };
        Some(Self {
            permanent,
            issued,
            created,
            authenticated,
            epoch: Epoch::decode([e0, e1, e2, e3]),
        })
    }
}

/// Returns how long one time is before another, as a stamp holds it.
fn seconds_between(time: u64, later: u64) -> u32 {
    let seconds = u32::try_from(later.saturating_sub(time));
    seconds.unwrap_or(LONGEST).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn stamps_survive(permanent: bool, issued in 0..=LAST, age in 0..u32::MAX - 1, auth in proptest::option::of(0..u32::MAX - 1), epoch: [u8; 4]) {
            let before = |age: u32| issued.saturating_sub(age.into());
            let stamp = Stamp { permanent, issued, created: before(age), authenticated: auth.map(before), epoch: Epoch::decode(epoch) };
            prop_assert_eq!(Stamp::decode(stamp.encode()), Some(stamp));
        }

        #[test]
        fn one_text_for_one_stamp(bytes: [u8; BYTES]) {
            if let Some(stamp) = Stamp::decode(bytes) {
                // The largest difference is one below "never".
                prop_assert!(stamp.encode() == bytes || bytes[6..10] == [255; 4]);
            }
        }
    }

    #[test]
    fn what_is_no_stamp() {
        assert_eq!(Stamp::decode([2; 18]), None);
        let mut before_1970 = [0; 18];
        before_1970[9] = 1;
        assert_eq!(Stamp::decode(before_1970), None);
    }

    #[test]
    fn extremes_saturate() {
        let stamp = Stamp {
            permanent: false,
            issued: u64::MAX,
            created: 0,
            authenticated: Some(0),
            epoch: Epoch {
                application: 1,
                user: 7,
            },
        };
        let read = Stamp::decode(stamp.encode()).unwrap();
        assert_eq!(
            (read.issued, read.epoch),
            (
                LAST,
                Epoch {
                    application: 1,
                    user: 7
                }
            )
        );
        assert!(read.authenticated.is_some());
    }
}
