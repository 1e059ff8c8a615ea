//! What a scope returns when it is finished.

use crate::completeness::Completeness;
use crate::stats::MemoryStats;
use core::fmt;
use core::ops::Deref;
use core::time::Duration;
use std::borrow::Cow;

#[cfg(feature = "stacks")]
use crate::record::{counter::Figures, tag::SiteId};

/// The figures of one finished scope. Derefs to [`MemoryStats`].
///
/// ```
/// heaplens::install!();
///
/// fn main() {
///     let (_, used) = heaplens::measure("ten bytes", || vec![0_u8; 10]);
///     assert_eq!(used.name(), "ten bytes");
///     assert_eq!((used.total_bytes, used.live_bytes, used.peak_bytes), (10, 10, 10));
///     assert!(used.completeness().is_complete());
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a measurement that nobody looks at measures nothing"]
pub struct Measurement {
    pub(super) name: Cow<'static, str>,
    pub(super) stats: MemoryStats,
    pub(super) elapsed: Duration,
    pub(super) completeness: Completeness,
    pub(super) unattached_threads: u64,
    pub(super) unattached_blocks: u64,
    #[cfg(feature = "stacks")]
    pub(crate) sites: Option<Vec<(SiteId, Figures)>>,
}

impl Measurement {
    /// The name of the scope.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The figures of the scope. `Measurement` also derefs to them.
    #[must_use]
    pub fn stats(&self) -> MemoryStats {
        self.stats
    }

    /// Wall time from opening the scope to closing it.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// What is missing from the figures, if anything, as far as the threads inside of the scope left it out.
    /// [`completeness`](crate::completeness) has the whole process.
    #[must_use]
    pub fn completeness(&self) -> Completeness {
        self.completeness
    }
}

impl Measurement {
    /// Threads that evidently worked for the scope without being inside of it: the first thing that each of them freed was a
    /// block of the scope, as the packet is that a new thread is handed. What they allocated is not in the figures.
    ///
    /// Attach them with [`MemoryScope::handle`](crate::MemoryScope::handle), or start them inside of
    /// [`exclude`](crate::exclude) if their work is none of the scope's.
    ///
    /// # Accuracy
    ///
    /// A hint: workers that were started earlier, such as those of a thread pool, are not among them, and a thread that has
    /// nothing to do with the scope is if it frees a block of the scope before anything else, as threads of rayon free each
    /// other's queues. A thread that a pool starts inside of the scope is among them if it finds no work left: with tokio's
    /// `spawn_blocking(move || handle.run(work))` another thread may have done the work before.
    ///
    /// ```
    /// heaplens::install!();
    ///
    /// fn main() {
    ///     let (_, used) = heaplens::measure("work", || std::thread::spawn(|| vec![0_u8; 100]).join());
    ///     assert_eq!(used.unattached_threads(), 1);
    ///     assert!(used.unattached_blocks() >= 1);
    ///     assert!(used.to_string().contains("1 thread worked for this scope from outside"), "{used}");
    /// }
    /// ```
    #[must_use]
    pub fn unattached_threads(&self) -> u64 {
        self.unattached_threads
    }

    /// Blocks that the [`unattached_threads`](Self::unattached_threads) allocated until the scope was closed, or until each
    /// ended.
    #[must_use]
    pub fn unattached_blocks(&self) -> u64 {
        self.unattached_blocks
    }

    /// A line about work that the scope did not see; none if there was none.
    pub(crate) fn unattached_note(&self) -> Option<String> {
        if self.unattached_threads == 0 {
            return None;
        }
        let threads = match self.unattached_threads {
            1 => "1 thread".to_owned(),
            number => format!("{number} threads"),
        };
        let blocks = match self.unattached_blocks {
            1 => "1 block".to_owned(),
            number => format!("{number} blocks"),
        };
        Some(format!(
            "{threads} worked for this scope from outside and allocated {blocks} that it did not see: attach with `handle()`, \
             or `ScopeHandle::current()` where the scope is not at hand"
        ))
    }
}

impl Deref for Measurement {
    type Target = MemoryStats;

    fn deref(&self) -> &MemoryStats {
        &self.stats
    }
}

/// The name and the line of [`MemoryStats`].
impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.stats)?;
        if !self.completeness.is_complete() {
            write!(f, " ({})", self.completeness)?;
        }
        if let Some(note) = self.unattached_note() {
            write!(f, " ({note})")?;
        }
        Ok(())
    }
}
