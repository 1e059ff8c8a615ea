//! The place of one thread: its totals, its view of the peak, and what is switched on for it.
//!
//! A slot has one writer, the thread that holds it, and any number of readers. It outlives its thread and is taken over
//! by a later one, totals included, so that the figures of the process are the sums over all slots and 100,000 short
//! threads need no more slots than are alive at once. Slot 0 is for events without a thread of their own; its writers
//! are many.

use super::peak;
use super::scope_record::ScopeRecord;
use super::scope_run::Run;
use super::scope_table;
use super::tag::Context;
use super::totals::{Drops, Largest, OwnWork, Totals};
use super::writers::{One, Writers};
use crate::fault::{Fault, planted};
use crate::sys::arena::Zeroed;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};

#[cfg(feature = "stacks")]
use super::shard::Shard;

/// One thread's place.
#[repr(C, align(64))]
pub(crate) struct Slot {
    pub(crate) totals: Totals,
    /// What an event looks at first: see [`gate`](super::gate).
    pub(super) gate: AtomicU64,
    /// The control word of [`peak`] when this slot last looked.
    pub(super) seen: AtomicU64,
    /// Bits of [`mode`]; zero on a thread for which nothing but counting is on.
    pub(super) mode: AtomicU32,
    index: AtomicU32,
    /// Net figures at which the thread has to look at [`peak`]; `low` is `i64::MAX` while it rises above the peak. `high` is
    /// the lower one of those for the process and for the scopes.
    low: AtomicU64,
    high: AtomicU64,
    /// The middle part of the tags of new blocks.
    context: AtomicU64,
    /// The record of that scope; null outside of all.
    innermost: AtomicPtr<ScopeRecord>,
    /// The tags of blocks whose end the short and the traced path count: [`Accepted`].
    pub(super) accepted_mask: AtomicU64,
    pub(super) accepted_bits: AtomicU64,
    /// Address of the last block allocated on this thread; zero when there is none or it was freed.
    last: AtomicUsize,
    /// The net figure at the last hand-over to [`peak`].
    handed_over: AtomicU64,
    /// What was live here at the peak, as of `peak_epoch`.
    blocks_at_peak: AtomicU64,
    bytes_at_peak: AtomicU64,
    peak_epoch: AtomicU32,
    /// The restart of the search for the peak that this slot took part in last.
    restart: AtomicU32,
    own_work_depth: AtomicU32,
    /// The context in which the last block was allocated, if it has changed since, and the number of blocks by then.
    earlier_context: AtomicU64,
    blocks_at_change: AtomicU64,
    /// The net figure at which the thread has to look at [`peak`] for the process.
    process_high: AtomicU64,
    largest: Largest,
    pub(super) run: Run,
    pub(super) visits: super::visits::Visits,
    pub(super) newcomer: super::newcomer::Newcomer,
    pub(crate) drops: Drops,
    pub(crate) own_work: OwnWork,
    #[cfg(feature = "stacks")]
    pub(crate) shard: Shard,
}

/// Bits of a slot's mode. Any bit takes an event off the short path.
pub(crate) mod mode {
    /// The thread works for the recorder.
    pub(crate) const OWN_WORK: u32 = 2;
    /// Stacks are on for the whole process.
    pub(crate) const STACKS_EVERYWHERE: u32 = 4;
    /// Stacks are on for a scope around the thread.
    pub(crate) const STACKS_IN_SCOPE: u32 = 8;
    /// A scope around the thread is shared or closed: each event counts in each of them at once.
    pub(crate) const EACH_SCOPE: u32 = 16;
}

// SAFETY: integers and null pointers, valid when zero, without a destructor.
unsafe impl Zeroed for Slot {}

impl Slot {
    /// The slot of those that have none of their own: its index is zero and its gate is shut for ever.
    pub(crate) const fn shared() -> Self {
        // SAFETY: all bytes zero is a value of the type, as `Zeroed` says.
        unsafe { core::mem::zeroed() }
    }

    /// Whether this is the shared slot.
    pub(crate) fn is_shared(&self) -> bool {
        self.index() == 0
    }

    pub(crate) fn index(&self) -> u32 {
        self.index.load(Ordering::Relaxed)
    }

    pub(crate) fn set_index(&self, index: u32) {
        self.index.store(index, Ordering::Relaxed);
        self.enter_scope(None);
    }

    /// Makes the slot that of a new thread.
    pub(crate) fn begin_thread(&self) {
        if !planted(Fault::KeepLastBlock) {
            self.last.store(0, Ordering::Relaxed);
        }
        self.own_work_depth.store(0, Ordering::Relaxed);
        let context = Context::of_thread(self.index());
        self.context.store(context.to_bits(), Ordering::Relaxed);
        self.earlier_context.store(context.to_bits(), Ordering::Relaxed);
        self.innermost.store(ptr::null_mut(), Ordering::Relaxed);
        self.seen.store(0, Ordering::Relaxed);
        self.run.begin_thread();
        self.visits.begin_thread();
        self.newcomer.begin_thread();
        self.accept_for_context();
        #[cfg(feature = "stacks")]
        self.shard.begin_thread();
        self.join_restart();
        self.change_mode(!0, 0);
    }

    #[inline(always)]
    pub(crate) fn context(&self) -> Context {
        Context::from_own_bits(self.context.load(Ordering::Relaxed))
    }

    /// The innermost scope that the thread is in, on which it has a hold in one way or another.
    #[inline(always)]
    pub(super) fn innermost(&self) -> Option<&'static ScopeRecord> {
        // SAFETY: null, or a record of the table, which lives for ever and is only shared.
        unsafe { self.innermost.load(Ordering::Relaxed).as_ref() }
    }

    /// The scopes that the thread is in, from the innermost outwards.
    #[inline(always)]
    pub(super) fn scopes(&self) -> impl Iterator<Item = &'static ScopeRecord> {
        scope_table::chain(self.innermost())
    }

    /// Changes whose the new blocks of this thread are, remembering whose the last one is.
    #[inline(always)]
    pub(super) fn enter_scope(&self, scope: Option<&'static ScopeRecord>) {
        #[cfg(feature = "stacks")]
        self.shard.place.forget();
        self.set_scope(scope);
    }

    /// As [`enter_scope`](Self::enter_scope), where the place of the thread's stacks is set already.
    #[inline(always)]
    pub(super) fn set_scope(&self, scope: Option<&'static ScopeRecord>) {
        let context = match scope {
            Some(record) => record.context(),
            None => Context::of_thread(self.index()),
        };
        let blocks = self.totals.total_blocks.load(Ordering::Relaxed);
        if blocks != self.blocks_at_change.load(Ordering::Relaxed) {
            self.earlier_context.store(self.context.load(Ordering::Relaxed), Ordering::Relaxed);
            self.blocks_at_change.store(blocks, Ordering::Relaxed);
        }
        self.context.store(context.to_bits(), Ordering::Relaxed);
        self.innermost
            .store(scope.map_or(ptr::null_mut(), |record| ptr::from_ref(record).cast_mut()), Ordering::Relaxed);
    }

    /// Remembers the last block of this thread.
    #[inline(always)]
    pub(crate) fn set_last(&self, block: *mut u8) {
        self.last.store(block.addr(), Ordering::Relaxed);
    }

    /// Whether a block is the last one that this thread allocated; if so, it is forgotten.
    ///
    /// Equal addresses are not enough: another thread may have freed the block and allocated one in its place. The
    /// context in the tag names this thread or one of its scopes, so that the block is its own.
    #[inline(always)]
    pub(crate) fn take_last(&self, block: *mut u8, context: Context) -> bool {
        if self.last.load(Ordering::Relaxed) != block.addr() {
            return false;
        }
        self.last.store(0, Ordering::Relaxed);
        let bits = context.to_bits();
        bits == self.context.load(Ordering::Relaxed) || bits == self.earlier_context.load(Ordering::Relaxed)
    }

    /// Allocated minus freed bytes on this thread, two's complement.
    #[inline(always)]
    pub(crate) fn net(&self) -> u64 {
        let freed = self.totals.freed_bytes.load(Ordering::Relaxed);
        self.totals.total_bytes.load(Ordering::Relaxed).wrapping_sub(freed)
    }

    #[inline(always)]
    pub(crate) fn is_above(&self, net: u64) -> bool {
        net as i64 > self.high.load(Ordering::Relaxed) as i64
    }

    #[inline(always)]
    pub(crate) fn is_below(&self, net: u64) -> bool {
        (net as i64) < self.low.load(Ordering::Relaxed) as i64
    }

    /// Whether the thread is the only one, stands at a new maximum, and has not fallen from it yet.
    pub(crate) fn is_rising(&self) -> bool {
        self.low.load(Ordering::Relaxed) as i64 == i64::MAX
    }

    /// From here on every fall is noticed, and a rise only when it exceeds a batch.
    pub(crate) fn rise(&self, batch: i64) {
        self.low.store(i64::MAX as u64, Ordering::Relaxed);
        self.process_high.store((self.net() as i64).saturating_add(batch) as u64, Ordering::Relaxed);
        self.choose_high();
    }

    /// Takes the lower one of the two upper thresholds.
    #[inline(always)]
    pub(super) fn choose_high(&self) {
        self.choose_high_with(self.run.high());
    }

    /// The same, for who knows the one of the scopes.
    #[inline(always)]
    pub(super) fn choose_high_with(&self, scopes: i64) {
        let process = self.process_high.load(Ordering::Relaxed) as i64;
        self.high.store(process.min(scopes) as u64, Ordering::Relaxed);
    }

    /// The net figure is above one of the upper thresholds by an event that is counted already: is it a peak of a scope, is
    /// it one of the process?
    #[cold]
    pub(crate) fn rose(&self) {
        super::scope_run::rise(self);
        if self.net() as i64 > self.process_high.load(Ordering::Relaxed) as i64 {
            peak::crossed(self);
        }
    }

    /// Takes the thresholds that follow from the figures handed over.
    pub(crate) fn settle(&self) {
        let (low, high) = peak::thresholds(self);
        self.low.store(low as u64, Ordering::Relaxed);
        self.process_high.store(high as u64, Ordering::Relaxed);
        self.choose_high();
    }

    pub(crate) fn handed_over(&self) -> u64 {
        self.handed_over.load(Ordering::Relaxed)
    }

    /// The change of the net figure since the last time, which counts as handed over from here on.
    pub(crate) fn hand_over(&self) -> u64 {
        let net = self.net();
        let change = net.wrapping_sub(self.handed_over());
        self.handed_over.store(net, Ordering::Relaxed);
        change
    }

    /// The peak epoch as of the last [`refresh`](Self::refresh).
    #[cfg(feature = "stacks")]
    #[inline(always)]
    pub(crate) fn peak_epoch(&self) -> u32 {
        self.peak_epoch.load(Ordering::Relaxed)
    }

    /// Looks at the peak epoch and the settings, before an event. Returns the epoch.
    #[inline(always)]
    pub(crate) fn refresh(&self) -> u32 {
        let control = peak::control();
        if self.seen.load(Ordering::Relaxed) != control {
            self.take_news();
        }
        self.peak_epoch.load(Ordering::Relaxed)
    }

    #[cold]
    fn take_news(&self) {
        self.join_restart();
        if self.is_rising() && !super::slots::alone() {
            peak::fall(self);
            self.settle();
        }
        let control = peak::control_acquired();
        self.fold::<One>(peak::epoch_of(control));
        let everywhere = super::settings::stacks_everywhere();
        let bits = self.mode() & !mode::STACKS_EVERYWHERE;
        self.mode.store(if everywhere { bits | mode::STACKS_EVERYWHERE } else { bits }, Ordering::Relaxed);
        if !self.is_rising() {
            self.settle();
        }
        self.seen.store(control, Ordering::Relaxed);
    }

    /// Takes part in a new search for the peak that was started since the last event here.
    fn join_restart(&self) {
        let restart = peak::restarts();
        if self.restart.swap(restart, Ordering::Relaxed) != restart {
            peak::join(self);
            if self.run.is_on()
                && let Some(scope) = self.innermost()
            {
                scope.raise_largest(self.end_stretch());
            }
            self.largest.begin_window(&self.totals);
        }
    }

    /// The largest block ever.
    pub(crate) fn largest_ever(&self) -> u64 {
        self.largest.ever(&self.totals)
    }

    /// Ends the present stretch of the thread's time and returns the largest block of it.
    #[inline(always)]
    pub(super) fn end_stretch(&self) -> u64 {
        self.largest.end_stretch(&self.totals)
    }

    /// The largest block since the last restart of the search for the peak.
    #[cfg(feature = "stacks")]
    pub(crate) fn largest_since_restart(&self) -> u64 {
        let took_part = self.is_shared() || self.restart.load(Ordering::Relaxed) == peak::restarts();
        if took_part { self.largest.in_window(&self.totals) } else { 0 }
    }

    /// The only thread falls from a new maximum: the peak is passed.
    #[cold]
    pub(crate) fn pass_peak(&self) -> u32 {
        peak::fall(self);
        self.settle();
        self.refresh()
    }

    /// Before the first event of a new epoch: what is live is what was live at the peak.
    pub(crate) fn fold<W: Writers>(&self, epoch: u32) {
        if self.peak_epoch.load(Ordering::Relaxed) == epoch {
            return;
        }
        let totals = &self.totals;
        let blocks =
            totals.total_blocks.load(Ordering::Relaxed).wrapping_sub(totals.freed_blocks.load(Ordering::Relaxed));
        self.blocks_at_peak.store(blocks, Ordering::Relaxed);
        self.bytes_at_peak.store(self.net(), Ordering::Relaxed);
        // ORDERING: Release, pairs with the Acquire in `at_peak`.
        self.peak_epoch.store(epoch, Ordering::Release);
    }

    /// What was live here at the peak of `epoch`, if the slot was touched since: `(blocks, bytes)`.
    pub(crate) fn at_peak(&self, epoch: u32) -> Option<(u64, u64)> {
        // ORDERING: Acquire, pairs with the Release in `fold`.
        let folded = self.peak_epoch.load(Ordering::Acquire) == epoch && !self.is_rising();
        folded.then(|| (self.blocks_at_peak.load(Ordering::Relaxed), self.bytes_at_peak.load(Ordering::Relaxed)))
    }

    /// Marks the thread as working for the recorder. Calls nest.
    pub(crate) fn begin_own_work(&self) {
        self.own_work_depth.store(self.own_work_depth.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        if !planted(Fault::CountOwnWork) {
            self.change_mode(0, mode::OWN_WORK);
        }
    }

    /// Number of allocations that counted here, the recorder's own included.
    pub(crate) fn all_blocks(&self) -> u64 {
        self.own_work.events.load(Ordering::Relaxed) + self.totals.total_blocks.load(Ordering::Relaxed)
    }

    /// Ends the innermost [`Self::begin_own_work`].
    pub(crate) fn end_own_work(&self) {
        let depth = self.own_work_depth.load(Ordering::Relaxed).saturating_sub(1);
        self.own_work_depth.store(depth, Ordering::Relaxed);
        if depth == 0 {
            self.change_mode(mode::OWN_WORK, 0);
        }
    }

    /// Counts something that had to be left out, for the thread and for the scopes that it is in.
    #[cold]
    pub(crate) fn drop_one(&self, reason: impl Fn(&Drops) -> &AtomicU64) {
        reason(&self.drops).fetch_add(1, Ordering::Relaxed);
        self.scopes().filter(|record| record.is_open()).for_each(|record| record.drop_some(&reason, 1));
    }
}
