//! One scope: its figures, who may write them, and the scope around it.
//!
//! ```text
//! free ──open──▶ open ──close──▶ closed ──last hold given up──▶ free (next generation)
//!                 │ share
//!                 └──▶ open, shared
//! ```
//!
//! An open scope begins as that of one thread: the one that opened it or that polls its future. Its *own* figures have
//! that one writer, and what other threads free of it goes to the two foreign words. Live is own minus foreign, read at
//! each allocation, so that the peak is exact in the order of the scope's own events. Before a second thread can come
//! inside, the one that is there makes the record a *shared* one: from then on every event changes the foreign words,
//! which have what is live, and the order of those changes is the order of the events.
//!
//! A closed scope whose blocks are live under an open one is a *forwarder*: it passes late frees on.

use super::foreign::{Foreign, ForeignWord};
use super::scope_life::Life;
use super::scope_name::NamePlace;
use super::tag::{Context, ScopeId};
use super::totals::{Drops, Totals};
use super::writers::{Many, One, Writers};
use crate::sys::arena::Zeroed;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

/// A scope's figures and links.
pub(crate) struct ScopeRecord {
    /// What the threads inside allocated, and what the one thread of a scope that is not shared freed.
    pub(super) own: Totals,
    pub(super) peak_blocks: AtomicU64,
    pub(super) peak_bytes: AtomicU64,
    /// How many bytes more, at least, make a new peak of a plain scope that no thread is inside of.
    headroom: AtomicU64,
    /// Temporary blocks that were freed by others than the one thread inside.
    pub(super) temporary_elsewhere: AtomicU64,
    /// What others freed, or what is live: see [`foreign`](super::foreign). Their generation is the record's.
    pub(super) foreign_blocks: ForeignWord,
    pub(super) foreign_bytes: ForeignWord,
    pub(super) life: Life,
    /// Its place in the table.
    index: AtomicU32,
    /// The context of blocks allocated inside.
    context: AtomicU64,
    /// The scope around this one: its context, and its record, which stays as long as this one is in use.
    parent: AtomicU64,
    outer: AtomicPtr<ScopeRecord>,
    /// Index of the slot of the one thread inside; zero if there is none or the scope is shared.
    owner: AtomicU32,
    /// Index of the slot of the thread whose guard opened it; zero for a scope that is entered later.
    opener: AtomicU32,
    /// Bits of [`flag`].
    flags: AtomicU32,
    /// Number of scopes with stacks around the thread, this one included.
    levels: AtomicU32,
    /// Its number among all scopes with stacks.
    pub(super) instance: AtomicU32,
    /// Moves whenever the scope reaches a new peak.
    epoch: AtomicU32,
    /// What the threads inside left out.
    pub(super) drops: Drops,
    /// Threads that evidently work for the scope and were never inside, and what those that ended allocated meanwhile.
    pub(super) unattached_threads: AtomicU64,
    pub(super) unattached_blocks: AtomicU64,
    /// When it became a forwarder, in the order of all that did.
    pub(super) closed_at: AtomicU64,
    pub(super) name: NamePlace,
    #[cfg(feature = "stacks")]
    pub(super) place: super::place::ScopePlace,
}

// SAFETY: integers and null pointers, valid when zero, without a destructor.
unsafe impl Zeroed for ScopeRecord {}

/// Bits of a record's flags.
pub(super) mod flag {
    /// A guard or a future refers to it and has not given up its hold.
    pub(crate) const OPENER: u32 = 1;
    /// No scope is around it, one thread at a time is inside, and no stacks are captured because of it.
    pub(crate) const PLAIN: u32 = 2;
    /// More than one thread may be inside.
    pub(crate) const SHARED: u32 = 4;
    /// It keeps figures by call site.
    pub(crate) const PROFILED: u32 = 8;
    /// Something was left out inside.
    pub(crate) const DROPPED: u32 = 16;
    /// Somebody may still know the scope by its generation: the tag of a live block, a guard that
    /// outlived its thread, or a future whose poll left it open.
    pub(crate) const REMEMBERED: u32 = 32;
}

/// How a new scope begins.
pub(super) struct Beginning<'a> {
    pub(super) opener: u32,
    pub(super) outer: Option<&'static ScopeRecord>,
    pub(super) levels: u32,
    pub(super) flags: u32,
    pub(super) name: &'a str,
}

impl ScopeRecord {
    /// One of a scope that is closed, and that is held for ever.
    pub(super) const fn over() -> Self {
        // SAFETY: all bytes zero is a value of the type, as `Zeroed` says.
        let mut record: Self = unsafe { core::mem::zeroed() };
        record.life = Life::for_ever();
        record.foreign_blocks = ForeignWord::closed();
        record
    }

    /// Makes a free record that of a new scope. Called by who took it.
    pub(super) fn begin(&self, beginning: &Beginning<'_>) {
        for figure in self.own.figures() {
            figure.store(0, Ordering::Relaxed);
        }
        for figure in [
            &self.peak_blocks,
            &self.peak_bytes,
            &self.headroom,
            &self.temporary_elsewhere,
            &self.unattached_threads,
            &self.unattached_blocks,
        ] {
            figure.store(0, Ordering::Relaxed);
        }
        for word in [&self.epoch, &self.instance] {
            word.store(0, Ordering::Relaxed);
        }
        if self.is(flag::DROPPED) {
            self.drops.forget();
        }
        self.context.store(Context::of_scope(self.id()).to_bits(), Ordering::Relaxed);
        let parent = beginning.outer.map_or(Context::of_thread(0), Self::context);
        self.parent.store(parent.to_bits(), Ordering::Relaxed);
        self.outer
            .store(beginning.outer.map_or(ptr::null_mut(), |outer| ptr::from_ref(outer).cast_mut()), Ordering::Relaxed);
        for slot in [&self.owner, &self.opener] {
            slot.store(beginning.opener, Ordering::Relaxed);
        }
        self.levels.store(beginning.levels, Ordering::Relaxed);
        let plain = if beginning.outer.is_none() && beginning.levels == 0 { flag::PLAIN } else { 0 };
        self.flags.store(beginning.flags | plain | flag::OPENER, Ordering::Relaxed);
        self.name.set(beginning.name);
        self.life.begin();
    }

    pub(super) fn set_index(&self, index: u32) {
        self.index.store(index, Ordering::Relaxed);
    }

    /// The scope that the record is used for.
    #[inline(always)]
    pub(super) fn id(&self) -> ScopeId {
        ScopeId { index: self.index.load(Ordering::Relaxed), generation: self.life.generation() }
    }

    /// Whether the scope that the record is used for is open.
    #[inline(always)]
    pub(super) fn is_open(&self) -> bool {
        !self.foreign_blocks.read().closed
    }

    /// The record of the scope around this one, for who has a hold on this one.
    #[inline(always)]
    pub(super) fn outer(&self) -> Option<&'static ScopeRecord> {
        // SAFETY: null, or a record of the table, which lives for ever and is only shared.
        unsafe { self.outer.load(Ordering::Relaxed).as_ref() }
    }

    /// The context of blocks allocated inside.
    #[inline(always)]
    pub(super) fn context(&self) -> Context {
        Context::from_own_bits(self.context.load(Ordering::Relaxed))
    }

    /// Whether being inside of it means nothing but that, see [`flag::PLAIN`].
    #[inline(always)]
    pub(super) fn is_plain(&self) -> bool {
        self.is(flag::PLAIN)
    }

    pub(super) fn parent(&self) -> Context {
        Context::from_own_bits(self.parent.load(Ordering::Relaxed))
    }

    pub(super) fn owner(&self) -> u32 {
        self.owner.load(Ordering::Relaxed)
    }

    /// Says which thread is inside; zero for none. Called by that thread.
    pub(super) fn set_owner(&self, slot: u32) {
        self.owner.store(slot, Ordering::Relaxed);
    }

    pub(super) fn levels(&self) -> u32 {
        self.levels.load(Ordering::Relaxed)
    }

    pub(super) fn is(&self, flags: u32) -> bool {
        self.flags.load(Ordering::Relaxed) & flags == flags
    }

    pub(super) fn set(&self, flags: u32) {
        self.flags.fetch_or(flags, Ordering::Relaxed);
    }

    pub(super) fn is_profiled(&self) -> bool {
        self.is(flag::PROFILED)
    }

    pub(super) fn is_shared(&self) -> bool {
        self.is(flag::SHARED)
    }

    /// Whether a guard of the thread with this slot opened it.
    pub(super) fn is_guard_of(&self, slot: u32) -> bool {
        self.opener.load(Ordering::Relaxed) == slot
    }

    /// The opener gives up its hold: `true` for the first time that this is said.
    pub(super) fn take_opener(&self) -> bool {
        self.flags.fetch_and(!flag::OPENER, Ordering::Relaxed) & flag::OPENER != 0
    }

    /// Counts something that had to be left out inside.
    #[cold]
    pub(super) fn drop_some(&self, reason: impl Fn(&Drops) -> &AtomicU64, number: u64) {
        self.set(flag::DROPPED);
        reason(&self.drops).fetch_add(number, Ordering::Relaxed);
    }

    /// The scope's peak epoch.
    pub(super) fn epoch(&self) -> u32 {
        self.epoch.load(Ordering::Relaxed)
    }

    /// From here on several threads may be inside. Called by the one that is, between its events.
    pub(super) fn share(&self) {
        if self.is_shared() {
            return;
        }
        let (blocks, bytes) = self.own_left();
        self.foreign_blocks.share(blocks);
        self.foreign_bytes.share(bytes);
        // ORDERING: relaxed is enough: no other thread is inside before what lets it in was handed to it.
        self.set(flag::SHARED);
        self.flags.fetch_and(!flag::PLAIN, Ordering::Relaxed);
        self.set_owner(0);
    }

    /// Counts a block allocated by a thread inside. `false`: the scope is closed by now.
    pub(super) fn allocated(&self, size: usize) -> bool {
        if self.is_shared() {
            return self.allocated_beside_others(size);
        }
        self.own.allocated::<One>(size);
        let live = self.live();
        if live.1 > self.peak_bytes.load(Ordering::Relaxed) {
            self.set_peak(live);
            self.epoch.store(self.epoch().wrapping_add(1), Ordering::Relaxed);
        }
        true
    }

    fn allocated_beside_others(&self, size: usize) -> bool {
        // The totals first: whoever sees a block as live sees it as allocated.
        self.own.allocated::<Many>(size);
        let Some(blocks) = self.foreign_blocks.allocate(1) else { return false };
        let Some(bytes) = self.foreign_bytes.allocate(size as u64) else { return true };
        let live = bytes.live_of(0) + size as u64;
        if live > self.peak_bytes.load(Ordering::Relaxed) && self.peak_bytes.fetch_max(live, Ordering::Relaxed) < live {
            self.peak_blocks.store(blocks.live_of(0) + 1, Ordering::Relaxed);
            self.epoch.fetch_add(1, Ordering::Relaxed);
        }
        true
    }

    /// How many bytes more, at least, make a new peak. Frees by other threads only make it more.
    #[inline(always)]
    pub(super) fn headroom(&self) -> &AtomicU64 {
        &self.headroom
    }

    /// Takes note of a block's size. Returns the largest one.
    #[inline(always)]
    pub(super) fn raise_largest(&self, size: u64) -> u64 {
        let largest = &self.own.largest_block_bytes;
        let before = largest.load(Ordering::Relaxed);
        if size > before { largest.fetch_max(size, Ordering::Relaxed).max(size) } else { before }
    }

    pub(super) fn set_peak(&self, (blocks, bytes): (u64, u64)) {
        self.peak_blocks.store(blocks, Ordering::Relaxed);
        self.peak_bytes.store(bytes, Ordering::Relaxed);
    }

    /// Counts what makes a reallocation more than a new and a freed block, by a thread inside.
    pub(super) fn reallocated(&self, moved: u64) {
        if self.is_shared() { self.own.reallocated::<Many>(moved) } else { self.own.reallocated::<One>(moved) }
    }

    /// Counts the end of a block of the scope, by the one thread inside.
    pub(super) fn freed(&self, size: usize, temporary: bool) {
        self.own.freed::<One>(size);
        if temporary {
            One::add(&self.own.temporary_blocks, 1);
        }
    }

    /// Counts that a freed block was a temporary one, by a thread that has a hold and may not be the one inside.
    pub(super) fn freed_temporary(&self) {
        Many::add(&self.temporary_elsewhere, 1);
    }

    /// Live blocks and bytes of an open scope, as the one thread inside sees them, or for a shared one as they are.
    pub(super) fn live(&self) -> (u64, u64) {
        self.live_by(self.foreign_blocks.read(), self.foreign_bytes.read())
    }

    pub(super) fn live_by(&self, blocks: Foreign, bytes: Foreign) -> (u64, u64) {
        let own = self.own_left();
        (blocks.live_of(own.0), bytes.live_of(own.1))
    }

    /// What the one thread inside has left of what it allocated, as far as it freed itself; nothing for a shared scope.
    fn own_left(&self) -> (u64, u64) {
        if self.is_shared() {
            return (0, 0);
        }
        let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        (
            read(&self.own.total_blocks).wrapping_sub(read(&self.own.freed_blocks)),
            read(&self.own.total_bytes).wrapping_sub(read(&self.own.freed_bytes)),
        )
    }

    /// Closes the scope. What is live below it is kept for those around if `keep` says so. Returns the number of blocks
    /// that are. Called once.
    pub(super) fn close(&self, keep: bool) -> u64 {
        let own = self.own_left();
        let blocks = self.foreign_blocks.close(own.0, keep);
        // Nobody asks for the bytes that are live below a closed scope.
        let bytes = self.foreign_bytes.read().live_of(own.1);
        let last = self.figures(blocks, bytes);
        self.own.freed_blocks.store(last.freed_blocks, Ordering::Relaxed);
        self.own.freed_bytes.store(last.freed_bytes, Ordering::Relaxed);
        self.name.clear();
        if blocks > 0 || self.is_shared() {
            self.set(flag::REMEMBERED);
        }
        blocks
    }

    /// Whether nobody but its opener refers to the open scope or ever will: it has one hold, nothing is live in it, and no other
    /// thread ever freed a block of it. Called by the one thread inside.
    ///
    /// PERF: what nobody else can change needs no locked operation, of which each costs seven nanoseconds; `benches/scopes`.
    pub(super) fn is_openers_alone(&self) -> bool {
        self.own_left().0 == 0
            && self.foreign_blocks.read().amount == 0
            && self.life.is_held_once()
            && !self.is_shared()
    }

    /// Closes a scope that is its [opener's alone](Self::is_openers_alone).
    pub(super) fn close_alone(&self) {
        self.foreign_blocks.close_alone();
        self.name.clear();
    }

    /// Gives the record up. Frees that still name its scope find another generation.
    pub(super) fn renew(&self, generation: u32) {
        self.foreign_bytes.renew(generation);
        self.foreign_blocks.renew(generation);
        self.life.end(generation);
    }

    /// Gives up the record of a scope that nobody knows by its generation: that is the next scope's.
    pub(super) fn reuse(&self) {
        let generation = self.life.generation();
        self.foreign_bytes.reuse(generation);
        self.foreign_blocks.reuse(generation);
        self.life.end(generation);
    }
}
