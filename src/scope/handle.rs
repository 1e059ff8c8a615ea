//! Handles: taking a scope to other threads.

use super::inside::Inside;
use crate::record::scope_ref::{self, ScopeRef};
use crate::record::scopes;
use crate::record::slots;
use crate::record::visits::Ended;
use std::io;
use std::thread::{self, Builder, JoinHandle, Scope, ScopedJoinHandle};

/// Refers to an open scope, from any thread: what a thread does [inside](Self::run) of it counts in it, and in the scopes
/// around it.
///
/// ```
/// use heaplens::MemoryScope;
///
/// heaplens::install!();
///
/// fn main() {
///     let scope = MemoryScope::enter("sum");
///     let inside = scope.handle();
///     let worker = inside.spawn(|| vec![1_u64; 1_000].iter().sum::<u64>());
///     assert_eq!(worker.join().expect("the worker ends well"), 1_000);
///     let used = scope.finish();
///     assert!(used.total_bytes >= 8_000);
///     assert_eq!(used.unattached_threads(), 0);
/// }
/// ```
///
/// # After the end of the scope
///
/// A handle does not keep its scope open. Entering one whose scope is closed is harmless: what is done there counts in the
/// scopes around it that are still open, and the entry counts as [`late_entries`](crate::Completeness::late_entries). A
/// thread that is inside when the scope is closed counts as
/// [`attached_at_close`](crate::Completeness::attached_at_close), in the measurement itself.
///
/// # Accuracy
///
/// Everything is exact on any number of threads once they have left the scope. The peak is exact in the order of the
/// scope's events. Only `peak_blocks` may be off by the blocks that other threads allocate or free in the very instant of
/// the peak.
///
/// # Cost
///
/// From the first handle on, each allocation and each free of the scope, and of those around it, takes atomic additions:
/// some ten nanoseconds for each level while one thread is at it, more while several are. Making, cloning and dropping a
/// handle takes some nanoseconds and allocates nothing.
#[derive(Debug)]
pub struct ScopeHandle {
    scope: ScopeRef,
}

/// The thread is inside of a scope until this is dropped, see [`ScopeHandle::enter`].
#[must_use = "the thread leaves the scope when this is dropped: bind it to a name, `let _inside = …`; `let _ = …` leaves it at once"]
#[derive(Debug)]
pub struct Entered {
    // Before the hold is given up.
    inside: Option<Inside>,
    scope: ScopeRef,
}

impl ScopeHandle {
    /// A handle of a scope of which the calling thread is the opener.
    pub(super) fn of(scope: ScopeRef) -> Self {
        Self { scope: scopes::hold_opened(slots::current_for_library(), scope) }
    }

    /// A handle of the innermost scope that the calling thread is in; `None` outside of all.
    ///
    /// A library that starts threads can attach them with it to whatever its user measures.
    ///
    /// ```
    /// use heaplens::ScopeHandle;
    ///
    /// heaplens::install!();
    ///
    /// fn main() {
    ///     assert!(ScopeHandle::current().is_none());
    ///     heaplens::measure("work", || assert!(ScopeHandle::current().is_some()));
    /// }
    /// ```
    #[must_use]
    pub fn current() -> Option<Self> {
        let scope = scopes::hold_current(slots::current()?)?;
        Some(Self { scope })
    }

    /// Enters the scope on the calling thread, until the guard is dropped.
    ///
    /// The scopes that the thread is in are left for that time: what it does counts in this scope and in those around it.
    /// Do not hold the guard over an `await`: the thread would stay inside while it does other work. Futures have
    /// [`in_scope`](crate::MeasureFuture::in_scope).
    ///
    /// On a thread that has no place of its own in the recorder (see [`ScopeError`](crate::ScopeError)) nothing counts in
    /// any scope, which is counted as `uncaptured_events`.
    ///
    /// ```
    /// use heaplens::MemoryScope;
    ///
    /// heaplens::install!();
    ///
    /// fn main() {
    ///     let scope = MemoryScope::enter("both");
    ///     let handle = scope.handle();
    ///     std::thread::spawn(move || {
    ///         let _inside = handle.enter();
    ///         drop(vec![0_u8; 5_000]);
    ///     })
    ///     .join()
    ///     .expect("the thread ends well");
    ///     assert!(scope.finish().peak_bytes >= 5_000);
    /// }
    /// ```
    pub fn enter(&self) -> Entered {
        self.note_entry();
        Entered { inside: Some(Inside::of(self.scope)), scope: self.scope }
    }

    /// Runs `work` inside of the scope, on the calling thread.
    pub fn run<R>(&self, work: impl FnOnce() -> R) -> R {
        let _inside = self.enter();
        work()
    }

    /// Starts a thread that runs `work` inside of the scope, as [`std::thread::spawn`].
    ///
    /// What the standard library allocates to start the thread counts where this is called.
    ///
    /// # Panics
    ///
    /// If the operating system does not start a thread.
    pub fn spawn<R, F>(&self, work: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        thread::spawn(self.attached(work))
    }

    /// Starts a thread that runs `work` inside of the scope, with the settings of a [`Builder`].
    ///
    /// # Errors
    ///
    /// If the operating system does not start a thread.
    pub fn spawn_with<R, F>(&self, builder: Builder, work: F) -> io::Result<JoinHandle<R>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        builder.spawn(self.attached(work))
    }

    /// Starts a thread among those of [`std::thread::scope`] that runs `work` inside of the memory scope.
    ///
    /// ```
    /// use heaplens::MemoryScope;
    ///
    /// heaplens::install!();
    ///
    /// fn main() {
    ///     let numbers = [1_u64, 2, 3];
    ///     let scope = MemoryScope::enter("halves");
    ///     let inside = scope.handle();
    ///     std::thread::scope(|threads| {
    ///         inside.spawn_scoped(threads, || numbers[..2].to_vec());
    ///         inside.spawn_scoped(threads, || numbers[2..].to_vec());
    ///     });
    ///     assert!(scope.finish().total_bytes >= 24);
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// If the operating system does not start a thread.
    pub fn spawn_scoped<'scope, 'env, R, F>(
        &self,
        threads: &'scope Scope<'scope, 'env>,
        work: F,
    ) -> ScopedJoinHandle<'scope, R>
    where
        F: FnOnce() -> R + Send + 'scope,
        R: Send + 'scope,
    {
        threads.spawn(self.attached(work))
    }

    /// Starts a thread among those of [`std::thread::scope`] that runs `work` inside of the memory scope, with the settings
    /// of a [`Builder`].
    ///
    /// # Errors
    ///
    /// If the operating system does not start a thread.
    pub fn spawn_scoped_with<'scope, 'env, R, F>(
        &self,
        builder: Builder,
        threads: &'scope Scope<'scope, 'env>,
        work: F,
    ) -> io::Result<ScopedJoinHandle<'scope, R>>
    where
        F: FnOnce() -> R + Send + 'scope,
        R: Send + 'scope,
    {
        builder.spawn_scoped(threads, self.attached(work))
    }

    pub(crate) fn scope(&self) -> ScopeRef {
        self.scope
    }

    /// Says that a thread is about to come inside, which `leave_by_handle` ends.
    pub(crate) fn note_entry(&self) {
        scope_ref::note_entry(slots::current_for_library(), self.scope);
    }

    /// `work`, to be run inside of the scope wherever it is called.
    fn attached<R, F: FnOnce() -> R>(&self, work: F) -> impl FnOnce() -> R + use<R, F> {
        let handle = self.clone();
        move || handle.run(work)
    }
}

impl Clone for ScopeHandle {
    fn clone(&self) -> Self {
        self.scope.hold();
        Self { scope: self.scope }
    }
}

impl Drop for ScopeHandle {
    fn drop(&mut self) {
        self.scope.release();
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let ended = self.inside.take().map_or(Ended::Back, Inside::leave_for_good);
        if !matches!(ended, Ended::Refused) {
            self.scope.leave();
        }
    }
}
