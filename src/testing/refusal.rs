//! Why a check cannot know.

use super::condition::{Condition, Subject};
use super::figure::Figure;
use crate::completeness::Completeness;
use crate::scope::Measurement;

#[cfg(feature = "stacks")]
use {
    super::verdict::allocating_frame,
    crate::profile::{Metric, Site},
    crate::symbolize::guessed_crates,
};

/// What stands in the way of checking a condition against a measurement, with the remedy; `None` if nothing does.
pub(super) fn refusal(measurement: &Measurement, conditions: &[Condition]) -> Option<String> {
    if conditions.is_empty() {
        return Some("the budget has no condition: write one, such as `peak_bytes <= 8 * MIB`".to_owned());
    }
    if let Some(several) = conditions.iter().find(|condition| condition.subject == Subject::Several) {
        return Some(format!("`{several}`: a condition is about one of them, write a condition for each"));
    }
    let completeness = measurement.completeness();
    if let Some(reason) = figures_missing(&completeness) {
        return Some(reason);
    }
    let expects_unattached = conditions.iter().any(|condition| condition.figure == Figure::UnattachedThreads);
    if !expects_unattached && let Some(note) = measurement.unattached_note() {
        return Some(format!(
            "{note}, or say that it is expected: unattached_threads <= {}",
            measurement.unattached_threads()
        ));
    }
    let mut of_sites = conditions.iter().filter(|condition| condition.needs_sites());
    of_sites.find_map(|condition| sites_missing(measurement, &completeness, condition))
}

/// What stands in the way of comparing every figure of a measurement, with the remedy.
#[cfg(feature = "stacks")]
pub(super) fn refusal_of_figures(measurement: &Measurement) -> Option<String> {
    figures_missing(&measurement.completeness()).or_else(|| measurement.unattached_note())
}

/// The figures of a scope are exact unless one of these is the case.
fn figures_missing(completeness: &Completeness) -> Option<String> {
    let Completeness {
        uncaptured_events, evicted_scopes, abandoned_events, misplaced_guards, attached_at_close, ..
    } = *completeness;
    let touching = Completeness {
        uncaptured_events,
        evicted_scopes,
        abandoned_events,
        misplaced_guards,
        attached_at_close,
        ..Completeness::default()
    };
    (!touching.is_complete()).then(|| {
        let wait = if attached_at_close > 0 { ": wait for the threads inside before the scope ends" } else { "" };
        format!("the measurement is not complete ({touching}){wait}")
    })
}

#[cfg(feature = "stacks")]
fn sites_missing(measurement: &Measurement, completeness: &Completeness, condition: &Condition) -> Option<String> {
    if !condition.figure.is_by_site() {
        return Some(format!("`{condition}`: {} is not recorded by call site", condition.figure));
    }
    if !measurement.has_sites() {
        return Some(format!(
            "`{condition}` needs call sites, and the scope was measured without them: open it with \
             `MemoryScope::builder(name).stacks().enter()`, or use `#[heaplens::budget]`"
        ));
    }
    let Completeness { overflowed_blocks, truncated_stacks, empty_stacks, mismatched_stacks, .. } = *completeness;
    let touching = Completeness {
        overflowed_blocks,
        truncated_stacks,
        empty_stacks,
        mismatched_stacks,
        ..Completeness::default()
    };
    if !touching.is_complete() {
        return Some(format!("`{condition}` needs every call stack, and some are missing ({touching})"));
    }
    crate_unknown(measurement, condition)
}

/// What stands in the way of telling which blocks a crate allocates.
#[cfg(feature = "stacks")]
fn crate_unknown(measurement: &Measurement, condition: &Condition) -> Option<String> {
    let Subject::InCrate(name) = &condition.subject else { return None };
    if name.contains('-') {
        return Some(format!("`{condition}`: in call stacks this crate is called `{}`", name.replace('-', "_")));
    }
    if ["std", "core", "alloc"].contains(&&**name) {
        return Some(format!("`{condition}`: what the standard library allocates counts for the crate that calls it"));
    }
    let guessed_before = guessed_crates();
    let profile = measurement.sites()?;
    let has_guessed = guessed_crates() > guessed_before;
    let is_unknown = |site: &Site<'_>| allocating_frame(site).is_some_and(|frame| frame.file.is_none());
    (has_guessed || profile.sites(Metric::TotalBlocks).iter().any(is_unknown)).then(|| {
        format!(
            "`{condition}` needs to know whose code allocates, and the debug information does not say it of all: build with \
             `debug = true` and without `strip`"
        )
    })
}

#[cfg(not(feature = "stacks"))]
fn sites_missing(_: &Measurement, _: &Completeness, condition: &Condition) -> Option<String> {
    Some(format!("`{condition}` needs call sites: switch on the feature `stacks` of heaplens"))
}
