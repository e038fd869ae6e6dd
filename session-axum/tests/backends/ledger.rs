//! The replies that clients got, and the check that their session holds exactly the sum of them.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::Value;

/// The outcome of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Answered 200.
    Done,
    /// Answered something else, or cut: perhaps it was done.
    Unknown,
}

/// The value that an acknowledged take returned, and the time within which it ran.
#[derive(Debug)]
pub(crate) struct Take {
    pub(crate) begun: Instant,
    pub(crate) ended: Instant,
    pub(crate) shown: Vec<String>,
}

/// The requests of one session.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) counts: Vec<Told>,
    pub(crate) pushes: BTreeMap<String, Told>,
    pub(crate) flashes: BTreeMap<String, Told>,
    pub(crate) takes: Vec<Take>,
    pub(crate) unknown_takes: usize,
    pub(crate) requests: usize,
    pub(crate) acknowledged: usize,
}

impl Ledger {
    pub(crate) fn add(&mut self, other: Self) {
        self.counts.extend(other.counts);
        self.pushes.extend(other.pushes);
        self.flashes.extend(other.flashes);
        self.takes.extend(other.takes);
        self.unknown_takes += other.unknown_takes;
        self.requests += other.requests;
        self.acknowledged += other.acknowledged;
    }

    /// `session` is its JSON at the end, `left` the flashes in it.
    pub(crate) fn check(&self, session: &str, left: &[String]) {
        // Else this would prove little.
        assert!(
            self.acknowledged * 2 > self.requests,
            "{} of {} acknowledged",
            self.acknowledged,
            self.requests
        );
        let session: Value = serde_json::from_str(session).unwrap();
        self.check_count(session["count"].as_u64().unwrap());
        let list: Vec<String> = serde_json::from_value(session["list"].clone()).unwrap();
        exact("push", &self.pushes, &times(&list));
        self.check_flashes(left);
    }

    fn check_count(&self, count: u64) {
        let done = self
            .counts
            .iter()
            .filter(|told| **told == Told::Done)
            .count();
        let count = usize::try_from(count).unwrap();
        assert!(
            (done..=self.counts.len()).contains(&count),
            "{count}: {done} of {} acknowledged",
            self.counts.len()
        );
    }

    fn check_flashes(&self, left: &[String]) {
        let left = times(left);
        let mut shown: BTreeMap<&str, Vec<&Take>> = BTreeMap::new();
        for take in &self.takes {
            for (flash, times) in times(&take.shown) {
                assert_eq!(times, 1, "flash {flash} twice in one answer");
                assert!(
                    !left.contains_key(flash),
                    "flash {flash} was taken and is still there"
                );
                shown.entry(flash).or_default().push(take);
            }
        }
        // Two takes that were under way at once both saw it; whoever came after one that was answered did not.
        for (flash, takes) in &shown {
            for (number, one) in takes.iter().enumerate() {
                for other in &takes[..number] {
                    let at_once = one.begun < other.ended && other.begun < one.ended;
                    assert!(
                        at_once,
                        "flash {flash} was shown again after it was taken: {one:?} {other:?}"
                    );
                }
            }
        }
        let mut there = left;
        there.extend(shown.keys().map(|flash| (*flash, 1)));
        // A take that nobody was told of may have taken anything.
        let expected: BTreeMap<_, _> = self
            .flashes
            .iter()
            .filter(|(flash, _)| self.unknown_takes == 0 || there.contains_key(flash.as_str()))
            .map(|(flash, told)| (flash.clone(), *told))
            .collect();
        exact("flash", &expected, &there);
    }
}

fn times(items: &[String]) -> BTreeMap<&str, usize> {
    let mut times = BTreeMap::new();
    for item in items {
        *times.entry(item.as_str()).or_default() += 1;
    }
    times
}

/// Acknowledged items are there once, unknown ones at most once, and there are no others.
fn exact(what: &str, told: &BTreeMap<String, Told>, there: &BTreeMap<&str, usize>) {
    for (item, told) in told {
        let times = there.get(item.as_str()).copied().unwrap_or(0);
        let right = times == 1 || (times == 0 && *told == Told::Unknown);
        assert!(right, "{what} {item} is there {times} times; {told:?}");
    }
    for item in there.keys() {
        assert!(
            told.contains_key(*item),
            "{what} {item}: nobody asked for it"
        );
    }
}
