//! The scopes of a thread while it alone is inside of them: the thread's totals count for them.
//!
//! Whatever a thread allocates, and frees of its innermost scope, changes every scope around it by the same. So an event
//! changes only the thread's totals, and costs nothing for the scopes, however many there are:
//!
//! ```text
//! float: own = own - totals        events: totals change        settle: own = own + totals
//!                        figures at any time: own + totals
//! ```
//!
//! What the totals count and the scopes do not, the end of a block that belongs to another scope or none, is taken back
//! from each.
//!
//! A peak of a scope is a net figure that is higher than all before it. How much higher it has to be for the first of the
//! scopes is a threshold of the thread, like the one of the process's peak. Frees by other threads only lower what is
//! live: until the threshold is crossed there is no new peak, and then it is looked at exactly.

use super::scope_record::ScopeRecord;
use super::slot::{Slot, mode};
use super::totals::Totals;
use super::writers::{One, Writers};
use core::sync::atomic::{AtomicU64, Ordering};

/// Scopes that are looked at for how far below its peak each is; if there are more, the next allocation looks.
const LOOKED_AT: usize = 4;

/// Whether the thread's totals count for its scopes. A part of its slot.
pub(crate) struct Run {
    /// The net figure above which a scope has a new peak; [`OFF`] while the totals count for none.
    high: AtomicU64,
}

/// No net figure is above it.
const OFF: u64 = i64::MAX as u64;

impl Run {
    /// The slot is a new thread's.
    pub(super) fn begin_thread(&self) {
        self.end();
    }

    pub(super) fn high(&self) -> i64 {
        self.high.load(Ordering::Relaxed) as i64
    }

    /// The totals count for the scopes from here on; none has a new peak before the net figure is above this.
    #[inline(always)]
    pub(super) fn begin(&self, high: u64) {
        self.high.store(high, Ordering::Relaxed);
    }

    /// The totals count for none.
    #[inline(always)]
    pub(super) fn end(&self) {
        self.high.store(OFF, Ordering::Relaxed);
    }

    #[inline(always)]
    pub(super) fn is_on(&self) -> bool {
        self.high.load(Ordering::Relaxed) != OFF
    }
}

/// Settles every scope of the thread: from here on its totals count for none.
#[inline(always)]
pub(super) fn pause(slot: &Slot) {
    if slot.run.is_on() {
        slot.run.end();
        let mut largest = slot.end_stretch();
        for record in slot.scopes() {
            // What was known of it is good for one plain visit, and only if that ends as one.
            record.headroom().store(0, Ordering::Relaxed);
            largest = record.raise_largest(largest);
            record.settle(&slot.totals);
        }
    }
}

/// Lets the totals of the thread count for its scopes, if it is alone inside of them, and sets the thresholds and the
/// accepted tags for where the thread is.
#[inline(always)]
pub(super) fn resume(slot: &Slot) {
    let run = &slot.run;
    if slot.innermost().is_none() || slot.mode() & (mode::EACH_SCOPE | mode::STACKS_IN_SCOPE) != 0 {
        run.end();
    } else {
        slot.end_stretch();
        slot.scopes().for_each(|record| record.float(&slot.totals));
        run.begin(slot.net().wrapping_add(distance_to_a_peak(slot)));
    }
    slot.choose_high();
    slot.accept_for_context();
}

/// A new scope is the innermost one from here on, inside of those for which the totals count all the time.
pub(super) fn go_inside(slot: &Slot, record: &'static ScopeRecord) {
    let largest = slot.end_stretch();
    if let Some(outer) = slot.innermost() {
        outer.raise_largest(largest);
    }
    slot.enter_scope(Some(record));
    record.float(&slot.totals);
    slot.run.begin(slot.net());
    slot.choose_high();
    slot.accept_for_context();
}

/// The innermost scope, whose record this is, is about to be closed: from here on the totals do not count for it.
#[inline(always)]
pub(super) fn settle_innermost(slot: &Slot, record: &ScopeRecord) {
    record.raise_largest(slot.end_stretch());
    record.settle(&slot.totals);
}

/// The innermost scope is closed, and the one around it is the innermost one from here on, if there is one.
#[inline(always)]
pub(super) fn go_outside(slot: &Slot, outer: Option<&'static ScopeRecord>) {
    slot.enter_scope(outer);
    if outer.is_some() {
        slot.run.begin(slot.net())
    } else {
        slot.run.end()
    }
    slot.choose_high();
    slot.accept_for_context();
}

/// The thread freed a block that belongs to another scope than its innermost one, or to none.
pub(super) fn freed_another(slot: &Slot, size: usize, temporary: bool) {
    slot.scopes().for_each(|record| record.freed_another(size, temporary));
    // The net figure fell by that, and what is live in the scopes did not.
    let high = slot.run.high.load(Ordering::Relaxed);
    slot.run.high.store(high.wrapping_sub(size as u64), Ordering::Relaxed);
    slot.choose_high();
}

/// How many bytes more make a new peak of some scope around the thread, at least.
#[inline(always)]
fn distance_to_a_peak(slot: &Slot) -> u64 {
    let mut distance = u64::MAX;
    for (looked_at, record) in slot.scopes().enumerate() {
        distance = distance.min(record.rise(&slot.totals));
        if looked_at == LOOKED_AT || distance == 0 {
            return 0;
        }
    }
    distance.min(i64::MAX as u64 / 2)
}

/// The net figure may be above that of a scope's peak: every scope is looked at.
pub(super) fn rise(slot: &Slot) {
    let run = &slot.run;
    if slot.net() as i64 <= run.high() {
        return;
    }
    let distance = slot.scopes().map(|record| record.rise(&slot.totals)).min().unwrap_or(0);
    run.high.store(slot.net().wrapping_add(distance), Ordering::Relaxed);
    slot.choose_high();
}

impl ScopeRecord {
    /// The totals of the thread inside count for the scope from here on: until
    /// [`settle`](Self::settle) the own figures are what they are without those totals.
    #[inline(always)]
    pub(super) fn float(&self, totals: &Totals) {
        for (own, thread) in self.own.sums().into_iter().zip(totals.sums()) {
            let thread = thread.load(Ordering::Relaxed);
            own.store(own.load(Ordering::Relaxed).wrapping_sub(thread), Ordering::Relaxed);
        }
    }

    /// Ends what [`float`](Self::float) began.
    #[inline(always)]
    pub(super) fn settle(&self, totals: &Totals) {
        for (own, thread) in self.own.sums().into_iter().zip(totals.sums()) {
            One::add(own, thread.load(Ordering::Relaxed));
        }
    }

    /// The thread inside freed a block that is none of the scope's, which its totals count.
    fn freed_another(&self, size: usize, temporary: bool) {
        One::add(&self.own.freed_blocks, 1_u64.wrapping_neg());
        One::add(&self.own.freed_bytes, (size as u64).wrapping_neg());
        if temporary {
            One::add(&self.own.temporary_blocks, 1_u64.wrapping_neg());
        }
    }

    /// Compares the peak with what is live while the totals of the thread inside count for the scope. Returns how far below
    /// the peak that is, in bytes.
    fn rise(&self, totals: &Totals) -> u64 {
        let left = |total: &AtomicU64, freed: &AtomicU64| {
            total.load(Ordering::Relaxed).wrapping_sub(freed.load(Ordering::Relaxed))
        };
        let own = &self.own;
        let bytes =
            left(&own.total_bytes, &own.freed_bytes).wrapping_add(left(&totals.total_bytes, &totals.freed_bytes));
        let live_bytes = self.foreign_bytes.read().live_of(bytes);
        let peak = self.peak_bytes.load(Ordering::Relaxed);
        if live_bytes <= peak {
            return peak - live_bytes;
        }
        let blocks =
            left(&own.total_blocks, &own.freed_blocks).wrapping_add(left(&totals.total_blocks, &totals.freed_blocks));
        self.set_peak((self.foreign_blocks.read().live_of(blocks), live_bytes));
        0
    }
}
