//! A table that grows by pages and never moves: call sites, tree nodes and counters live in such tables.
//!
//! ```text
//! root: 256 pointers ──▶ directory: 256 pointers ──▶ page: 64 entries        256 * 256 * 64 = 2^22 entries
//! ```
//!
//! Memory is taken where an entry is used, not up to the highest index, so that a thread that touches ten of a million
//! call sites pays for ten pages at most, and the memory limit is kept to the page.

use super::tag::MAX_SITES;
use crate::sys::arena::{Place, Zeroed};

const PAGE_ENTRIES: usize = 64;
const FAN_OUT: usize = 256;

const _: () = assert!(FAN_OUT * FAN_OUT * PAGE_ENTRIES == MAX_SITES);

/// A table of up to 2^22 entries, each zero until it is changed.
pub(crate) struct Paged<T: 'static> {
    root: [Place<Directory<T>>; FAN_OUT],
}

struct Directory<T: 'static> {
    pages: [Place<Page<T>>; FAN_OUT],
}

struct Page<T> {
    entries: [T; PAGE_ENTRIES],
}

// SAFETY: null pointers are zero bytes.
unsafe impl<T: 'static> Zeroed for Paged<T> {}
// SAFETY: null pointers are zero bytes.
unsafe impl<T: 'static> Zeroed for Directory<T> {}
// SAFETY: an array of values that may be zero.
unsafe impl<T: Zeroed> Zeroed for Page<T> {}

impl<T: Zeroed> Paged<T> {
    /// An empty table.
    pub(crate) const fn new() -> Self {
        Self { root: [const { Place::new() }; FAN_OUT] }
    }

    /// The entry at `index`, if its page is in use.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        let directory = self.root.get(index / (FAN_OUT * PAGE_ENTRIES))?.get()?;
        let page = directory.pages[index / PAGE_ENTRIES % FAN_OUT].get()?;
        Some(&page.entries[index % PAGE_ENTRIES])
    }

    /// The entry at `index`, taking memory for its page if need be. `None` beyond the end or over the memory limit.
    #[inline]
    pub(crate) fn get_or_commit(&self, index: usize) -> Option<&T> {
        match self.get(index) {
            Some(entry) => Some(entry),
            None => self.commit(index),
        }
    }

    #[cold]
    fn commit(&self, index: usize) -> Option<&T> {
        let directory = self.root.get(index / (FAN_OUT * PAGE_ENTRIES))?.get_or_take()?;
        let page = directory.pages[index / PAGE_ENTRIES % FAN_OUT].get_or_take()?;
        Some(&page.entries[index % PAGE_ENTRIES])
    }
}
