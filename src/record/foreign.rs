//! What many threads change of a scope: one word that knows which scope it is for.
//!
//! ```text
//! | generation 20 | closed 1 | amount 43 |
//!   bit 44          bit 43     bit 0
//! ```
//!
//! | the scope is | the amount is |
//! |---|---|
//! | open, one thread inside | what other threads freed of it |
//! | open, shared by several threads | minus what is live in it |
//! | closed | what is still live below it |
//!
//! A scope record is used again by later scopes while blocks of an earlier one are still being freed elsewhere. The
//! generation stands in the same word as the amount, so that one compare-and-swap checks and changes both: a late free
//! can never debit the record's next tenant. Whether the scope is open stands there too, so that each event beside the
//! close counts on one side of it. Amounts are modulo 2^43: what is live is below that, however much went through.

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
    /// See the table above.
    pub(crate) amount: u64,
}

impl Foreign {
    fn from_bits(bits: u64) -> Self {
        Self { generation: (bits >> GENERATION_SHIFT) as u32, closed: bits & CLOSED != 0, amount: bits & AMOUNT_MASK }
    }

    fn to_bits(self) -> u64 {
        u64::from(self.generation) << GENERATION_SHIFT | u64::from(self.closed) << AMOUNT_BITS | self.amount
    }

    /// What is live in an open scope whose one thread has this left of what it allocated; nothing for a shared one.
    pub(crate) fn live_of(self, own: u64) -> u64 {
        own.wrapping_sub(self.amount) & AMOUNT_MASK
    }

    fn with(self, amount: u64) -> Self {
        Self { amount: amount & AMOUNT_MASK, ..self }
    }
}

/// The word as it stands in a scope record.
pub(crate) struct ForeignWord(AtomicU64);

impl ForeignWord {
    #[cfg(any(loom, test))]
    pub(crate) fn of_generation(generation: u32) -> Self {
        Self(AtomicU64::new(Foreign { generation, closed: false, amount: 0 }.to_bits()))
    }

    /// That of a closed scope below which nothing is live.
    #[cfg(not(loom))]
    pub(crate) const fn closed() -> Self {
        Self(AtomicU64::new(CLOSED))
    }

    /// Reads the word.
    pub(crate) fn read(&self) -> Foreign {
        // ORDERING: Acquire, pairs with the Release of every change.
        Foreign::from_bits(self.0.load(Ordering::Acquire))
    }

    /// Counts a free of `amount`, if the record is still used for `generation`. Returns the word before it.
    pub(crate) fn free(&self, generation: u32, amount: u64) -> Option<Foreign> {
        self.change(|word| {
            if word.generation != generation && !planted(Fault::DropGenerationCheck) {
                return None;
            }
            // A closed scope whose blocks were given up holds nothing any more.
            let left = if word.closed { word.amount.saturating_sub(amount) } else { word.amount.wrapping_add(amount) };
            Some(word.with(left))
        })
    }

    /// Counts an `amount` more that is live in an open scope. Returns the word before it; `None` if the scope is closed.
    pub(crate) fn allocate(&self, amount: u64) -> Option<Foreign> {
        self.change(|word| (!word.closed).then(|| word.with(word.amount.wrapping_sub(amount))))
    }

    /// Makes an open scope a shared one: `own` is what is left of what its one thread allocated.
    pub(crate) fn share(&self, own: u64) {
        self.change(|word| (!word.closed).then(|| word.with(word.amount.wrapping_sub(own))));
    }

    /// Counts an `amount` more that is live below a closed scope. Returns the word before it.
    pub(crate) fn hold(&self, generation: u32, amount: u64) -> Option<Foreign> {
        self.change(|word| {
            let held = word.closed && word.generation == generation;
            held.then(|| word.with(word.amount + amount))
        })
    }

    /// Closes the scope, whose one thread has `own` left of what it allocated; nothing for a shared one. What is live is
    /// kept in the word if `keep` says so. Returns what is live.
    pub(crate) fn close(&self, own: u64, keep: bool) -> u64 {
        let amount = |word: Foreign| if keep { word.live_of(own) } else { 0 };
        let before = self.change(|word| Some(Foreign { closed: true, amount: amount(word), ..word }));
        before.map_or(0, |before| before.live_of(own))
    }

    /// Closes the scope, below which nothing is live and whose blocks nobody else ever knew.
    pub(crate) fn close_alone(&self) {
        let open = self.0.load(Ordering::Relaxed);
        // ORDERING: Release, pairs with the Acquire of `read`.
        self.0.store(open | CLOSED, Ordering::Release);
    }

    /// Gives up what is live below a closed scope. Returns whether there was anything left to give up.
    pub(crate) fn give_up(&self, generation: u32) -> bool {
        let given_up = self.change(|word| {
            let held = word.closed && word.generation == generation && word.amount > 0;
            held.then(|| word.with(0))
        });
        given_up.is_some()
    }

    /// Makes the word that of another generation: nothing counted, not closed.
    pub(crate) fn renew(&self, generation: u32) {
        // ORDERING: Release, pairs with the Acquire of `read` and `change`: a free that still sees the old generation
        // changed the word before.
        self.0.swap(Foreign { generation, closed: false, amount: 0 }.to_bits(), Ordering::AcqRel);
    }

    /// As [`renew`](Self::renew), where nobody can change the word any more.
    pub(crate) fn reuse(&self, generation: u32) {
        // ORDERING: Release, pairs with the Acquire of `read`.
        self.0.store(Foreign { generation, closed: false, amount: 0 }.to_bits(), Ordering::Release);
    }

    /// Changes the word by compare-and-swap until nobody else did meanwhile. Returns it as it was before; `None` if it is
    /// to stay.
    fn change(&self, step: impl Fn(Foreign) -> Option<Foreign>) -> Option<Foreign> {
        let mut seen = self.0.load(Ordering::Acquire);
        loop {
            let after = step(Foreign::from_bits(seen))?;
            match self.0.compare_exchange_weak(seen, after.to_bits(), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(Foreign::from_bits(seen)),
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
        assert_eq!(word.free(8_192, 5).map(|word| word.amount), Some(0));
        word.renew(8_193);
        assert_eq!(word.free(8_192, 5), None);
        assert_eq!(word.read(), Foreign { generation: 8_193, closed: false, amount: 0 });
    }

    #[test]
    fn closing_turns_what_was_freed_into_what_is_live() {
        let word = ForeignWord::of_generation(9_000);
        word.free(9_000, 30);
        assert_eq!(word.close(100, true), 70);
        assert_eq!(word.read(), Foreign { generation: 9_000, closed: true, amount: 70 });
        assert_eq!(word.free(9_000, 70).map(|word| word.amount), Some(70));
        assert_eq!(word.read().amount, 0);
        assert_eq!(word.free(9_000, 1).map(|word| word.amount), Some(0), "nothing falls below nothing");
    }

    #[test]
    fn what_is_live_stays_when_a_scope_is_shared() {
        let word = ForeignWord::of_generation(9_000);
        word.free(9_000, 30);
        word.share(100);
        assert_eq!(word.read().live_of(0), 70);
        assert_eq!(word.allocate(5).map(|word| word.live_of(0)), Some(70));
        word.free(9_000, 75);
        assert_eq!(word.read().live_of(0), 0);
        assert_eq!(word.close(0, true), 0);
        assert_eq!(word.allocate(1), None, "the scope is closed");
    }

    #[test]
    fn more_than_an_amount_can_hold_goes_through_an_open_scope() {
        let word = ForeignWord::of_generation(9_000);
        let mut own = 0_u64;
        for _ in 0..5 {
            own = own.wrapping_add(1 << 42);
            word.free(9_000, 1 << 42);
        }
        assert_eq!(word.read().live_of(own + 7), 7);
        assert_eq!(word.close(own + 7, false), 7);
    }
}
