//! The steps of each runbook.

use super::*;

pub fn a_key_ages() -> Vec<Step> {
    vec![
        Step::Restart(plain),
        Step::Ring(|mode| match mode {
            Mode::Flask => ring(mode, OLD).fallback(NEW),
            _ => ring(mode, OLD).verify_only(key(NEW)),
        }),
        Step::Ring(|mode| ring(mode, NEW).verify_only_until(key(OLD), at(START + 2 + IDLE))),
        Step::Ring(|mode| ring(mode, NEW)),
    ]
}

pub fn a_key_ages_by_restarts() -> Vec<Step> {
    vec![
        Step::Restart(plain),
        Step::Restart(|mode| {
            by_data(
                mode,
                &format!(r#""SECRET_KEY": "{OLD}", "SECRET_KEY_FALLBACKS": ["{NEW}"]"#),
            )
        }),
        Step::Restart(|mode| {
            let old = format!(r#"{{"key": "{OLD}", "until": {}}}"#, START + 2 + IDLE);
            by_data(
                mode,
                &format!(r#""SECRET_KEY": "{NEW}", "SESSION_VERIFY_ONLY_KEYS": [{old}]"#),
            )
        }),
        Step::Restart(|mode| by_data(mode, &format!(r#""SECRET_KEY": "{NEW}""#))),
    ]
}

/// Without the first step: a server does not know what another signs.
pub fn a_key_ages_in_haste() -> Vec<Step> {
    let mut steps = a_key_ages();
    steps.remove(1);
    steps
}

pub fn a_key_leaked() -> Vec<Step> {
    vec![Step::Restart(plain), Step::Ring(|mode| ring(mode, NEW))]
}

pub fn not_created_before(mode: Mode) -> Builder {
    plain(mode).not_created_before(at(START + 1))
}

pub fn one_user(step: Step) -> Vec<Step> {
    vec![Step::Restart(plain), step]
}

pub fn readers(mode: Mode) -> Builder {
    let builder = if mode == Mode::Flask {
        plain(mode)
    } else {
        signed(mode)
    };
    builder.accept_encrypted_until(later())
}

pub fn writers(mode: Mode) -> Builder {
    signed(mode).encrypted().accept_signed_until(later())
}

pub fn to_encrypted() -> Vec<Step> {
    vec![
        Step::Restart(signed),
        Step::Restart(readers),
        Step::Restart(writers),
        Step::Restart(|mode| signed(mode).encrypted()),
    ]
}

pub fn to_encrypted_and_back() -> Vec<Step> {
    let restarts = [signed, readers, writers, readers, signed];
    restarts
        .map(|configure: fn(Mode) -> Builder| Step::Restart(configure))
        .into()
}

pub fn to_signed() -> Vec<Step> {
    let restarts = [plain, writers, readers, signed];
    restarts
        .map(|configure: fn(Mode) -> Builder| Step::Restart(configure))
        .into()
}

/// Not at once: all servers are told before it happens.
pub fn renamed(mode: Mode) -> Builder {
    plain(mode).renamed_from(PreviousCookie::new("session", at(START + IDLE / 10)))
}
