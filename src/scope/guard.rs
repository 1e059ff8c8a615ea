//! The guard: a scope from a line to the end of a block.

use super::error::ScopeError;
use super::handle::ScopeHandle;
use super::measurement::Measurement;
use super::opened::Opened;
use crate::stats::MemoryStats;
use core::marker::PhantomData;
use std::borrow::Cow;

/// A measured stretch of work on the current thread, from [`enter`](Self::enter) to [`finish`](Self::finish) or the
/// end of the block. Scopes nest; what is allocated inside counts in every scope around it.
///
/// It is neither `Send` nor `Sync`: it measures the thread that opened it, and those that come inside by a
/// [`handle`](Self::handle). It closes when it is dropped, also by a panic.
///
/// ```
/// use heaplens::MemoryScope;
///
/// heaplens::install!();
///
/// fn main() {
///     let scope = MemoryScope::enter("load");
///     let table: Vec<u64> = (0..100).collect();
///     assert_eq!(scope.stats().live_bytes, 800);
///     drop(table);
///     let used = scope.finish();
///     assert_eq!((used.live_bytes, used.peak_bytes), (0, 800));
/// }
/// ```
///
/// ```compile_fail
/// # use heaplens::MemoryScope;
/// let scope = MemoryScope::enter("here");
/// std::thread::spawn(move || scope.finish()); // a scope stays on its thread
/// ```
#[must_use = "a scope ends when it is dropped: bind it to a name, `let _scope = …`; `let _ = …` ends it at once"]
#[derive(Debug)]
pub struct MemoryScope {
    opened: Opened,
    not_send: PhantomData<*const ()>,
}

/// Settings of a scope before it is opened.
#[must_use = "a scope is opened by `enter`"]
#[derive(Clone, Debug)]
pub struct ScopeBuilder {
    name: Cow<'static, str>,
    stacks: bool,
}

impl ScopeBuilder {
    /// Captures the call stack of every allocation inside the scope, for [`Measurement::sites`].
    ///
    /// # Cost
    ///
    /// Tens of nanoseconds for each allocation on x86_64 Linux with glibc, microseconds elsewhere.
    #[cfg(feature = "stacks")]
    pub fn stacks(mut self) -> Self {
        self.stacks = true;
        self
    }

    /// Opens the scope.
    ///
    /// # Panics
    ///
    /// Where [`try_enter`](Self::try_enter) gives an error, with its text.
    #[inline]
    #[track_caller]
    pub fn enter(self) -> MemoryScope {
        MemoryScope { opened: Opened::here(self.name, self.stacks), not_send: PhantomData }
    }

    /// Opens the scope.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] says why it cannot be measured, and what to do.
    pub fn try_enter(self) -> Result<MemoryScope, ScopeError> {
        Ok(MemoryScope { opened: Opened::try_here(self.name, self.stacks)?, not_send: PhantomData })
    }
}

impl MemoryScope {
    /// Opens a scope on the current thread.
    ///
    /// # Panics
    ///
    /// If heaplens is not installed or no more scopes can be opened; [`try_enter`](Self::try_enter) returns that as an
    /// error.
    #[track_caller]
    pub fn enter(name: impl Into<Cow<'static, str>>) -> Self {
        Self::builder(name).enter()
    }

    /// Opens a scope on the current thread.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] says why it cannot be measured, and what to do.
    pub fn try_enter(name: impl Into<Cow<'static, str>>) -> Result<Self, ScopeError> {
        Self::builder(name).try_enter()
    }

    /// A scope with settings.
    pub fn builder(name: impl Into<Cow<'static, str>>) -> ScopeBuilder {
        ScopeBuilder { name: name.into(), stacks: false }
    }

    /// The figures of the scope up to here. Allocates nothing.
    ///
    /// Beside other threads inside, totals may be ahead of what is live by the blocks that these allocate in that instant.
    #[must_use]
    pub fn stats(&self) -> MemoryStats {
        self.opened.stats()
    }

    /// What a [`Measurement`] would say if the scope ended here, call sites included: two of them show what a piece of work in
    /// between left behind.
    ///
    /// # Cost
    ///
    /// Copies the figures of every call site of the program where the scope has [stacks](ScopeBuilder::stacks).
    ///
    /// ```
    /// use heaplens::MemoryScope;
    ///
    /// heaplens::install!();
    ///
    /// fn main() {
    ///     let scope = MemoryScope::enter("cache");
    ///     let first = vec![0_u8; 100];
    ///     let before = scope.checkpoint();
    ///     let second = vec![0_u8; 50];
    ///     assert_eq!(scope.checkpoint().live_bytes - before.live_bytes, 50);
    ///     drop((first, second));
    /// }
    /// ```
    pub fn checkpoint(&self) -> Measurement {
        self.opened.checkpoint()
    }

    /// A handle, by which other threads come inside of the scope.
    ///
    /// # Cost
    ///
    /// From the first one on the scope and those around it are shared, see [`ScopeHandle`].
    #[must_use]
    pub fn handle(&self) -> ScopeHandle {
        self.opened.handle()
    }

    /// Closes the scope and returns its figures.
    ///
    /// If the scope was closed before, with the one around it or by the end of its thread, these are the figures of then,
    /// and [`misplaced_guards`](crate::Completeness::misplaced_guards) says so.
    pub fn finish(self) -> Measurement {
        self.opened.finish()
    }
}
