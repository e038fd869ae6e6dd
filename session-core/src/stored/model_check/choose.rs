//! Which of several things happens next: everything in turn, or something by chance.

/// Answers "which of so many?" again and again. A schedule is the list of its answers, and nothing else: with the same
/// answers the same happens.
#[derive(Debug, Clone)]
pub(super) struct Chooser {
    /// What was replied, and out of how many.
    path: Vec<(usize, usize)>,
    at: usize,
    /// Beyond the path the first option is taken, or one by chance.
    chance: Option<u64>,
}

impl Chooser {
    /// Depth first: run, [`next`](Self::next), run, until there is no next.
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

    /// The same schedule again.
    pub(super) fn replay(&self) -> Self {
        Self {
            path: self.path.clone(),
            ..Self::exhaustive()
        }
    }

    /// One of `options`, which is not 0.
    pub(super) fn choose(&mut self, options: usize) -> usize {
        if options == 1 {
            return 0;
        }
        if self.at == self.path.len() {
            let choice = self.chance.as_mut().map_or(0, |seed| draw(seed, options));
            self.path.push((choice, options));
        }
        let (choice, of) = self.path[self.at];
        assert_eq!(
            of, options,
            "a schedule went another way when it was run again"
        );
        self.at += 1;
        choice
    }

    /// The next schedule that differs in its last choice, or the next by chance; whether there is one.
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

/// splitmix64, by Vigna.
fn draw(seed: &mut u64, options: usize) -> usize {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    usize::try_from(mixed % options as u64).unwrap()
}
