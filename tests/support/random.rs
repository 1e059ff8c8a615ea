//! A deterministic source of random numbers, so that a failure is repeated by its seed.
//!
//! SplitMix64: <https://prng.di.unimi.it/splitmix64.c>. It allocates nothing.

/// Random numbers that follow from a seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn of_seed(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `end - 1`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.number()) * end as u128) >> 64) as usize
    }

    /// True once in `times` calls, on average.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// A size from 1 to `2^bits - 1`, each power of two as likely as any other.
    #[allow(dead_code)]
    pub(crate) fn size(&mut self, bits: usize) -> usize {
        let power = 1 << self.below(bits);
        power + self.below(power)
    }
}
