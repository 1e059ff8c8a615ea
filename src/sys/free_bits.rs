//! A set of numbers to hand out and take back, without a lock: one bit for each number that is free.
//!
//! Thread slots and scope records are handed out by it. A bit cannot suffer from the ABA problem that a linked free
//! list has: taking a number is one atomic "clear this bit", and who sees it set before has it.
//!
//! ```text
//! word 0: 0 1 1 0 …   bit set: the number is free
//! word 1: 1 1 1 1 …   bit clear: it is taken, or was never put in
//! ```

use super::atomic::{AtomicU64, Ordering};

/// A set of free numbers below `64 * WORDS`.
pub(crate) struct FreeBits<const WORDS: usize> {
    words: [AtomicU64; WORDS],
}

impl<const WORDS: usize> FreeBits<WORDS> {
    /// An empty set: no number is free.
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Self { words: [const { AtomicU64::new(0) }; WORDS] }
    }

    /// An empty set: no number is free. (loom's atomics cannot be made in a constant.)
    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self { words: core::array::from_fn(|_| AtomicU64::new(0)) }
    }

    /// Takes a free number out of the set, preferring the word that `hint` lies in, then the lowest.
    pub(crate) fn take(&self, hint: usize) -> Option<usize> {
        self.take_from((hint / 64) % WORDS).or_else(|| (0..WORDS).find_map(|word| self.take_from(word)))
    }

    fn take_from(&self, word: usize) -> Option<usize> {
        let bits = &self.words[word];
        let mut seen = bits.load(Ordering::Relaxed);
        // Each round either takes a bit or has lost one to another thread: at most 64 rounds.
        while seen != 0 {
            let bit = seen & seen.wrapping_neg();
            // ORDERING: Acquire, pairs with the Release of `put`: what the last owner wrote is seen by the next.
            let before = bits.fetch_and(!bit, Ordering::Acquire);
            if before & bit != 0 {
                return Some(word * 64 + bit.trailing_zeros() as usize);
            }
            seen &= before & !bit;
        }
        None
    }

    /// Puts a number into the set. The caller owns it and gives it up.
    pub(crate) fn put(&self, number: usize) {
        // ORDERING: Release, pairs with the Acquire of `take_from`.
        self.words[number / 64].fetch_or(1 << (number % 64), Ordering::Release);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_handed_out_once() {
        let set = FreeBits::<2>::new();
        assert_eq!(set.take(0), None);
        set.put(3);
        set.put(127);
        assert_eq!(set.take(0), Some(3));
        assert_eq!(set.take(0), Some(127));
        assert_eq!(set.take(0), None);
    }

    #[test]
    fn the_hinted_word_comes_first() {
        let set = FreeBits::<2>::new();
        set.put(1);
        set.put(70);
        assert_eq!(set.take(64), Some(70));
        assert_eq!(set.take(64), Some(1));
    }
}
