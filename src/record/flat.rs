//! A table that grows by large pages and never moves, for those of which the process has one: tree nodes and call sites.
//!
//! ```text
//! root: 4,096 pointers ──▶ page: 1,024 entries            4,096 * 1,024 = 2^22 entries
//! ```
//!
//! One pointer less to follow than in a [`Paged`](super::paged::Paged) table, which every thread has several of.

use super::tag::MAX_SITES;
use crate::sys::arena::{Place, Zeroed};

const PAGE_ENTRIES: usize = 1_024;
const PAGES: usize = MAX_SITES / PAGE_ENTRIES;

/// A table of up to 2^22 entries, each zero until it is changed.
pub(crate) struct Flat<T: 'static> {
    pages: [Place<Page<T>>; PAGES],
}

struct Page<T>([T; PAGE_ENTRIES]);

// SAFETY: an array of values that may be zero.
unsafe impl<T: Zeroed> Zeroed for Page<T> {}

impl<T: Zeroed> Flat<T> {
    /// An empty table.
    pub(crate) const fn new() -> Self {
        Self { pages: [const { Place::new() }; PAGES] }
    }

    /// The entry at `index`, if its page is in use.
    #[inline(always)]
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        Some(&self.pages.get(index / PAGE_ENTRIES)?.get()?.0[index % PAGE_ENTRIES])
    }

    /// The entry at `index`, taking memory for its page if need be. `None` beyond the end or over the memory limit.
    pub(crate) fn get_or_commit(&self, index: usize) -> Option<&T> {
        Some(&self.pages.get(index / PAGE_ENTRIES)?.get_or_take()?.0[index % PAGE_ENTRIES])
    }
}
