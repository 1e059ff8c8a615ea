//! What threads outside a scope free of it: one word that knows which scope it is for.
//!
//! ```text
//! | generation 20 | closed 1 | amount 43 |
//!   bit 44          bit 43     bit 0
//! ```
//!
//! A scope record is used again by later scopes while blocks of an earlier one are still being freed elsewhere. The
//! generation stands in the same word as the amount, so that one compare-and-swap checks and changes both: a late free
//! can never debit the record's next tenant. While the scope is open the amount is what others freed of it; the one
//! that closes it turns it, in one step, into what is still live.

use crate::fault::{Fault, planted};
use crate::sys::atomic::{AtomicU64, Ordering};

const AMOUNT_BITS: u32 = 43;
const AMOUNT_MASK: u64 = (1 << AMOUNT_BITS) - 1;
const CLOSED: u64 = 1 << AMOUNT_BITS;
const GENERATION_SHIFT: u32 = AMOUNT_BITS + 1;

/// The word, as read once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Foreign {
    /// Generation of the record.
    pub(crate) generation: u32,
    /// Whether the scope is closed.
    pub(crate) closed: bool,
    /// Open: what others freed. Closed: what is still live.
    pub(crate) amount: u64,
}

impl Foreign {
    fn from_bits(bits: u64) -> Self {
        Self { generation: (bits >> GENERATION_SHIFT) as u32, closed: bits & CLOSED != 0, amount: bits & AMOUNT_MASK }
    }

    /// Whether the amount should be taken over before it is too large for the word.
    pub(crate) fn is_half_full(self) -> bool {
        self.amount > AMOUNT_MASK / 2
    }

    fn to_bits(self) -> u64 {
        u64::from(self.generation) << GENERATION_SHIFT | u64::from(self.closed) << AMOUNT_BITS | self.amount
    }
}

/// The word as it stands in a scope record.
pub(crate) struct ForeignWord(AtomicU64);

impl ForeignWord {
    #[cfg(any(loom, test))]
    pub(crate) fn of_generation(generation: u32) -> Self {
        Self(AtomicU64::new(Foreign { generation, closed: false, amount: 0 }.to_bits()))
    }

    /// Reads the word.
    pub(crate) fn read(&self) -> Foreign {
        // ORDERING: Acquire, pairs with the Release of `free`, `close` and `renew`.
        Foreign::from_bits(self.0.load(Ordering::Acquire))
    }

    /// Counts a free of `amount`, if the record is still used for `generation`. Returns the word after it.
    pub(crate) fn free(&self, generation: u32, amount: u64) -> Option<Foreign> {
        self.change(|word| {
            if word.generation != generation && !planted(Fault::DropGenerationCheck) {
                return None;
            }
            let amount =
                if word.closed { word.amount.saturating_sub(amount) } else { (word.amount + amount).min(AMOUNT_MASK) };
            Some(Foreign { amount, ..word })
        })
        .map(|(_, after)| after)
    }

    /// Takes what others freed so far out of the word. Called by the owner, while the scope is open.
    pub(crate) fn take(&self) -> u64 {
        self.change(|word| Some(Foreign { amount: 0, ..word })).map_or(0, |(before, _)| before.amount)
    }

    /// Counts an `amount` more that is live below a closed scope, if the record is still used for `generation`.
    pub(crate) fn hold(&self, generation: u32, amount: u64) {
        self.change(|word| {
            let held = word.closed && word.generation == generation;
            held.then(|| Foreign { amount: (word.amount + amount).min(AMOUNT_MASK), ..word })
        });
    }

    /// Closes the scope, which owns `owed` of which others may have freed some. Returns what others freed.
    pub(crate) fn close(&self, owed: u64) -> u64 {
        let closed = |word: Foreign| {
            Some(Foreign { closed: true, amount: owed.saturating_sub(word.amount).min(AMOUNT_MASK), ..word })
        };
        self.change(closed).map_or(0, |(before, _)| before.amount)
    }

    /// Makes the word that of the next generation: nothing freed, not closed.
    pub(crate) fn renew(&self, generation: u32) {
        // ORDERING: Release, pairs with the Acquire of `read` and `free`: a free that still sees the old generation
        // changed the word before.
        self.0.swap(Foreign { generation, closed: false, amount: 0 }.to_bits(), Ordering::AcqRel);
    }

    /// Changes the word by compare-and-swap until nobody else did meanwhile. Returns it before and after.
    fn change(&self, step: impl Fn(Foreign) -> Option<Foreign>) -> Option<(Foreign, Foreign)> {
        let mut seen = self.0.load(Ordering::Acquire);
        loop {
            let after = step(Foreign::from_bits(seen))?;
            match self.0.compare_exchange_weak(seen, after.to_bits(), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some((Foreign::from_bits(seen), after)),
                Err(other) => seen = other,
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_late_free_does_not_reach_the_next_generation() {
        let word = ForeignWord::of_generation(8_192);
        assert_eq!(word.free(8_192, 5).map(|word| word.amount), Some(5));
        word.renew(8_193);
        assert_eq!(word.free(8_192, 5), None);
        assert_eq!(word.read(), Foreign { generation: 8_193, closed: false, amount: 0 });
    }

    #[test]
    fn closing_turns_what_was_freed_into_what_is_live() {
        let word = ForeignWord::of_generation(9_000);
        word.free(9_000, 30);
        assert_eq!(word.close(100), 30);
        assert_eq!(word.read(), Foreign { generation: 9_000, closed: true, amount: 70 });
        assert_eq!(word.free(9_000, 70).map(|word| word.amount), Some(0));
    }
}
