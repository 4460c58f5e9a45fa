//! Repeatable random choices (splitmix64).

pub(crate) struct Choice(u64);

impl Choice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap()
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}

/// How many rounds a suite runs: `base` times `PGWITNESS_ROUNDS`.
pub(crate) fn rounds(base: u64) -> u64 {
    base * std::env::var("PGWITNESS_ROUNDS").ok().and_then(|r| r.parse::<u64>().ok()).unwrap_or(1)
}

/// The first seed of a run: fixed, unless `PGWITNESS_SEED` says otherwise.
pub(crate) fn first_seed() -> u64 {
    std::env::var("PGWITNESS_SEED").ok().and_then(|r| r.parse().ok()).unwrap_or(1)
}
