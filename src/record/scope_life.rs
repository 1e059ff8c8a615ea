//! How long a record belongs to one scope: who still needs it.
//!
//! ```text
//! | generation 20 | inside 18 | holds 26 |
//!   bit 44          bit 26      bit 0
//! ```
//!
//! Who refers to a scope has a *hold* on its record: the guard or future that opened it, each handle, each thread inside
//! by a handle, each scope directly under it that has a record, the thread that was seen to belong to it unattached, and,
//! once it is closed, the blocks that are still live below it. Whoever gives up the last hold gives the record back, so
//! that nothing has to look for records that are done with.

use crate::sys::atomic::{AtomicU64, Ordering};

const HOLD: u64 = 1;
const HOLDS_MASK: u64 = (1 << INSIDE_SHIFT) - 1;
const INSIDE_SHIFT: u32 = 26;
const INSIDE: u64 = 1 << INSIDE_SHIFT;
const INSIDE_MASK: u64 = (1 << (GENERATION_SHIFT - INSIDE_SHIFT)) - 1;
const GENERATION_SHIFT: u32 = 44;

/// Who needs a record.
pub(crate) struct Life(AtomicU64);

impl Life {
    #[cfg(any(loom, test))]
    pub(crate) fn of_generation(generation: u32) -> Self {
        Self(AtomicU64::new(u64::from(generation) << GENERATION_SHIFT | HOLD))
    }

    /// That of a record which is never given up: half of all holds are had.
    #[cfg(not(loom))]
    pub(crate) const fn for_ever() -> Self {
        Self(AtomicU64::new(1 << (INSIDE_SHIFT - 1)))
    }

    /// Which of its scopes the record is used for.
    pub(crate) fn generation(&self) -> u32 {
        (self.0.load(Ordering::Relaxed) >> GENERATION_SHIFT) as u32
    }

    /// Makes the record that of a new scope, with one hold: that of who opens it. Called by who took the record.
    pub(crate) fn begin(&self) {
        self.0.store(u64::from(self.generation()) << GENERATION_SHIFT | HOLD, Ordering::Relaxed);
    }

    /// Ends the record's use for a scope. Called by who gave up the last hold.
    pub(crate) fn end(&self, next_generation: u32) {
        self.0.store(u64::from(next_generation) << GENERATION_SHIFT, Ordering::Relaxed);
    }

    /// One more hold. Called by who has one.
    pub(crate) fn hold(&self) {
        self.0.fetch_add(HOLD, Ordering::Relaxed);
    }

    /// One more hold by who has none, if the record is used for this scope.
    pub(crate) fn try_hold(&self, generation: u32) -> bool {
        let mut seen = self.0.load(Ordering::Relaxed);
        while seen >> GENERATION_SHIFT == u64::from(generation) && seen & HOLDS_MASK != 0 {
            // ORDERING: Acquire, pairs with the Release of `release`: what the other holders wrote is seen.
            match self.0.compare_exchange_weak(seen, seen + HOLD, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(other) => seen = other,
            }
        }
        false
    }

    /// Gives up a hold. `true`: it was the last one, and the caller gives the record back.
    pub(crate) fn release(&self) -> bool {
        self.take_away(HOLD)
    }

    /// A thread is inside by a handle, which is one more hold. Called by who has one.
    pub(crate) fn enter(&self) {
        self.0.fetch_add(INSIDE | HOLD, Ordering::Relaxed);
    }

    /// Ends what [`enter`](Self::enter) began. `true`: the caller gives the record back.
    pub(crate) fn leave(&self) -> bool {
        self.take_away(INSIDE | HOLD)
    }

    /// Whether there is one hold, and no thread inside by a handle.
    pub(crate) fn is_held_once(&self) -> bool {
        self.0.load(Ordering::Relaxed) & ((1 << GENERATION_SHIFT) - 1) == HOLD
    }

    /// Number of holds.
    pub(crate) fn holds(&self) -> u64 {
        self.0.load(Ordering::Relaxed) & HOLDS_MASK
    }

    /// Number of threads inside by a handle.
    pub(crate) fn inside(&self) -> u64 {
        self.0.load(Ordering::Relaxed) >> INSIDE_SHIFT & INSIDE_MASK
    }

    fn take_away(&self, what: u64) -> bool {
        // ORDERING: AcqRel: the last holder sees what all others wrote before they gave up theirs.
        self.0.fetch_sub(what, Ordering::AcqRel) & HOLDS_MASK == HOLD
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_last_hold_is_told() {
        let life = Life::of_generation(9_000);
        life.enter();
        assert_eq!((life.generation(), life.inside()), (9_000, 1));
        assert!(!life.release());
        assert!(life.leave());
        assert!(!life.try_hold(9_000), "nobody can hold what nobody holds");
    }

    #[test]
    fn only_the_scope_that_was_meant_is_held() {
        let life = Life::of_generation(9_000);
        assert!(!life.try_hold(9_001));
        assert!(life.try_hold(9_000));
        assert!(!life.release());
        assert!(life.release());
    }
}
