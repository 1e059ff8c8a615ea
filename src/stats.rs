//! The figures of one owner of memory: the process, or one scope.
//!
//! A leaf of the import graph: every layer that speaks of figures uses this one type. The meaning of each
//! field is the contract of the crate and is repeated nowhere else.

use core::fmt;

/// Exact figures of one owner of memory: the process ([`stats`](crate::stats)) or one scope
/// ([`Measurement`](crate::Measurement)).
///
/// A *block* is one successful `alloc`, `alloc_zeroed` or `realloc`; its size is the size asked for, not the size that
/// the allocator rounds it up to. For every owner and in every reading `total - freed == live`, in bytes and in blocks.
///
/// # Accuracy
///
/// Totals and live figures are exact once the threads that allocate are joined. `peak_bytes` of a scope is exact in the
/// order of the scope's own events. `peak_bytes` of the process is exact as long as one thread allocates; with several
/// threads the true peak lies between `peak_bytes` and `peak_bytes + peak_error_bytes`.
///
/// ```
/// let figures = heaplens::MemoryStats::default();
/// assert_eq!(figures.total_bytes - figures.freed_bytes, figures.live_bytes);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct MemoryStats {
    /// Blocks allocated since the start of the owner. Never falls.
    pub total_blocks: u64,
    /// Bytes allocated since the start of the owner. Never falls.
    pub total_bytes: u64,
    /// Blocks of this owner that were freed, on whatever thread.
    pub freed_blocks: u64,
    /// Bytes of this owner that were freed, on whatever thread.
    pub freed_bytes: u64,
    /// Blocks allocated and not yet freed.
    pub live_blocks: u64,
    /// Bytes allocated and not yet freed.
    pub live_bytes: u64,
    /// Live blocks at the instant of the peak of `live_bytes` (not the highest number of blocks).
    pub peak_blocks: u64,
    /// The highest value of `live_bytes`. Of several equal peaks the first one counts.
    pub peak_bytes: u64,
    /// How far the true peak may lie above `peak_bytes`, in bytes. Zero: the peak is exact.
    pub peak_error_bytes: u64,
    /// Successful calls of `realloc`. Each is also a freed and a new block.
    pub reallocations: u64,
    /// Bytes that a `realloc` had to carry to another address: the smaller of the old and the new size.
    pub moved_bytes: u64,
    /// Blocks freed by the thread that allocated them before that thread allocated anything else.
    pub temporary_blocks: u64,
    /// Size in bytes of the largest block ever allocated.
    pub largest_block_bytes: u64,
}

/// Bytes in a megabyte (10^6), the unit of `*_mb`.
const MB: f64 = 1_000_000.0;
/// Bytes in a mebibyte (2^20), the unit of `*_mib`.
const MIB: f64 = 1_048_576.0;

impl MemoryStats {
    /// `peak_bytes` in megabytes (10^6 bytes).
    #[must_use]
    pub fn peak_mb(&self) -> f64 {
        self.peak_bytes as f64 / MB
    }

    /// `peak_bytes` in mebibytes (2^20 bytes).
    #[must_use]
    pub fn peak_mib(&self) -> f64 {
        self.peak_bytes as f64 / MIB
    }

    /// `live_bytes` in megabytes (10^6 bytes).
    #[must_use]
    pub fn live_mb(&self) -> f64 {
        self.live_bytes as f64 / MB
    }

    /// `live_bytes` in mebibytes (2^20 bytes).
    #[must_use]
    pub fn live_mib(&self) -> f64 {
        self.live_bytes as f64 / MIB
    }
}

/// One line: what was allocated, the peak, and what is live.
impl fmt::Display for MemoryStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = |count| Counted(count, "byte");
        let blocks = |count| Counted(count, "block");
        write!(f, "{} in {} allocated", bytes(self.total_bytes), blocks(self.total_blocks))?;
        write!(f, ", peak {} (in {} then", bytes(self.peak_bytes), blocks(self.peak_blocks))?;
        if self.peak_error_bytes > 0 {
            write!(f, "; the true peak is at most {} higher", bytes(self.peak_error_bytes))?;
        }
        write!(f, "), live {} in {}", bytes(self.live_bytes), blocks(self.live_blocks))?;
        write!(f, ", {}", Counted(self.reallocations, "reallocation"))?;
        write!(f, ", {}", Counted(self.temporary_blocks, "temporary block"))
    }
}

/// A number of things, one or many.
struct Counted(u64, &'static str);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.0, self.1, if self.0 == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn megabytes_are_decimal_and_mebibytes_binary() {
        let figures = MemoryStats { peak_bytes: 2_097_152, live_bytes: 3_000_000, ..MemoryStats::default() };
        assert_eq!(figures.peak_mib(), 2.0);
        assert_eq!(figures.live_mb(), 3.0);
        assert!(figures.peak_mb() > figures.peak_mib());
    }

    #[test]
    fn display_is_one_line_and_names_the_error_only_when_there_is_one() {
        let exact = MemoryStats { total_bytes: 7, total_blocks: 1, ..MemoryStats::default() };
        assert_eq!(
            exact.to_string(),
            "7 bytes in 1 block allocated, peak 0 bytes (in 0 blocks then), live 0 bytes in 0 blocks, \
             0 reallocations, 0 temporary blocks"
        );
        let bounded = MemoryStats { peak_error_bytes: 5, ..exact };
        assert!(bounded.to_string().contains("(in 0 blocks then; the true peak is at most 5 bytes higher), live"));
    }
}
