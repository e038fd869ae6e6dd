//! The runbooks of `docs/rotation.md`, as steps for each mode.

mod steps;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use session_axum::SecretKey;
use session_axum::session_core::{Builder, Config, KeyRing, Prefix, PreviousCookie, Refresh};
pub use steps::a_key_ages_in_haste;
use steps::*;

pub const START: u64 = 1_700_000_000;
pub const IDLE: u64 = 10_000;

const OLD: &str = "u9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx1pQyVb8Rr4c";
const NEW: &str = "1pQyVb8Rr4cu9jZvX3nFqfB4mS0nXn9S5q7x3wTt2Kx";

/// How sessions are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Signed,
    Encrypted,
    Flask,
    /// In a store.
    Plain,
    EncryptedRecords,
}

impl Mode {
    pub const ALL: [Self; 5] = [
        Self::Signed,
        Self::Encrypted,
        Self::Flask,
        Self::Plain,
        Self::EncryptedRecords,
    ];
}

/// A section of `docs/rotation.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runbook {
    AKeyThatAges,
    AKeyThatLeaked,
    OneUser,
    FromSignedToEncrypted,
    ANewName,
}

impl Runbook {
    pub const ALL: [Self; 5] = [
        Self::AKeyThatAges,
        Self::AKeyThatLeaked,
        Self::OneUser,
        Self::FromSignedToEncrypted,
        Self::ANewName,
    ];

    pub fn heading(self) -> &'static str {
        match self {
            Self::AKeyThatAges => "A key that ages",
            Self::AKeyThatLeaked => "A key that leaked",
            Self::OneUser => "One user",
            Self::FromSignedToEncrypted => "From signed to encrypted",
            Self::ANewName => "A new name for the cookie",
        }
    }
}

/// A step that is done to one server after the other.
pub enum Step {
    /// It is started anew.
    Restart(fn(Mode) -> Builder),
    /// It goes on with other keys.
    Ring(fn(Mode) -> KeyRing),
    /// The first user's epoch is counted up in the application's table.
    CountUp,
    /// The first user's sessions are ended in the store.
    EndAll,
}

/// The users who have to log in again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    Nobody,
    Everybody,
    TheFirstUser,
}

impl Ends {
    /// Whether this browser's user has to.
    pub fn whose(self, number: usize) -> bool {
        match self {
            Self::Nobody => false,
            Self::Everybody => true,
            Self::TheFirstUser => number == 0,
        }
    }
}

/// A runbook in one mode.
pub enum Plan {
    /// How the servers start, and the steps. In the end `cookies` holds for each cookie.
    Steps {
        way: &'static str,
        steps: Vec<Step>,
        ends: Ends,
        cookies: fn(&str) -> bool,
    },
    /// The mode has no place for it, and says so at start, by the setting's name.
    Refused {
        configure: fn(Mode) -> Builder,
        setting: &'static str,
    },
}

fn key(text: &str) -> SecretKey {
    SecretKey::new(text).unwrap()
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// When windows end.
fn later() -> SystemTime {
    at(START + 5 * IDLE)
}

/// Configured by data, as by the environment.
fn by_data(mode: Mode, settings: &str) -> Builder {
    let config: Config = serde_json::from_str(&format!("{{{settings}}}")).unwrap();
    let builder = match mode {
        Mode::Flask => config.flask_builder().unwrap().refresh(Refresh::AfterTenth),
        _ => config.builder().unwrap(),
    };
    let builder = builder.idle_lifetime(Duration::from_secs(IDLE));
    if matches!(mode, Mode::Encrypted | Mode::EncryptedRecords) {
        builder.encrypted()
    } else {
        builder
    }
}

fn plain(mode: Mode) -> Builder {
    by_data(mode, &format!(r#""SECRET_KEY": "{OLD}""#))
}

/// Signed cookies or plain records, whatever becomes of them.
fn signed(_: Mode) -> Builder {
    by_data(Mode::Signed, &format!(r#""SECRET_KEY": "{OLD}""#))
}

fn ring(mode: Mode, signs: &str) -> KeyRing {
    if mode == Mode::Flask {
        KeyRing::flask(signs)
    } else {
        KeyRing::new(key(signs))
    }
}

fn any(_: &str) -> bool {
    true
}

fn is_encrypted(cookie: &str) -> bool {
    !cookie.contains('.')
}

/// A new mode or runbook gets its plans here.
pub fn plans(runbook: Runbook, mode: Mode) -> Vec<Plan> {
    let steps = |way, steps, ends, cookies| Plan::Steps {
        way,
        steps,
        ends,
        cookies,
    };
    match (runbook, mode) {
        (Runbook::AKeyThatAges, _) => vec![
            steps(
                "keys are replaced while it runs",
                a_key_ages(),
                Ends::Nobody,
                any,
            ),
            steps(
                "with a restart for each step",
                a_key_ages_by_restarts(),
                Ends::Nobody,
                any,
            ),
        ],
        (Runbook::AKeyThatLeaked, Mode::Flask) => vec![
            steps("a key leaked", a_key_leaked(), Ends::Everybody, any),
            Plan::Refused {
                configure: |mode| plain(mode).epoch(1),
                setting: "epoch",
            },
            Plan::Refused {
                configure: not_created_before,
                setting: "not_created_before",
            },
        ],
        (Runbook::AKeyThatLeaked, _) => vec![
            steps("a key leaked", a_key_leaked(), Ends::Everybody, any),
            steps(
                "something else, since when is known",
                vec![Step::Restart(plain), Step::Restart(not_created_before)],
                Ends::Everybody,
                any,
            ),
            steps(
                "something else, since when is not known",
                vec![
                    Step::Restart(plain),
                    Step::Restart(|mode| plain(mode).epoch(1)),
                ],
                Ends::Everybody,
                any,
            ),
        ],
        (Runbook::OneUser, Mode::Signed | Mode::Encrypted | Mode::Flask) => {
            vec![steps(
                "an epoch is counted up",
                one_user(Step::CountUp),
                Ends::TheFirstUser,
                any,
            )]
        }
        (Runbook::OneUser, Mode::Plain | Mode::EncryptedRecords) => vec![
            steps(
                "an epoch is counted up",
                one_user(Step::CountUp),
                Ends::TheFirstUser,
                any,
            ),
            steps(
                "the store ends them",
                one_user(Step::EndAll),
                Ends::TheFirstUser,
                any,
            ),
        ],
        (Runbook::FromSignedToEncrypted, Mode::Flask) => vec![
            Plan::Refused {
                configure: |mode| plain(mode).encrypted(),
                setting: "encrypted",
            },
            Plan::Refused {
                configure: readers,
                setting: "accept_encrypted_until",
            },
        ],
        (Runbook::FromSignedToEncrypted, Mode::Signed) => vec![
            steps("there", to_encrypted(), Ends::Nobody, is_encrypted),
            steps(
                "there and back",
                to_encrypted_and_back(),
                Ends::Nobody,
                |cookie| !is_encrypted(cookie),
            ),
        ],
        (Runbook::FromSignedToEncrypted, Mode::Plain) => vec![
            steps("there", to_encrypted(), Ends::Nobody, any),
            steps("there and back", to_encrypted_and_back(), Ends::Nobody, any),
        ],
        (Runbook::FromSignedToEncrypted, Mode::Encrypted) => {
            vec![steps("back", to_signed(), Ends::Nobody, |cookie| {
                !is_encrypted(cookie)
            })]
        }
        (Runbook::FromSignedToEncrypted, Mode::EncryptedRecords) => {
            vec![steps("back", to_signed(), Ends::Nobody, any)]
        }
        (Runbook::ANewName, Mode::Flask) => {
            vec![Plan::Refused {
                configure: renamed,
                setting: "renamed_from",
            }]
        }
        (Runbook::ANewName, _) => {
            let steps_ = vec![
                Step::Restart(|mode| plain(mode).prefix(Prefix::None)),
                Step::Restart(renamed),
                Step::Restart(plain),
            ];
            vec![steps(
                "all servers are told before",
                steps_,
                Ends::Nobody,
                |cookie| cookie.starts_with("__Host-session="),
            )]
        }
    }
}
