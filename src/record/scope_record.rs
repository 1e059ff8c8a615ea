//! One scope: its figures, who may write them, and the scope around it.
//!
//! ```text
//! free ──open──▶ open ──close, nothing live or nothing around──▶ free (next generation)
//!                  └────close, blocks live, a scope around open──▶ forwarder ──drained, or that scope closes──▶ free
//! ```
//!
//! The *own* figures have one writer, the thread that opened the scope. What other threads free of it goes to the two
//! foreign words. Live is own minus foreign, read by the owner at each of its allocations, so that the peak is exact in
//! the order of the scope's own events. A *forwarder* is a closed scope that only passes late frees on to those around.

use super::foreign::ForeignWord;
use super::tag::{Context, ScopeId};
use super::totals::Totals;
use super::writers::{One, Writers};
use crate::sys::arena::Zeroed;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// A scope's figures and links.
pub(crate) struct ScopeRecord {
    /// What the thread inside allocated and freed.
    own: Totals,
    peak_blocks: AtomicU64,
    peak_bytes: AtomicU64,
    /// What others freed: blocks and bytes. Their generation is the record's.
    pub(super) foreign_blocks: ForeignWord,
    pub(super) foreign_bytes: ForeignWord,
    /// Context of the scope around this one.
    parent: AtomicU64,
    /// Index of the slot of the thread that opened it.
    owner: AtomicU32,
    /// Number of scopes with stacks around the thread, this one included.
    levels: AtomicU32,
    /// Whether this scope itself keeps figures by call site.
    profiled: AtomicU32,
    /// Its number among all scopes with stacks.
    pub(super) instance: AtomicU32,
    /// Moves whenever the scope reaches a new peak.
    epoch: AtomicU32,
    /// Closed scopes under it that were forgotten while blocks of theirs were live.
    pub(super) evicted: AtomicU32,
    /// Whether another scope of the thread was opened inside and is still open although this one is closed.
    pub(super) pinned: AtomicU32,
    /// The next forwarder of the same thread, plus one.
    pub(super) next: AtomicU32,
    pub(super) name: NamePlace,
    #[cfg(feature = "stacks")]
    pub(super) place: super::place::ScopePlace,
}

// SAFETY: integers and null pointers, valid when zero, without a destructor.
unsafe impl Zeroed for ScopeRecord {}

/// Where an open scope's name lies. Its owner keeps it there until the scope is closed.
pub(super) struct NamePlace {
    start: AtomicPtr<u8>,
    length: AtomicUsize,
}

/// A scope's figures, as read once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ScopeFigures {
    pub(crate) total_blocks: u64,
    pub(crate) total_bytes: u64,
    pub(crate) freed_blocks: u64,
    pub(crate) freed_bytes: u64,
    pub(crate) peak_blocks: u64,
    pub(crate) peak_bytes: u64,
    pub(crate) reallocations: u64,
    pub(crate) moved_bytes: u64,
    pub(crate) temporary_blocks: u64,
    pub(crate) largest_block_bytes: u64,
    pub(crate) evicted_scopes: u64,
}

impl NamePlace {
    fn set(&self, name: &str) {
        self.start.store(name.as_ptr().cast_mut(), Ordering::Relaxed);
        self.length.store(name.len(), Ordering::Relaxed);
    }

    fn clear(&self) {
        self.length.store(0, Ordering::Relaxed);
    }

    /// The name.
    ///
    /// # Safety
    ///
    /// Called by the scope's owner, while the scope is open.
    #[cfg(feature = "stacks")]
    pub(super) unsafe fn get(&self) -> &str {
        let length = self.length.load(Ordering::Relaxed);
        let start = self.start.load(Ordering::Relaxed);
        if length == 0 {
            return "";
        }
        // SAFETY: `set` took the parts of a `str`, which the owner of the open scope keeps in place.
        let bytes = unsafe { core::slice::from_raw_parts(start, length) };
        // SAFETY: these are the bytes of a `str`.
        unsafe { core::str::from_utf8_unchecked(bytes) }
    }
}

impl ScopeRecord {
    /// Makes a free record that of a new scope.
    pub(super) fn begin(&self, owner: u32, parent: Context, levels: u32, profiled: bool, name: &str) {
        for figure in self.own_figures() {
            figure.store(0, Ordering::Relaxed);
        }
        for word in [&self.evicted, &self.pinned, &self.next, &self.epoch] {
            word.store(0, Ordering::Relaxed);
        }
        self.parent.store(parent.to_bits(), Ordering::Relaxed);
        self.owner.store(owner, Ordering::Relaxed);
        self.levels.store(levels, Ordering::Relaxed);
        self.profiled.store(u32::from(profiled), Ordering::Relaxed);
        self.name.set(name);
    }

    fn own_figures(&self) -> [&AtomicU64; 10] {
        [
            &self.own.total_blocks,
            &self.own.total_bytes,
            &self.own.freed_blocks,
            &self.own.freed_bytes,
            &self.own.temporary_blocks,
            &self.own.reallocations,
            &self.own.moved_bytes,
            &self.own.largest_block_bytes,
            &self.peak_blocks,
            &self.peak_bytes,
        ]
    }

    pub(super) fn generation(&self) -> u32 {
        self.foreign_blocks.read().generation
    }

    /// Whether the record is used for this scope and the scope is open.
    pub(super) fn is_open(&self, scope: ScopeId) -> bool {
        let word = self.foreign_blocks.read();
        word.generation == scope.generation && !word.closed
    }

    pub(super) fn parent(&self) -> Context {
        Context::from_own_bits(self.parent.load(Ordering::Relaxed))
    }

    pub(super) fn owner(&self) -> u32 {
        self.owner.load(Ordering::Relaxed)
    }

    pub(super) fn levels(&self) -> u32 {
        self.levels.load(Ordering::Relaxed)
    }

    pub(super) fn is_profiled(&self) -> bool {
        self.profiled.load(Ordering::Relaxed) != 0
    }

    /// The scope's peak epoch.
    pub(super) fn epoch(&self) -> u32 {
        self.epoch.load(Ordering::Relaxed)
    }

    /// Counts a block allocated inside, by the owner.
    pub(super) fn allocated(&self, size: usize) {
        self.own.allocated::<One>(size);
        self.absorb_foreign();
        let live = self.live();
        if live.1 > self.peak_bytes.load(Ordering::Relaxed) {
            self.set_peak(live);
            self.epoch.store(self.epoch().wrapping_add(1), Ordering::Relaxed);
        }
    }

    /// Takes over what others freed before the word for it is full, which is after terabytes.
    fn absorb_foreign(&self) {
        if self.foreign_bytes.read().is_half_full() {
            One::add(&self.own.freed_bytes, self.foreign_bytes.take());
        }
    }

    pub(super) fn set_peak(&self, (blocks, bytes): (u64, u64)) {
        self.peak_blocks.store(blocks, Ordering::Relaxed);
        self.peak_bytes.store(bytes, Ordering::Relaxed);
    }

    /// Counts what makes a reallocation more than a new and a freed block, by the owner.
    pub(super) fn reallocated(&self, moved: u64) {
        self.own.reallocated::<One>(moved);
    }

    /// Counts the end of a block of the scope, by the owner.
    pub(super) fn freed(&self, size: usize, temporary: bool) {
        self.own.freed::<One>(size);
        if temporary {
            let so_far = self.own.temporary_blocks.load(Ordering::Relaxed);
            self.own.temporary_blocks.store(so_far + 1, Ordering::Relaxed);
        }
    }

    /// Live blocks and bytes, as the owner sees them.
    pub(super) fn live(&self) -> (u64, u64) {
        let figures = self.read_open();
        (
            figures.total_blocks.saturating_sub(figures.freed_blocks),
            figures.total_bytes.saturating_sub(figures.freed_bytes),
        )
    }

    /// The figures while the scope is open, read by its owner.
    pub(super) fn read_open(&self) -> ScopeFigures {
        self.figures(self.foreign_blocks.read().amount, self.foreign_bytes.read().amount)
    }

    /// Closes the scope and reads its last figures. Called once, by the owner.
    pub(super) fn close(&self) -> ScopeFigures {
        let own = self.figures(0, 0);
        let blocks = self.foreign_blocks.close(own.total_blocks.wrapping_sub(own.freed_blocks));
        let bytes = self.foreign_bytes.close(own.total_bytes.wrapping_sub(own.freed_bytes));
        self.name.clear();
        self.figures(blocks, bytes)
    }

    /// Live blocks of a closed scope.
    pub(super) fn is_drained(&self) -> bool {
        let word = self.foreign_blocks.read();
        word.closed && word.amount == 0
    }

    /// Gives the record up. Frees that still name its scope find another generation.
    pub(super) fn renew(&self, generation: u32) {
        self.foreign_bytes.renew(generation);
        self.foreign_blocks.renew(generation);
    }

    fn figures(&self, foreign_blocks: u64, foreign_bytes: u64) -> ScopeFigures {
        let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        ScopeFigures {
            total_blocks: read(&self.own.total_blocks),
            total_bytes: read(&self.own.total_bytes),
            freed_blocks: read(&self.own.freed_blocks).wrapping_add(foreign_blocks),
            freed_bytes: read(&self.own.freed_bytes).wrapping_add(foreign_bytes),
            peak_blocks: read(&self.peak_blocks),
            peak_bytes: read(&self.peak_bytes),
            reallocations: read(&self.own.reallocations),
            moved_bytes: read(&self.own.moved_bytes),
            temporary_blocks: read(&self.own.temporary_blocks),
            largest_block_bytes: read(&self.own.largest_block_bytes),
            evicted_scopes: u64::from(self.evicted.load(Ordering::Relaxed)),
        }
    }
}
