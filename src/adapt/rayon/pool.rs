//! A pool whose threads are in a scope while they work for it, and in none otherwise.
//!
//! ```text
//! install: wait for the pool ─▶ every thread enters ─▶ the work, on the pool ─▶ every thread leaves ─▶ next install
//! ```

use crate::record::own_work::OwnWork;
use crate::scope::{Entered, Measurement, MemoryScope, ScopeHandle};
use core::cell::RefCell;
use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

/// Numbers the pools.
static POOLS: AtomicU64 = AtomicU64::new(0);

/// A pool of threads that work for one scope at a time, and are in no scope in between.
///
/// Everything that runs inside of [`install`](Self::install) uses it by itself: `par_iter`, `join`, `scope`, in libraries as
/// well. All of it, on every thread of the pool, counts in the scope, and nothing else does.
///
/// ```
/// use heaplens::rayon::ScopePool;
/// use rayon::prelude::*;
///
/// heaplens::install!();
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let pool = ScopePool::new()?;
///     let (sum, used) = pool.measure("squares", || {
///         (1..=100_u64).into_par_iter().map(|n| vec![n; 1_000].iter().sum::<u64>()).sum::<u64>()
///     });
///     assert_eq!(sum, 5_050_000);
///     assert!(used.total_bytes >= 100 * 8_000, "{used}");
///     assert_eq!(used.live_bytes, 0);
///     Ok(())
/// }
/// ```
///
/// # What is not seen
///
/// Jobs given to [`rayon::spawn`], which nobody waits for: what they do after the end of the install that started them
/// counts in no scope, or in that of the next install. Use [`rayon::scope`] and its `spawn`.
///
/// What rayon itself allocates on the pool's threads for many nested jobs counts in the scope; starting the threads, and
/// handing work to them, does not.
///
/// # Cost
///
/// Each install wakes every thread of the pool twice: some tens of microseconds. Idle threads cost nothing. The scope is
/// shared by its threads, see [`ScopeHandle`].
#[derive(Debug)]
pub struct ScopePool {
    pool: ThreadPool,
    number: u64,
    turn: Mutex<()>,
}

/// Why a pool does not work for a scope.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScopePoolError {
    /// It works for another install.
    Busy,
    /// This is part of an install of the same pool, for another scope.
    Nested,
}

/// One install, as the pool's threads know it.
struct Turn {
    pool: u64,
    scope: ScopeHandle,
    /// The install that it is part of, which is of another pool.
    around: Option<Arc<Turn>>,
}

/// What a thread of a pool is in.
struct Within {
    turn: Arc<Turn>,
    _inside: Entered,
}

thread_local! {
    static WITHIN: RefCell<Option<Within>> = const { RefCell::new(None) };
}

impl ScopePool {
    /// A pool of as many threads as rayon's global one has.
    ///
    /// # Errors
    ///
    /// If the operating system does not start the threads.
    pub fn new() -> Result<Self, ThreadPoolBuildError> {
        Self::build(ThreadPoolBuilder::new())
    }

    /// A pool with settings: how many threads, their names, their stacks.
    ///
    /// Starting the threads is heaplens's own work: it counts in no scope.
    ///
    /// # Errors
    ///
    /// If the operating system does not start the threads.
    pub fn build(settings: ThreadPoolBuilder) -> Result<Self, ThreadPoolBuildError> {
        let _own = OwnWork::begin();
        let number = POOLS.fetch_add(1, Ordering::Relaxed);
        Ok(Self { pool: settings.build()?, number, turn: Mutex::new(()) })
    }

    /// The number of threads.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Runs `work` on the pool, all of whose threads are inside of the scope meanwhile.
    ///
    /// Waits while the pool works for another install. An install for the same scope inside of this one runs in place.
    ///
    /// As with locks, two threads that each install into a second pool inside of a first wait for each other for ever if one
    /// takes them in the other order: take pools in one order everywhere, or use [`try_install`](Self::try_install).
    ///
    /// ```
    /// use heaplens::MemoryScope;
    /// use heaplens::rayon::ScopePool;
    ///
    /// heaplens::install!();
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let pool = ScopePool::new()?;
    ///     let scope = MemoryScope::enter("both halves");
    ///     let halves = pool.install(&scope.handle(), || rayon::join(|| vec![0_u8; 300], || vec![0_u8; 700]));
    ///     assert!(scope.finish().total_bytes >= 1_000);
    ///     drop(halves);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// Inside of an install of this pool for another scope: its threads cannot be in both. Use a second pool, or
    /// [`in_scope`](crate::rayon::ParallelInScope::in_scope). A panic of `work` goes on here, and the threads leave the scope.
    #[track_caller]
    pub fn install<R: Send>(&self, scope: &ScopeHandle, work: impl FnOnce() -> R + Send) -> R {
        match self.install_if(scope, work, || Ok(self.turn.lock().unwrap_or_else(PoisonError::into_inner))) {
            Ok(result) => result,
            Err(error) => panic!("{error}"),
        }
    }

    /// As [`install`](Self::install), if the pool is free; `work` is not run otherwise.
    ///
    /// # Errors
    ///
    /// If the pool works for another install.
    pub fn try_install<R: Send>(
        &self,
        scope: &ScopeHandle,
        work: impl FnOnce() -> R + Send,
    ) -> Result<R, ScopePoolError> {
        self.install_if(scope, work, || match self.turn.try_lock() {
            Ok(turn) => Ok(turn),
            Err(TryLockError::Poisoned(turn)) => Ok(turn.into_inner()),
            Err(TryLockError::WouldBlock) => Err(ScopePoolError::Busy),
        })
    }

    /// As [`heaplens::measure`](crate::measure), with `work` on this pool.
    ///
    /// # Panics
    ///
    /// As [`heaplens::measure`](crate::measure) and [`install`](Self::install).
    #[track_caller]
    pub fn measure<R: Send>(
        &self,
        name: impl Into<Cow<'static, str>>,
        work: impl FnOnce() -> R + Send,
    ) -> (R, Measurement) {
        let scope = MemoryScope::enter(name);
        let result = self.install(&scope.handle(), work);
        (result, scope.finish())
    }

    fn install_if<'a, R: Send>(
        &'a self,
        scope: &ScopeHandle,
        work: impl FnOnce() -> R + Send,
        take_turn: impl FnOnce() -> Result<MutexGuard<'a, ()>, ScopePoolError>,
    ) -> Result<R, ScopePoolError> {
        let around = WITHIN.with_borrow(|within| within.as_ref().map(|within| Arc::clone(&within.turn)));
        if let Some(turn) = find(around.as_ref(), self.number) {
            let is_in_place = self.pool.current_thread_index().is_some() && turn.scope.scope().is(scope.scope());
            return if is_in_place { Ok(work()) } else { Err(ScopePoolError::Nested) };
        }
        let _turn = take_turn()?;
        let _own = quietly();
        let turn = Arc::new(Turn { pool: self.number, scope: scope.clone(), around });
        let leave = Leave(&self.pool);
        self.pool.broadcast(|_| enter(&turn));
        let result = self.pool.install(work);
        drop(leave);
        Ok(result)
    }
}

/// The turn of a pool among these.
fn find(innermost: Option<&Arc<Turn>>, pool: u64) -> Option<&Arc<Turn>> {
    core::iter::successors(innermost, |turn| turn.around.as_ref()).find(|turn| turn.pool == pool)
}

/// Handing work to a pool is the recorder's own, on a thread that does nothing but wait for it. A thread of another pool does
/// other jobs of that pool meanwhile.
fn quietly() -> Option<OwnWork> {
    rayon::current_thread_index().is_none().then(OwnWork::begin)
}

fn enter(turn: &Arc<Turn>) {
    leave();
    let within = Within { turn: Arc::clone(turn), _inside: turn.scope.enter() };
    WITHIN.set(Some(within));
}

fn leave() {
    drop(WITHIN.take());
}

/// Every thread of the pool leaves, also after a panic.
struct Leave<'a>(&'a ThreadPool);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.broadcast(|_| leave());
    }
}

impl fmt::Display for ScopePoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => {
                "this pool works for another install: wait for it with `install`, or use a pool for each scope"
            }
            Self::Nested => {
                "this is part of an install of the same pool for another scope, and its threads cannot be in both: \
                 use a second pool, or `in_scope` on the parallel iterator"
            }
        })
    }
}

impl core::error::Error for ScopePoolError {}

/// The same text: `unwrap`, and `?` in `main` and in tests, print it, and it holds the remedy.
impl fmt::Debug for ScopePoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
