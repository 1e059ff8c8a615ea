//! Whether everything was recorded: the part of the stacks that end early, and what found no place.

use crate::row::Row;

/// The highest acceptable part of stacks that end early.
const ENDING_EARLY: f64 = 0.0001;

/// Prints what holds for all rows.
pub(crate) fn print<'r>(rows: impl Iterator<Item = &'r Row> + Clone) {
    let highest = |figure: fn(&Row) -> f64| rows.clone().map(figure).fold(0.0, f64::max);
    let early = highest(|row| row.truncated_share + row.empty_share);
    let (truncated, empty) = (highest(|row| row.truncated_share), highest(|row| row.empty_share));
    let overflowed = highest(|row| row.overflowed);
    let uncaptured = highest(|row| row.uncaptured);
    let with_stack = rows.clone().map(|row| row.with_stack_share).fold(1.0, f64::min);
    println!();
    println!(
        "stacks that end early: {:.4} % (truncated {:.4} %, empty {:.4} %), at most 0.01 %: {}",
        early * 100.0,
        truncated * 100.0,
        empty * 100.0,
        verdict(early <= ENDING_EARLY)
    );
    println!("blocks over the memory limit: {overflowed}, at most 0: {}", verdict(overflowed == 0.0));
    println!("events outside any scope: {uncaptured}, at most 0: {}", verdict(uncaptured == 0.0));
    println!("blocks with a stack in the named sites: at least {:.3} %", with_stack * 100.0);
    let (met, missed) =
        (rows.clone().filter(|row| row.met() == Some(true)), rows.filter(|row| row.met() == Some(false)));
    println!("time limits met: {}, missed: {}", met.count(), missed.count());
}

fn verdict(holds: bool) -> &'static str {
    if holds { "met" } else { "MISSED" }
}
