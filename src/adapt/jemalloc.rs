//! jemalloc: as the inner allocator, and its own account of its memory.

#![forbid(unsafe_code)]

use core::fmt;
use tikv_jemalloc_ctl::{epoch, stats};

/// jemalloc as an allocator, to be wrapped.
///
/// ```
/// heaplens::install!(heaplens::Jemalloc);
///
/// fn main() {
///     let (_, used) = heaplens::measure("a kilobyte", || vec![0_u8; 1_000]);
///     assert_eq!(used.total_bytes, 1_000);
/// }
/// ```
pub use tikv_jemallocator::Jemalloc;

/// How jemalloc accounts for its memory, in bytes, as of one instant.
///
/// `allocated <= active <= resident`. The figures are jemalloc's: `allocated` counts its size classes, not the sizes
/// asked for, so that it is above [`MemoryStats::live_bytes`](crate::MemoryStats::live_bytes).
/// Source: the `stats.*` keys of <https://jemalloc.net/jemalloc.3.html>.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct JemallocStats {
    /// In blocks that the program holds, by size class.
    pub allocated_bytes: u64,
    /// In pages with such blocks.
    pub active_bytes: u64,
    /// In pages that are, or may be, in RAM: those above, unused dirty ones, and metadata.
    pub resident_bytes: u64,
    /// In address ranges in use.
    pub mapped_bytes: u64,
    /// In address ranges kept for later, not in RAM and not in `mapped_bytes`.
    pub retained_bytes: u64,
    /// In jemalloc's own structures.
    pub metadata_bytes: u64,
}

impl JemallocStats {
    /// Share of the active pages that holds no block of the program: `(active - allocated) / active`, from 0 to 1.
    #[must_use]
    pub fn fragmentation(&self) -> f64 {
        if self.active_bytes == 0 {
            return 0.0;
        }
        self.active_bytes.saturating_sub(self.allocated_bytes) as f64 / self.active_bytes as f64
    }
}

/// Why jemalloc gave no figures.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JemallocError {
    said: String,
}

impl fmt::Display for JemallocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "jemalloc gives no statistics ({}): was it built without them?", self.said)
    }
}

impl core::error::Error for JemallocError {}

/// jemalloc's figures for the process.
///
/// They are about jemalloc's memory, whether or not it is the allocator of the program.
///
/// # Cost
///
/// Tens of microseconds: jemalloc adds up its arenas.
///
/// # Errors
///
/// If jemalloc was built without statistics.
///
/// ```
/// heaplens::install!(heaplens::Jemalloc);
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let held = vec![1_u8; 1 << 20];
///     let figures = heaplens::jemalloc_stats()?;
///     assert!(figures.allocated_bytes >= 1 << 20);
///     println!("{figures}");
///     drop(held);
///     Ok(())
/// }
/// ```
pub fn jemalloc_stats() -> Result<JemallocStats, JemallocError> {
    let _own = crate::record::own_work::OwnWork::begin();
    let failed = |error: tikv_jemalloc_ctl::Error| JemallocError { said: error.to_string() };
    // jemalloc answers from a copy that it makes when the epoch advances.
    epoch::advance().map_err(failed)?;
    Ok(JemallocStats {
        allocated_bytes: stats::allocated::read().map_err(failed)? as u64,
        active_bytes: stats::active::read().map_err(failed)? as u64,
        resident_bytes: stats::resident::read().map_err(failed)? as u64,
        mapped_bytes: stats::mapped::read().map_err(failed)? as u64,
        retained_bytes: stats::retained::read().map_err(failed)? as u64,
        metadata_bytes: stats::metadata::read().map_err(failed)? as u64,
    })
}

/// One line with every figure.
impl fmt::Display for JemallocStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "jemalloc: allocated {} bytes, active {}, resident {}, mapped {}, retained {}, metadata {}, \
             fragmentation {:.1} %",
            self.allocated_bytes,
            self.active_bytes,
            self.resident_bytes,
            self.mapped_bytes,
            self.retained_bytes,
            self.metadata_bytes,
            self.fragmentation() * 100.0
        )
    }
}
