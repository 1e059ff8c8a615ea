//! The figures of one call site.

use serde::{Deserialize, Serialize};

/// What one call site allocated, and what became of it.
///
/// `total - freed` is what is live at the end of the measurement; the figures at the peak are those of the instant at
/// which the whole program held most, so those of all sites add up to the program's peak.
///
/// ```
/// let figures = heaplens::SiteStats::default();
/// assert_eq!(figures.live_bytes(), 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SiteStats {
    /// Blocks allocated.
    pub total_blocks: u64,
    /// Bytes allocated.
    pub total_bytes: u64,
    /// Blocks freed, on whatever thread.
    pub freed_blocks: u64,
    /// Bytes freed, on whatever thread.
    pub freed_bytes: u64,
    /// Blocks held at the instant of the program's peak.
    pub live_at_peak_blocks: u64,
    /// Bytes held at the instant of the program's peak.
    pub live_at_peak_bytes: u64,
    /// Blocks freed by the thread that allocated them before that thread allocated anything else.
    pub temporary_blocks: u64,
}

impl SiteStats {
    /// Blocks still live when the measurement ended.
    #[must_use]
    pub fn live_blocks(&self) -> u64 {
        self.total_blocks.saturating_sub(self.freed_blocks)
    }

    /// Bytes still live when the measurement ended.
    #[must_use]
    pub fn live_bytes(&self) -> u64 {
        self.total_bytes.saturating_sub(self.freed_bytes)
    }

    /// The nearest figures that can be: a site frees and holds at most what it allocated, and temporary blocks are freed.
    /// Figures that are read while threads allocate can be a few events apart.
    pub(crate) fn in_line(self) -> Self {
        let freed_blocks = self.freed_blocks.min(self.total_blocks);
        Self {
            freed_blocks,
            freed_bytes: self.freed_bytes.min(self.total_bytes),
            live_at_peak_blocks: self.live_at_peak_blocks.min(self.total_blocks),
            live_at_peak_bytes: self.live_at_peak_bytes.min(self.total_bytes),
            temporary_blocks: self.temporary_blocks.min(freed_blocks),
            ..self
        }
    }

    /// Adds the figures of another stack of the same site. A sum that 64 bits cannot hold stays at the largest number.
    pub(crate) fn add(&mut self, other: &Self) {
        *self = self.combined(other, |a, b| Some(a.saturating_add(b))).unwrap_or(*self);
    }

    /// The sum of both, or `None` if one figure does not fit into 64 bits.
    pub(crate) fn checked_add(&self, other: &Self) -> Option<Self> {
        self.combined(other, u64::checked_add)
    }

    fn combined(&self, other: &Self, sum: impl Fn(u64, u64) -> Option<u64>) -> Option<Self> {
        Some(Self {
            total_blocks: sum(self.total_blocks, other.total_blocks)?,
            total_bytes: sum(self.total_bytes, other.total_bytes)?,
            freed_blocks: sum(self.freed_blocks, other.freed_blocks)?,
            freed_bytes: sum(self.freed_bytes, other.freed_bytes)?,
            live_at_peak_blocks: sum(self.live_at_peak_blocks, other.live_at_peak_blocks)?,
            live_at_peak_bytes: sum(self.live_at_peak_bytes, other.live_at_peak_bytes)?,
            temporary_blocks: sum(self.temporary_blocks, other.temporary_blocks)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_is_what_was_not_freed() {
        let figures =
            SiteStats { total_blocks: 5, total_bytes: 50, freed_blocks: 2, freed_bytes: 30, ..SiteStats::default() };
        assert_eq!((figures.live_blocks(), figures.live_bytes()), (3, 20));
    }

    #[test]
    fn a_sum_beyond_64_bits_is_noticed_or_capped() {
        let most = SiteStats { total_bytes: u64::MAX, ..SiteStats::default() };
        assert_eq!(most.checked_add(&most), None);
        let mut sum = most;
        sum.add(&most);
        assert_eq!(sum.total_bytes, u64::MAX);
    }
}
