//! A scenario: the configuration, what happened before, the requests, and the bounds on faults and
//! environment events.

use crate::record::policy::ReusePolicy;

/// Something that a handler does. The values name their writer: request 0 writes `"r0"`, adds 1,
/// and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    /// Sets `a`, which all requests set, and a key of its own.
    Insert,
    /// Removes `a`.
    Remove,
    /// Adds 1, 10 or 100 to the counter `n`.
    Add,
    /// Appends to `list`.
    Push,
    Flash,
    /// `take_flashes`.
    Take,
    /// `update` of `n`: makes a value from the loaded one.
    Update,
    /// `update` of a key that the request itself has set.
    Own,
    /// Makes a text of the counter `n`, so that additions of other requests no longer fit.
    Retype,
    /// Removes all keys and takes all flashes.
    Empty,
    Renew,
    Clear,
    /// `set_permanent(true)`.
    Permanent,
    /// `set_label`.
    Label,
    /// `mark_modified`.
    Mark,
    /// `log_in`.
    Login(&'static str),
    /// `clear_user`.
    Leave,
    /// `keep_only` of the counter `n`.
    Keep,
    /// No handler: ends all sessions of a user, record by record.
    DeleteAll(&'static str),
}

/// Which cookie a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carries {
    /// Any cookie that the browser has had by then. So the request may have been sent long before
    /// it is handled.
    Any,
    Nothing,
    /// The first id with another selector, so that its signature is wrong.
    Forged,
}

/// A request: the cookie that it carries, and what its handler does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) name: &'static str,
    pub(super) ops: &'static [Op],
    pub(super) carries: Carries,
}

const fn plan(name: &'static str, ops: &'static [Op]) -> Plan {
    Plan {
        name,
        ops,
        carries: Carries::Any,
    }
}

const fn without_cookie(name: &'static str, ops: &'static [Op]) -> Plan {
    Plan {
        name,
        ops,
        carries: Carries::Nothing,
    }
}

pub(super) const READ: Plan = plan("read", &[]);
pub(super) const INSERT: Plan = plan("insert", &[Op::Insert]);
pub(super) const REMOVE: Plan = plan("remove", &[Op::Remove]);
pub(super) const ADD: Plan = plan("increment", &[Op::Add]);
pub(super) const PUSH: Plan = plan("push", &[Op::Push]);
pub(super) const FLASH: Plan = plan("flash", &[Op::Flash]);
pub(super) const TAKE: Plan = plan("take_flashes", &[Op::Take]);
pub(super) const UPDATE: Plan = plan("update", &[Op::Update]);
pub(super) const RETYPE: Plan = plan("retype", &[Op::Retype]);
pub(super) const EMPTY: Plan = plan("remove to empty", &[Op::Empty]);
pub(super) const RENEW_ID: Plan = plan("renew", &[Op::Renew]);
pub(super) const CLEAR: Plan = plan("clear", &[Op::Clear]);
pub(super) const PERMANENT: Plan = plan("set_permanent", &[Op::Permanent]);
pub(super) const LABEL: Plan = plan("set_label", &[Op::Label]);
pub(super) const MARK: Plan = plan("mark_modified", &[Op::Mark]);
pub(super) const LOGIN: Plan = plan("log in", &[Op::Login("ada")]);
pub(super) const LOGIN_INSERT: Plan =
    plan("log in, insert", &[Op::Login("ada"), Op::Insert, Op::Flash]);
pub(super) const LOGIN_OTHER: Plan = plan("log in as another", &[Op::Login("bob"), Op::Add]);
pub(super) const LEAVE: Plan = plan("clear_user, insert", &[Op::Leave, Op::Insert]);
pub(super) const KEEP_LOGIN: Plan = plan(
    "keep_only, log in",
    &[Op::Push, Op::Keep, Op::Login("ada"), Op::Flash],
);
pub(super) const LOGIN_UPDATE: Plan = plan(
    "log in, update",
    &[Op::Update, Op::Add, Op::Own, Op::Login("ada")],
);
pub(super) const CLEAR_INSERT: Plan = plan("clear, insert", &[Op::Clear, Op::Insert]);
pub(super) const CLEAR_LOGIN: Plan =
    plan("clear, log in", &[Op::Clear, Op::Login("ada"), Op::Push]);
pub(super) const LOGIN_CLEAR: Plan = plan("log in, clear", &[Op::Login("ada"), Op::Clear]);
pub(super) const RENEW_INSERT: Plan = plan("renew, insert", &[Op::Renew, Op::Insert]);
pub(super) const DELETE_ALL: Plan = without_cookie("delete_all", &[Op::DeleteAll("ada")]);
pub(super) const ARRIVE: Plan = without_cookie("insert without cookie", &[Op::Insert]);
pub(super) const LOGIN_ELSEWHERE: Plan =
    without_cookie("log in without cookie", &[Op::Login("ada"), Op::Insert]);
pub(super) const FORGED: Plan = Plan {
    carries: Carries::Forged,
    ..plan("insert with forged id", &[Op::Insert])
};
pub(super) const PASS_BY: Plan = without_cookie("clear without cookie", &[Op::Clear]);

/// All plans.
pub(super) const ALL: [Plan; 30] = [
    READ,
    INSERT,
    REMOVE,
    ADD,
    PUSH,
    FLASH,
    TAKE,
    UPDATE,
    RETYPE,
    EMPTY,
    RENEW_ID,
    CLEAR,
    PERMANENT,
    LABEL,
    MARK,
    LOGIN,
    LOGIN_INSERT,
    LOGIN_OTHER,
    LEAVE,
    KEEP_LOGIN,
    LOGIN_UPDATE,
    CLEAR_INSERT,
    CLEAR_LOGIN,
    LOGIN_CLEAR,
    RENEW_INSERT,
    DELETE_ALL,
    ARRIVE,
    LOGIN_ELSEWHERE,
    FORGED,
    PASS_BY,
];

/// Something that happens to the server between two steps of the requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EnvEvent {
    /// The clock moves by this many seconds, forward or back.
    Clock(i64),
    /// The clock moves forward, and the store deletes what has expired by then.
    DeleteExpired(i64),
    /// The key ring is replaced: a new key signs, the old one only verifies.
    SwapKeys,
}

/// What happened before, one request after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prior {
    /// A session with some content and a flash.
    Begin,
    /// A session with some content and a flash, and `ada` logs in.
    Login,
    /// A request that only reads.
    Read,
    /// A request that writes.
    Write,
    Wait(u64),
}

/// The idle lifetime. A tenth of it is 100 s.
pub(super) const IDLE: u64 = 1000;
/// The period of [`Config::renew`].
pub(super) const RENEWAL: u64 = 300;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Config {
    /// `cycle_id_every`.
    pub(super) renew: bool,
    /// `max_sessions_per_user(1)`.
    pub(super) cap: bool,
    /// `absolute_lifetime`, in seconds.
    pub(super) absolute: Option<u64>,
    /// `GonePolicy::Conflict`.
    pub(super) conflict: bool,
    pub(super) reuse: ReusePolicy,
}

/// A scenario: all of its schedules are explored.
#[derive(Debug, Clone)]
pub(super) struct Scenario {
    pub(super) config: Config,
    pub(super) priors: &'static [Prior],
    pub(super) plans: Vec<Plan>,
    /// The most lost replies, passed deadlines, crashes and late repetitions, together.
    pub(super) faults: usize,
    /// The environment events that may happen between two steps, and the most of them.
    pub(super) env_events: &'static [EnvEvent],
    pub(super) max_env_events: usize,
    /// Explores also the schedules that the partial-order reduction leaves out.
    pub(super) without_reduction: bool,
}

impl Scenario {
    pub(super) fn new(config: Config, priors: &'static [Prior], plans: &[Plan]) -> Self {
        Self {
            config,
            priors,
            plans: plans.to_vec(),
            faults: 0,
            env_events: &[],
            max_env_events: 0,
            without_reduction: false,
        }
    }

    pub(super) fn faults(self, faults: usize) -> Self {
        Self { faults, ..self }
    }

    pub(super) fn env_events(self, env_events: &'static [EnvEvent], max_env_events: usize) -> Self {
        Self {
            env_events,
            max_env_events,
            ..self
        }
    }

    pub(super) fn any_op(&self, wanted: impl Fn(&Op) -> bool) -> bool {
        self.plans.iter().any(|plan| plan.ops.iter().any(&wanted))
    }
}
