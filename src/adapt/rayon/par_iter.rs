//! Parallel iterators that work in a scope, in any pool.

use super::folding::InScopeConsumer;
use super::producing::InScopeCallback;
use crate::scope::ScopeHandle;
use rayon::iter::plumbing::{Consumer, ProducerCallback, UnindexedConsumer};
use rayon::iter::{IndexedParallelIterator, ParallelIterator};

/// Puts the work of a parallel iterator into a scope.
pub trait ParallelInScope: ParallelIterator {
    /// Everything that follows runs inside of the scope, on whatever thread of whatever pool: `map`, `filter`, `fold` and its
    /// identity, `reduce`, `for_each`, what a `collect` gathers on the way.
    ///
    /// ```
    /// use heaplens::MemoryScope;
    /// use heaplens::rayon::ParallelInScope;
    /// use rayon::prelude::*;
    ///
    /// heaplens::install!();
    ///
    /// fn main() {
    ///     let scope = MemoryScope::enter("lines");
    ///     let lines: Vec<String> =
    ///         (0..1_000).into_par_iter().in_scope(&scope.handle()).map(|n| format!("line {n:04}")).collect();
    ///     let used = scope.finish();
    ///     assert!(used.live_bytes >= 9 * lines.len() as u64, "{used}");
    /// }
    /// ```
    ///
    /// # What is not seen, and what is too much
    ///
    /// - A thread that waits inside of the scope, because a job of the iterator uses rayon itself (`join`, another parallel
    ///   iterator), does other jobs of its pool meanwhile. These count in the scope, unless they enter one of their own; and
    ///   what other threads do for the nested one does not. Put the nested one `in_scope` as well, or use a
    ///   [`ScopePool`](crate::rayon::ScopePool), whose threads do nothing else.
    /// - What comes before is pulled from inside of the scope, item by item, and may count: write this as near to the work as
    ///   it can be, after `enumerate`, `zip`, `chunks` and `rev`.
    /// - Where one of those follows, single items are in the scope, but the `identity` of a `fold` and the combining of two
    ///   halves are not.
    ///
    /// # Cost
    ///
    /// Some tens of nanoseconds for each piece that rayon splits the work into, none for each item, unless the items come one
    /// by one, as from `filter` or `flat_map`.
    fn in_scope(self, scope: &ScopeHandle) -> InScope<Self> {
        InScope { items: self, scope: scope.clone() }
    }
}

impl<I: ParallelIterator> ParallelInScope for I {}

/// A parallel iterator that works in a scope, see [`ParallelInScope::in_scope`].
#[must_use = "parallel iterators do nothing unless consumed"]
#[derive(Debug)]
pub struct InScope<I> {
    items: I,
    scope: ScopeHandle,
}

impl<I: ParallelIterator> ParallelIterator for InScope<I> {
    type Item = I::Item;

    fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
        self.items.drive_unindexed(InScopeConsumer::new(consumer, &self.scope))
    }

    fn opt_len(&self) -> Option<usize> {
        self.items.opt_len()
    }
}

impl<I: IndexedParallelIterator> IndexedParallelIterator for InScope<I> {
    fn len(&self) -> usize {
        self.items.len()
    }

    fn drive<C: Consumer<Self::Item>>(self, consumer: C) -> C::Result {
        self.items.drive(InScopeConsumer::new(consumer, &self.scope))
    }

    fn with_producer<CB: ProducerCallback<Self::Item>>(self, callback: CB) -> CB::Output {
        self.items.with_producer(InScopeCallback::new(callback, &self.scope))
    }
}
