//! The choice among the enabled transitions: all of them in turn, or one by chance.

/// Chooses one of several options, again and again. Its choices determine the schedule completely:
/// a replay of the choices is a replay of the schedule.
#[derive(Debug, Clone)]
pub(super) struct Chooser {
    /// The choices so far, and among how many options each was.
    path: Vec<(usize, usize)>,
    at: usize,
    /// After the end of the path the first option is taken, or with a seed one by chance.
    chance: Option<u64>,
}

impl Chooser {
    /// Explores depth first: run, [`next`](Self::next), run, until there is no next.
    pub(super) fn exhaustive() -> Self {
        Self {
            path: Vec::new(),
            at: 0,
            chance: None,
        }
    }

    pub(super) fn random(seed: u64) -> Self {
        Self {
            chance: Some(seed),
            ..Self::exhaustive()
        }
    }

    /// Repeats this schedule.
    pub(super) fn replay(&self) -> Self {
        Self {
            path: self.path.clone(),
            ..Self::exhaustive()
        }
    }

    /// Returns one of `options`, which is not 0.
    pub(super) fn choose(&mut self, options: usize) -> usize {
        if options == 1 {
            return 0;
        }
        if self.at == self.path.len() {
            let choice = self.chance.as_mut().map_or(0, |seed| draw(seed, options));
            self.path.push((choice, options));
        }
        let (choice, of) = self.path[self.at];
        assert_eq!(of, options, "a replay took another way");
        self.at += 1;
        choice
    }

    /// Moves to the next schedule: the one that differs in the last possible choice, or the next by
    /// chance. Returns whether there is one.
    pub(super) fn next(&mut self) -> bool {
        self.at = 0;
        if self.chance.is_some() {
            self.path.clear();
            return true;
        }
        while let Some((choice, options)) = self.path.pop() {
            if choice + 1 < options {
                self.path.push((choice + 1, options));
                return true;
            }
        }
        false
    }
}

/// splitmix64, by Sebastiano Vigna.
fn draw(seed: &mut u64, options: usize) -> usize {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    usize::try_from(mixed % options as u64).unwrap()
}
