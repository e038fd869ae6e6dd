//! How long a session is valid, and when its cookie is refreshed. All times are seconds of the application's clock, and all
//! arithmetic saturates.

use std::time::Duration;

use crate::error::Rejected;
use crate::token::stamp::Stamp;

/// When the cookie of a session that was only read is written again, so that an active session does not expire.
///
/// A changed session is always written. Only a request that opens the session refreshes it, except with
/// [`EachRequest`](Self::EachRequest).
///
/// ```
/// # use session_core::{Refresh, Sessions, testing};
/// let written = |refresh| {
///     let sessions = Sessions::flask_builder("dev").refresh(refresh).build().unwrap();
///     let request = testing::request(&sessions, |session| session.set_permanent(true)).unwrap();
///     testing::respond(&sessions, &request, |_| Ok(())).unwrap().contains_key("set-cookie")
/// };
/// assert!(written(Refresh::EachRequest) && !written(Refresh::AfterTenth)); // a moment later
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refresh {
    /// When a tenth of the idle lifetime has passed since the cookie was written. This is the default.
    #[default]
    AfterTenth,
    /// On every response, also when the handler never asked for the session. In Flask this is the default for permanent
    /// sessions (`SESSION_REFRESH_EACH_REQUEST`).
    EachRequest,
    /// Never: a session ends one idle lifetime after its last change.
    Never,
}

/// The longest Max-Age that browsers accept: 400 days (RFC 6265bis, section 5.5).
pub(crate) const LONGEST_MAX_AGE: u64 = 34_560_000;

/// 31 days, as in Flask (`PERMANENT_SESSION_LIFETIME`).
pub(crate) const DEFAULT_IDLE: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// The configured lifetimes.
#[derive(Debug, Clone)]
pub(crate) struct Lifetime {
    pub(crate) idle: Duration,
    /// The idle lifetime of permanent sessions; `None`: `idle`.
    pub(crate) permanent_idle: Option<Duration>,
    /// The idle lifetime of sessions without a user; `None`: the one of sessions with a user.
    pub(crate) anonymous_idle: Option<Duration>,
    /// In seconds; the largest number if there is no limit.
    pub(crate) absolute: u64,
    pub(crate) refresh: Refresh,
    /// Flask refreshes permanent sessions only. Our formats refresh all, since the idle lifetime ends all.
    pub(crate) refresh_permanent_only: bool,
    /// Whether a new session is permanent.
    pub(crate) permanent: bool,
    /// Sessions created before this second are revoked.
    pub(crate) not_before: Option<u64>,
    /// The least epoch of the application that is accepted.
    pub(crate) epoch: u16,
    /// How many seconds a stamp may be in the future, since other servers' clocks differ.
    pub(crate) skew: u64,
}

impl Lifetime {
    /// Checks the times of a session at `now`. A session is still valid in the second in which it is exactly as old as a
    /// lifetime (as in `itsdangerous.TimestampSigner.unsign`).
    pub(crate) fn check(&self, stamp: &Stamp, now: u64) -> Result<(), Rejected> {
        self.check_start(stamp, now)?;
        if now.saturating_sub(stamp.issued) > self.idle_of(stamp.permanent, stamp.authenticated) {
            return Err(Rejected::Idle);
        }
        Ok(())
    }

    /// Checks all times but the idle lifetime, which a stored session has in its record.
    pub(crate) fn check_start(&self, stamp: &Stamp, now: u64) -> Result<(), Rejected> {
        if stamp.issued > now.saturating_add(self.skew) {
            return Err(Rejected::Future);
        }
        if now.saturating_sub(stamp.created) > self.absolute {
            return Err(Rejected::TooOld);
        }
        let revoked = self.not_before.is_some_and(|least| stamp.created < least);
        if revoked || stamp.epoch.application < self.epoch {
            return Err(Rejected::Revoked);
        }
        Ok(())
    }

    /// Returns the idle lifetime that applies, in seconds. Without a user, `anonymous_idle` applies to permanent sessions, too.
    pub(crate) fn idle_of(&self, permanent: bool, authenticated: Option<u64>) -> u64 {
        let idle = match (self.anonymous_idle, self.permanent_idle) {
            (Some(anonymous), _) if authenticated.is_none() => anonymous,
            (_, Some(permanent_idle)) if permanent => permanent_idle,
            _ => self.idle,
        };
        idle.as_secs()
    }

    /// Returns whether an unchanged session that was opened with this stamp is to be written again.
    pub(crate) fn refresh_due(&self, stamp: &Stamp, now: u64) -> bool {
        if self.refresh_permanent_only && !stamp.permanent {
            return false;
        }
        match self.refresh {
            Refresh::AfterTenth => {
                now.saturating_sub(stamp.issued)
                    >= tenth(self.idle_of(stamp.permanent, stamp.authenticated))
            }
            Refresh::EachRequest => true,
            Refresh::Never => false,
        }
    }

    /// Returns Max-Age in seconds for a permanent session that is written at `now`. It never lasts longer than the server
    /// accepts the session.
    pub(crate) fn max_age(&self, stamp: &Stamp, now: u64) -> u64 {
        let age = now.saturating_sub(stamp.created);
        let left = self.absolute.saturating_sub(age);
        self.idle_of(stamp.permanent, stamp.authenticated)
            .min(left)
            .min(LONGEST_MAX_AGE)
    }
}

/// Returns a tenth of an idle lifetime, in seconds; at least one.
pub(crate) fn tenth(idle: u64) -> u64 {
    (idle / 10).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::stamp::Epoch;
    use proptest::prelude::*;

    fn lifetime(idle: u64, absolute: Option<u64>) -> Lifetime {
        Lifetime {
            idle: Duration::from_secs(idle),
            permanent_idle: None,
            anonymous_idle: None,
            absolute: absolute.unwrap_or(u64::MAX),
            refresh: Refresh::AfterTenth,
            refresh_permanent_only: false,
            permanent: false,
            not_before: None,
            epoch: 0,
            skew: 60,
        }
    }

    fn stamp(created: u64, issued: u64) -> Stamp {
        Stamp {
            permanent: true,
            issued,
            created,
            authenticated: None,
            epoch: Epoch::default(),
        }
    }

    #[test]
    fn l1_table() {
        for (idle, absolute, created, issued, now, expected) in [
            (100, None, 0, 0, 100, Ok(())),
            (100, None, 0, 0, 101, Err(Rejected::Idle)),
            (100, Some(150), 0, 60, 150, Ok(())),
            (100, Some(150), 0, 60, 151, Err(Rejected::TooOld)),
            (100, Some(50), 0, 0, 51, Err(Rejected::TooOld)),
            (100, None, 60, 60, 0, Ok(())),
            (100, None, 61, 61, 0, Err(Rejected::Future)),
            (0, None, 5, 5, 5, Ok(())),
            (0, None, 5, 5, 6, Err(Rejected::Idle)),
        ] {
            let found = lifetime(idle, absolute).check(&stamp(created, issued), now);
            assert_eq!(
                found, expected,
                "idle {idle} absolute {absolute:?} {created} {issued} {now}"
            );
        }
        let counted = Lifetime {
            epoch: 4,
            ..lifetime(1000, None)
        };
        for (application, expected) in [(3, Err(Rejected::Revoked)), (4, Ok(())), (5, Ok(()))] {
            let epoch = Epoch {
                application,
                user: 9,
            };
            assert_eq!(
                counted.check(
                    &Stamp {
                        epoch,
                        ..stamp(0, 0)
                    },
                    0
                ),
                expected
            );
        }
        let since = Lifetime {
            not_before: Some(50),
            ..lifetime(1000, None)
        };
        assert_eq!(since.check(&stamp(49, 90), 100), Err(Rejected::Revoked));
        assert_eq!(since.check(&stamp(50, 90), 100), Ok(()));
    }

    #[test]
    fn refresh_table() {
        let at = |refresh, age| {
            Lifetime {
                refresh,
                ..lifetime(1000, None)
            }
            .refresh_due(&stamp(0, 0), age)
        };
        assert!(!at(Refresh::AfterTenth, 99) && at(Refresh::AfterTenth, 100));
        assert!(at(Refresh::EachRequest, 0) && !at(Refresh::Never, 999));
        let browser = Stamp {
            permanent: false,
            ..stamp(0, 0)
        };
        assert!(lifetime(1000, None).refresh_due(&browser, 100));
        assert!(
            !Lifetime {
                refresh_permanent_only: true,
                ..lifetime(1000, None)
            }
            .refresh_due(&browser, 100)
        );
    }

    /// "Remember me" for a month, half an hour for others, and a day for strangers.
    #[test]
    fn l1_the_lifetime_that_applies() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let lifetime = Lifetime {
            permanent_idle: seconds(3000),
            ..lifetime(100, None)
        };
        let all = Lifetime {
            anonymous_idle: seconds(500),
            ..lifetime.clone()
        };
        let short = Lifetime {
            anonymous_idle: seconds(10),
            ..lifetime.clone()
        };
        for (permanent, has_user, usual, anonymous, limited) in [
            (false, true, 100, 100, 100),
            (true, true, 3000, 3000, 3000),
            (false, false, 100, 500, 10),
            (true, false, 3000, 500, 10),
        ] {
            let authenticated = has_user.then_some(0);
            let found = [&lifetime, &all, &short]
                .map(|lifetime| lifetime.idle_of(permanent, authenticated));
            assert_eq!(
                found,
                [usual, anonymous, limited],
                "permanent {permanent}, user {has_user}"
            );
            let stamp = Stamp {
                permanent,
                authenticated: has_user.then_some(0),
                ..stamp(0, 0)
            };
            assert_eq!(all.check(&stamp, anonymous), Ok(()));
            assert_eq!(all.check(&stamp, anonymous + 1), Err(Rejected::Idle));
            assert!(
                all.refresh_due(&stamp, anonymous / 10)
                    && !all.refresh_due(&stamp, anonymous / 10 - 1)
            );
            assert_eq!(all.max_age(&stamp, 0), anonymous);
        }
        assert_eq!((all.longest_idle(), tenth(5)), (3000, 1));
    }

    #[test]
    fn max_age_is_capped() {
        assert_eq!(lifetime(100, Some(150)).max_age(&stamp(0, 0), 120), 30);
        assert_eq!(lifetime(100, Some(150)).max_age(&stamp(0, 0), 999), 0);
        assert_eq!(
            lifetime(u64::MAX, None).max_age(&stamp(0, 0), 0),
            34_560_000
        );
    }

    proptest! {
        /// From 0 to the largest, on every path: nothing wraps, and the earlier limit wins.
        #[test]
        fn nothing_wraps(
            idle: u64,
            absolute: Option<u64>,
            created: u64,
            issued: u64,
            now in 0..=u64::MAX - 60, // the allowed skew would wrap beyond, so it saturates
            not_before: Option<u64>,
        ) {
            let lifetime = Lifetime { not_before, ..lifetime(idle, absolute) };
            let stamp = stamp(created.min(issued), issued);
            let wide = |a: u64, b: u64| i128::from(a) - i128::from(b);
            let expected = wide(issued, now) <= 60
                && wide(now, issued) <= i128::from(idle)
                && absolute.is_none_or(|absolute| wide(now, stamp.created) <= i128::from(absolute))
                && not_before.is_none_or(|least| stamp.created >= least);
            prop_assert_eq!(lifetime.check(&stamp, now).is_ok(), expected);
            lifetime.refresh_due(&stamp, now);
            prop_assert!(lifetime.max_age(&stamp, now) <= 34_560_000);
        }
    }
}
