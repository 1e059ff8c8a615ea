//! The side of a parallel iterator that takes items: each piece of the work enters the scope once.

use crate::scope::ScopeHandle;
use rayon::iter::plumbing::{Consumer, Folder, Reducer, UnindexedConsumer};

/// Hands out what works in the scope.
pub(super) struct InScopeConsumer<'s, C> {
    inner: C,
    scope: &'s ScopeHandle,
}

/// Takes the items of one piece.
pub(super) struct InScopeFolder<'s, F> {
    inner: F,
    scope: &'s ScopeHandle,
}

/// Combines two pieces.
pub(super) struct InScopeReducer<'s, R> {
    inner: R,
    scope: &'s ScopeHandle,
}

impl<'s, C> InScopeConsumer<'s, C> {
    pub(super) fn new(inner: C, scope: &'s ScopeHandle) -> Self {
        Self { inner, scope }
    }
}

impl<'s, T, C: Consumer<T>> Consumer<T> for InScopeConsumer<'s, C> {
    type Folder = InScopeFolder<'s, C::Folder>;
    type Reducer = InScopeReducer<'s, C::Reducer>;
    type Result = C::Result;

    fn split_at(self, index: usize) -> (Self, Self, Self::Reducer) {
        let (left, right, inner) = self.inner.split_at(index);
        let scope = self.scope;
        (Self::new(left, scope), Self::new(right, scope), InScopeReducer { inner, scope })
    }

    fn into_folder(self) -> Self::Folder {
        let Self { inner, scope } = self;
        InScopeFolder { inner: scope.run(|| inner.into_folder()), scope }
    }

    fn full(&self) -> bool {
        self.inner.full()
    }
}

impl<T, C: UnindexedConsumer<T>> UnindexedConsumer<T> for InScopeConsumer<'_, C> {
    fn split_off_left(&self) -> Self {
        Self::new(self.inner.split_off_left(), self.scope)
    }

    fn to_reducer(&self) -> Self::Reducer {
        InScopeReducer { inner: self.inner.to_reducer(), scope: self.scope }
    }
}

impl<T, F: Folder<T>> Folder<T> for InScopeFolder<'_, F> {
    type Result = F::Result;

    fn consume(self, item: T) -> Self {
        let Self { inner, scope } = self;
        Self { inner: scope.run(|| inner.consume(item)), scope }
    }

    fn consume_iter<I: IntoIterator<Item = T>>(self, items: I) -> Self {
        let Self { inner, scope } = self;
        Self { inner: scope.run(|| inner.consume_iter(items)), scope }
    }

    fn complete(self) -> Self::Result {
        let Self { inner, scope } = self;
        scope.run(|| inner.complete())
    }

    fn full(&self) -> bool {
        self.inner.full()
    }
}

impl<T, R: Reducer<T>> Reducer<T> for InScopeReducer<'_, R> {
    fn reduce(self, left: T, right: T) -> T {
        let Self { inner, scope } = self;
        scope.run(|| inner.reduce(left, right))
    }
}
