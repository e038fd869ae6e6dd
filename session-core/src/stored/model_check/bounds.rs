//! The configurations, earlier requests, plans and environment events of the scenarios.

use crate::record::policy::ReusePolicy;
use crate::stored::model_check::scenario::*;

pub(super) const PLAIN: Config = Config {
    renew: false,
    cap: false,
    absolute: None,
    conflict: false,
    reuse: ReusePolicy::Report,
};
pub(super) const CAP: Config = Config {
    cap: true,
    conflict: true,
    ..PLAIN
};
pub(super) const RENEW: Config = Config {
    renew: true,
    ..PLAIN
};
pub(super) const END_SESSION: Config = Config {
    reuse: ReusePolicy::EndSession,
    ..RENEW
};
pub(super) const END_USER: Config = Config {
    reuse: ReusePolicy::EndUser,
    ..RENEW
};
pub(super) const ABSOLUTE: u64 = 1500;
pub(super) const ALL_ON: Config = Config {
    renew: true,
    cap: true,
    absolute: Some(ABSOLUTE),
    ..PLAIN
};

/// A touch is due, but no renewal.
pub(super) const ANONYMOUS: &[Prior] = &[Prior::Begin, Prior::Wait(200)];
pub(super) const OWNED: &[Prior] = &[Prior::Login];
/// A touch and a note in the user's index are due.
pub(super) const OWNED_DUE: &[Prior] = &[Prior::Login, Prior::Wait(200)];
/// A renewal is due as well, where it is configured.
pub(super) const DUE: &[Prior] = &[Prior::Begin, Prior::Wait(400)];
pub(super) const ALL_DUE: &[Prior] = &[Prior::Login, Prior::Wait(400)];
/// The verifier was renewed, and the new one has not come back.
pub(super) const RENEWED: &[Prior] = &[Prior::Begin, Prior::Wait(400), Prior::Read];
pub(super) const ALL_RENEWED: &[Prior] = &[Prior::Login, Prior::Wait(400), Prior::Read];
/// The new one has come back, and the previous one has ended. 20 s later a renewal is due again.
pub(super) const REUSED: &[Prior] = &[
    Prior::Login,
    Prior::Wait(400),
    Prior::Read,
    Prior::Read,
    Prior::Wait(61),
];
/// It expires in 50 s.
pub(super) const OLD: &[Prior] = &[Prior::Login, Prior::Wait(950)];
/// It has lived longer than a note in the user's index lasts.
pub(super) const LONG_LIVED: &[Prior] = &[
    Prior::Login,
    Prior::Wait(700),
    Prior::Write,
    Prior::Wait(700),
    Prior::Write,
    Prior::Wait(700),
];

/// The plans that differ most in their requests to the store.
pub(super) const FEW: [Plan; 6] = [READ, ADD, TAKE, RENEW_ID, CLEAR, LOGIN_INSERT];
/// A larger selection.
pub(super) const MORE: [Plan; 10] = [
    READ,
    ADD,
    TAKE,
    RENEW_ID,
    CLEAR,
    LOGIN_INSERT,
    PERMANENT,
    LOGIN_UPDATE,
    CLEAR_LOGIN,
    DELETE_ALL,
];

pub(super) const STEPS: &[EnvEvent] = &[
    // Past a tenth of the idle lifetime; a renewal; a previous verifier and a tombstone; the idle
    // lifetime.
    EnvEvent::Clock(100),
    EnvEvent::Clock(300),
    EnvEvent::Clock(59),
    EnvEvent::DeleteExpired(61),
    EnvEvent::Clock(1001),
    EnvEvent::DeleteExpired(1001),
    EnvEvent::Clock(-60),
    EnvEvent::Clock(-200),
];
