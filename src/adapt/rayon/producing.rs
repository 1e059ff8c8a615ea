//! The side of a parallel iterator that gives items, for adapters that ask for that: the thread is in the scope from the
//! first item of a piece to its last, and what takes the items runs in between.

use crate::scope::{Entered, ScopeHandle};
use rayon::iter::plumbing::{Folder, Producer, ProducerCallback};

/// Receives a producer for somebody who is to get one that works in the scope.
pub(super) struct InScopeCallback<'s, CB> {
    inner: CB,
    scope: &'s ScopeHandle,
}

/// Gives the items of a piece.
struct InScopeProducer<'s, P> {
    inner: P,
    scope: &'s ScopeHandle,
}

/// The items of a piece, one after the other, on one thread.
struct InScopeItems<'s, I> {
    // Goes before the thread leaves.
    items: I,
    inside: Option<Entered>,
    scope: &'s ScopeHandle,
}

impl<'s, CB> InScopeCallback<'s, CB> {
    pub(super) fn new(inner: CB, scope: &'s ScopeHandle) -> Self {
        Self { inner, scope }
    }
}

impl<T, CB: ProducerCallback<T>> ProducerCallback<T> for InScopeCallback<'_, CB> {
    type Output = CB::Output;

    fn callback<P: Producer<Item = T>>(self, producer: P) -> Self::Output {
        self.inner.callback(InScopeProducer { inner: producer, scope: self.scope })
    }
}

impl<'s, P: Producer> Producer for InScopeProducer<'s, P> {
    type Item = P::Item;
    type IntoIter = InScopeItems<'s, P::IntoIter>;

    fn into_iter(self) -> Self::IntoIter {
        InScopeItems { items: self.inner.into_iter(), inside: None, scope: self.scope }
    }

    fn min_len(&self) -> usize {
        self.inner.min_len()
    }

    fn max_len(&self) -> usize {
        self.inner.max_len()
    }

    fn split_at(self, index: usize) -> (Self, Self) {
        let (left, right) = self.inner.split_at(index);
        let scope = self.scope;
        (Self { inner: left, scope }, Self { inner: right, scope })
    }

    fn fold_with<F: Folder<Self::Item>>(self, folder: F) -> F {
        let Self { inner, scope } = self;
        scope.run(|| inner.fold_with(folder))
    }
}

impl<I> InScopeItems<'_, I> {
    /// The thread comes inside with the first item: another piece may be used up before this one begins.
    fn inside(&mut self) -> &mut I {
        if self.inside.is_none() {
            self.inside = Some(self.scope.enter());
        }
        &mut self.items
    }
}

impl<I: Iterator> Iterator for InScopeItems<'_, I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.inside().next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.items.size_hint()
    }
}

impl<I: DoubleEndedIterator> DoubleEndedIterator for InScopeItems<'_, I> {
    fn next_back(&mut self) -> Option<I::Item> {
        self.inside().next_back()
    }
}

impl<I: ExactSizeIterator> ExactSizeIterator for InScopeItems<'_, I> {}
