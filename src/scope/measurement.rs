//! What a scope returns when it is finished.

use crate::completeness::Completeness;
use crate::record::scope_record::ScopeFigures;
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

    /// What is missing from the figures, if anything, as far as the scope's own thread left it out.
    /// [`completeness`](crate::completeness) has the whole process.
    #[must_use]
    pub fn completeness(&self) -> Completeness {
        self.completeness
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
        if self.completeness.is_complete() { Ok(()) } else { write!(f, " ({})", self.completeness) }
    }
}

impl From<ScopeFigures> for MemoryStats {
    fn from(figures: ScopeFigures) -> Self {
        Self {
            total_blocks: figures.total_blocks,
            total_bytes: figures.total_bytes,
            freed_blocks: figures.freed_blocks,
            freed_bytes: figures.freed_bytes,
            live_blocks: figures.total_blocks.saturating_sub(figures.freed_blocks),
            live_bytes: figures.total_bytes.saturating_sub(figures.freed_bytes),
            peak_blocks: figures.peak_blocks,
            peak_bytes: figures.peak_bytes,
            peak_error_bytes: 0,
            reallocations: figures.reallocations,
            moved_bytes: figures.moved_bytes,
            temporary_blocks: figures.temporary_blocks,
            largest_block_bytes: figures.largest_block_bytes,
        }
    }
}
