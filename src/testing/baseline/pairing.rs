//! Which call site of a measurement is which of the baseline.
//!
//! Lines move: an edit further up shifts every site of a function by the same. So the sites of one function in one file are
//! paired by the shift that fits most of them, and those that are left over in their order, if they are as many on both sides.

use super::entry::BaselineSite;
use std::collections::BTreeMap;

/// A site before and after; one of them is `None` where it is new or gone.
pub(super) type Pair<'a> = (Option<&'a BaselineSite>, Option<&'a BaselineSite>);

/// Pairs the sites of two entries.
pub(super) fn pairs<'a>(before: &'a [BaselineSite], after: &'a [BaselineSite]) -> Vec<Pair<'a>> {
    let mut functions: BTreeMap<(&str, &str), [Vec<&BaselineSite>; 2]> = BTreeMap::new();
    for (side, sites) in [before, after].into_iter().enumerate() {
        for site in sites {
            functions.entry((site.file(), &site.function)).or_default()[side].push(site);
        }
    }
    functions.into_values().flat_map(of_one_function).collect()
}

fn of_one_function([mut before, mut after]: [Vec<&BaselineSite>; 2]) -> Vec<Pair<'_>> {
    before.sort_by_key(|site| site.line());
    after.sort_by_key(|site| site.line());
    let shift = best_shift(&before, &after);
    let mut pairs = Vec::new();
    before.retain(|old| {
        let partner = after.iter().position(|new| new.line() - old.line() == shift);
        if let Some(position) = partner {
            pairs.push((Some(*old), Some(after.remove(position))));
        }
        partner.is_none()
    });
    if before.len() == after.len() {
        pairs.extend(before.into_iter().zip(after).map(|(old, new)| (Some(old), Some(new))));
    } else {
        pairs.extend(before.into_iter().map(|old| (Some(old), None)));
        pairs.extend(after.into_iter().map(|new| (None, Some(new))));
    }
    pairs
}

/// The shift of lines that pairs most sites, those with the same figures above all; of several the smallest.
fn best_shift(before: &[&BaselineSite], after: &[&BaselineSite]) -> i64 {
    let mut fits: BTreeMap<i64, (usize, usize)> = BTreeMap::new();
    for old in before {
        for new in after {
            let (same, any) = fits.entry(new.line() - old.line()).or_default();
            *any += 1;
            *same += usize::from((new.total_blocks, new.total_bytes) == (old.total_blocks, old.total_bytes));
        }
    }
    let best = fits.into_iter().max_by_key(|(shift, fit)| (*fit, core::cmp::Reverse(shift.abs())));
    best.map_or(0, |(shift, _)| shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sites(lines: &[(u32, u64)]) -> Vec<BaselineSite> {
        let site = |(line, blocks): &(u32, u64)| BaselineSite {
            at: format!("src/lib.rs:{line}"),
            function: "f".to_owned(),
            total_blocks: *blocks,
            total_bytes: blocks * 8,
        };
        lines.iter().map(site).collect()
    }

    /// The lines of the pairs, sorted; zero for none.
    fn paired(before: &[(u32, u64)], after: &[(u32, u64)]) -> Vec<(i64, i64)> {
        let (before, after) = (sites(before), sites(after));
        let line = |site: Option<&BaselineSite>| site.map_or(0, BaselineSite::line);
        let mut lines: Vec<_> = pairs(&before, &after).into_iter().map(|(old, new)| (line(old), line(new))).collect();
        lines.sort_unstable();
        lines
    }

    #[test]
    fn a_function_that_moved_is_the_same() {
        assert_eq!(paired(&[(7, 1), (9, 2), (11, 3)], &[(9, 1), (11, 2), (13, 3)]), [(7, 9), (9, 11), (11, 13)]);
    }

    #[test]
    fn what_was_added_and_what_is_gone_is_told_from_the_rest() {
        assert_eq!(paired(&[(7, 1), (9, 2)], &[(7, 1), (8, 5), (9, 2)]), [(0, 8), (7, 7), (9, 9)]);
        assert_eq!(paired(&[(7, 1), (8, 5), (9, 2)], &[(17, 1), (19, 2)]), [(7, 17), (8, 0), (9, 19)]);
        assert_eq!(paired(&[], &[(1, 1)]), [(0, 1)]);
    }

    #[test]
    fn a_site_that_grew_where_it_was_is_the_same() {
        assert_eq!(paired(&[(7, 1)], &[(7, 100)]), [(7, 7)]);
        assert_eq!(paired(&[(7, 1), (9, 2)], &[(7, 1), (12, 2)]), [(7, 7), (9, 12)]);
    }
}
