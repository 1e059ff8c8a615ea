//! What a mix came to: read in the process of the mix, handed to the parent as one line of numbers, and judged there.

use crate::mixes::Ends;
use heaplens::Completeness;

/// What heaplens counted while a mix ran.
#[derive(Clone, Copy, Default)]
pub(crate) struct Figures {
    /// Blocks allocated: each `alloc` and each `realloc`.
    pub(crate) blocks: u64,
    pub(crate) compared: u64,
    pub(crate) mismatched: u64,
    pub(crate) with_platform: u64,
    pub(crate) differing: u64,
    /// Stacks that end before the outermost frame, and blocks without one.
    pub(crate) truncated: u64,
    /// Blocks whose stack found no room in the recorder's tables.
    pub(crate) overflowed: u64,
    /// Blocks whose stack was not captured, as their thread was at its end.
    pub(crate) uncaptured: u64,
}

/// Stacks cut short, of ten thousand, that no mix may have more of whose stacks are whole.
const TRUNCATED_OF_TEN_THOUSAND: u64 = 1;

/// The portable capture asks libgcc every time, so that there is nothing to compare.
const COMPARES: bool = !cfg!(heaplens_portable);

/// What the parent looks for in the output of a mix.
const MARK: &str = "figures:";

impl Figures {
    /// The figures of this process so far. Blocks are left to the quota, which knows where it began.
    pub(crate) fn read(blocks: u64) -> Self {
        let check = heaplens::self_check();
        let missing: Completeness = heaplens::completeness();
        Self {
            blocks,
            compared: check.compared_stacks,
            mismatched: check.mismatched_stacks.max(missing.mismatched_stacks),
            with_platform: check.compared_with_platform,
            differing: check.differing_from_platform,
            truncated: missing.truncated_stacks + missing.empty_stacks,
            overflowed: missing.overflowed_blocks,
            uncaptured: missing.uncaptured_events,
        }
    }

    /// One line for the parent.
    pub(crate) fn to_line(self) -> String {
        let numbers = self.numbers().map(|number| number.to_string());
        format!("{MARK} {}", numbers.join(" "))
    }

    /// The figures, if this is the line that has them.
    pub(crate) fn from_line(line: &str) -> Option<Self> {
        let numbers = line.strip_prefix(MARK)?.split_whitespace().map(str::parse::<u64>);
        let numbers: Vec<u64> = numbers.collect::<Result<_, _>>().ok()?;
        let &[blocks, compared, mismatched, with_platform, differing, truncated, overflowed, uncaptured] = &numbers[..]
        else {
            return None;
        };
        Some(Self { blocks, compared, mismatched, with_platform, differing, truncated, overflowed, uncaptured })
    }

    fn numbers(self) -> [u64; 8] {
        let Self { blocks, compared, mismatched, with_platform, differing, truncated, overflowed, uncaptured } = self;
        [blocks, compared, mismatched, with_platform, differing, truncated, overflowed, uncaptured]
    }

    /// The sum of two mixes.
    pub(crate) fn plus(self, other: Self) -> Self {
        let mut sum = Self::default();
        let of_both = self.numbers().into_iter().zip(other.numbers());
        let places = [
            &mut sum.blocks,
            &mut sum.compared,
            &mut sum.mismatched,
            &mut sum.with_platform,
            &mut sum.differing,
            &mut sum.truncated,
            &mut sum.overflowed,
            &mut sum.uncaptured,
        ];
        for (place, (mine, others)) in places.into_iter().zip(of_both) {
            *place = mine + others;
        }
        sum
    }

    /// Stacks cut short, in percent of all blocks.
    pub(crate) fn truncated_percent(self) -> f64 {
        100.0 * self.truncated as f64 / self.blocks.max(1) as f64
    }

    /// What speaks against heaplens: nothing, if all is well.
    pub(crate) fn complaints(self, asked: u64, ends: Ends) -> Vec<&'static str> {
        let few_truncated = self.truncated * 10_000 <= self.blocks * TRUNCATED_OF_TEN_THOUSAND;
        let claims = [
            (self.blocks >= asked, "fewer blocks were allocated than asked for"),
            (!COMPARES || self.compared >= asked, "fewer stacks were compared than asked for"),
            (!COMPARES || self.compared + self.uncaptured >= self.blocks, "some captured stacks were not compared"),
            (!COMPARES || self.with_platform > 0, "no stack was compared with libgcc"),
            (self.mismatched == 0, "stacks differ from a full unwind"),
            (self.differing == 0, "stacks differ from those of libgcc"),
            (self.overflowed == 0, "the memory limit was too low for all stacks"),
            (few_truncated || ends == Ends::Early, "more than one stack in ten thousand was cut short"),
        ];
        claims.into_iter().filter(|(holds, _)| !holds).map(|(_, complaint)| complaint).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: Figures = Figures {
        blocks: 20_000,
        compared: 20_000,
        mismatched: 0,
        with_platform: 400,
        differing: 0,
        truncated: 1,
        overflowed: 0,
        uncaptured: 0,
    };

    fn complaints(change: impl FnOnce(&mut Figures), ends: Ends) -> usize {
        let mut figures = WELL;
        change(&mut figures);
        figures.complaints(19_000, ends).len()
    }

    #[test]
    fn a_mix_without_faults_is_well() {
        assert_eq!(complaints(|_| {}, Ends::Outermost), 0);
        assert_eq!(complaints(|figures| figures.truncated = 20_000, Ends::Early), 0);
    }

    #[test]
    fn every_single_fault_is_a_complaint() {
        assert_eq!(complaints(|figures| figures.mismatched = 1, Ends::Early), 1);
        assert_eq!(complaints(|figures| figures.differing = 1, Ends::Early), 1);
        assert_eq!(complaints(|figures| figures.overflowed = 1, Ends::Early), 1);
        assert_eq!(complaints(|figures| figures.truncated = 3, Ends::Outermost), 1);
        assert_eq!(complaints(|figures| figures.blocks = 18_999, Ends::Outermost), 1);
    }

    #[test]
    #[cfg(not(heaplens_portable))]
    fn a_run_that_compared_nothing_is_a_failure() {
        assert_eq!(complaints(|figures| figures.with_platform = 0, Ends::Outermost), 1);
        assert_eq!(complaints(|figures| figures.compared = 19_999, Ends::Outermost), 1);
        assert_eq!(complaints(|figures| figures.compared = 0, Ends::Outermost), 2);
    }

    #[test]
    fn figures_come_back_from_their_line() {
        let back = Figures::from_line(&WELL.to_line()).expect("the line has the figures");
        assert_eq!(back.numbers(), WELL.numbers());
        assert!(Figures::from_line("nested alloca: 0 mismatches").is_none());
    }
}
