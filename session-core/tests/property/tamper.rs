//! Any change of a valid cookie is refused before anything is parsed, unless the result is equal to
//! a valid cookie: no session has two texts. In Flask's format the text between quotes is compared.

use std::sync::LazyLock;

use session_core::{Error, Rejected, Session, Sessions};

use super::{ENCRYPTED, FLASK, Input, OURS, assert_nothing, naive, request};

/// Valid cookies of one format.
struct Good {
    sessions: &'static Sessions,
    values: Vec<Vec<u8>>,
}

static GOOD: LazyLock<[Good; 3]> = LazyLock::new(|| [good(&OURS), good(&FLASK), good(&ENCRYPTED)]);

type Fill = fn(&Session) -> Result<(), Error>;

/// Empty, small, with a flash, with times, and compressed.
fn good(sessions: &'static Sessions) -> Good {
    let fill: [Fill; 5] = [
        |_| Ok(()),
        |session| session.insert("a", 1),
        |session| {
            session
                .insert("user", "ada")
                .and_then(|()| session.flash("Saved", "info"))
        },
        |session| {
            session
                .set_permanent(true)
                .and_then(|()| session.log_in("ada"))
        },
        |session| session.insert("long", "ab".repeat(2000)),
    ];
    // The longest does not fit in a format without compression.
    let requests = fill
        .into_iter()
        .flat_map(|fill| session_core::testing::request(sessions, fill));
    let start = sessions.cookie_name().len() + 1;
    let values = requests
        .map(|request| request["cookie"].as_bytes()[start..].to_vec())
        .collect();
    Good { sessions, values }
}

/// The first two bytes choose a cookie and another of its format; each five bytes that follow are a
/// change.
pub fn check(data: &[u8]) {
    let mut input = Input(data);
    let choice = input.byte();
    let Good { sessions, values } = &GOOD[usize::from(choice & 15) % GOOD.len()];
    let other = &values[usize::from(input.byte()) % values.len()];
    let mut value = values[usize::from(choice >> 4) % values.len()].clone();
    while !input.0.is_empty() && value.len() < 20_000 {
        let [kind, high, low, first, second] = input.bytes();
        let place = |length: usize| usize::from(u16::from_be_bytes([high, low])) % (length + 1);
        let at = place(value.len());
        let end = (at + usize::from(first)).min(value.len());
        match kind % 8 {
            0 => value[at..]
                .iter_mut()
                .take(1)
                .for_each(|byte| *byte ^= 1 << (first % 8)),
            1 => value[at..]
                .iter_mut()
                .take(1)
                .for_each(|byte| *byte = first),
            2 => value.insert(at, first),
            3 => drop(value.drain(at..end)),
            4 => value.truncate(at),
            5 => value.extend_from_within(at..end),
            // The front of this cookie and the rest of the other, cut at any two places.
            6 => value
                .splice(at.., other[place(other.len())..].iter().copied())
                .for_each(drop),
            _ => {
                let from = (usize::from(second) * 16).min(other.len());
                value
                    .splice(
                        at..end,
                        other[from..].iter().take(usize::from(first)).copied(),
                    )
                    .for_each(drop);
            }
        }
    }
    let Some(request) = request(sessions.cookie_name(), &value) else {
        return;
    };
    let session = sessions.open(&request);
    if sessions.is_flask() {
        value = naive::cookie::unquoted(&value);
    }
    if values.contains(&value) {
        assert_eq!(session.rejected(), None);
        return;
    }
    let reason = session.rejected();
    // Flask treats an empty cookie as absent.
    let none = value.is_empty() && sessions.is_flask();
    let early = matches!(
        reason,
        Some(Rejected::Malformed | Rejected::TooLong | Rejected::BadSignature)
    );
    assert!(
        if none { reason.is_none() } else { early },
        "{reason:?}: {}",
        value.escape_ascii()
    );
    assert_nothing(&session);
}
