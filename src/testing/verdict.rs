//! Which conditions of a budget hold.

use super::condition::{Condition, Violation};
use crate::scope::Measurement;

#[cfg(feature = "stacks")]
use {
    super::condition::Subject,
    crate::profile::{Metric, Profile, Site},
    crate::report::site_label,
    crate::symbolize::{Frame, Origin, ShortName},
};

/// The conditions that do not hold: those on the whole scope, then those on call sites.
pub(super) fn violations(measurement: &Measurement, conditions: &[Condition]) -> Vec<Violation> {
    let violations = of_whole(measurement, conditions);
    #[cfg(feature = "stacks")]
    if conditions.iter().any(Condition::needs_sites)
        && let Some(profile) = measurement.sites()
    {
        return [violations, of_sites(&profile, conditions)].concat();
    }
    violations
}

fn of_whole(measurement: &Measurement, conditions: &[Condition]) -> Vec<Violation> {
    let whole = conditions.iter().filter(|condition| !condition.needs_sites());
    let violated = |condition: &Condition| {
        let actual = condition.figure.of(measurement);
        let holds = condition.comparison.holds(actual, condition.whole_limit());
        (!holds).then(|| Violation::of(condition, actual))
    };
    whole.filter_map(violated).collect()
}

/// Of the conditions on each site, with the worst site.
#[cfg(feature = "stacks")]
fn of_sites(profile: &Profile, conditions: &[Condition]) -> Vec<Violation> {
    let sites = profile.sites(Metric::TotalBlocks);
    let violated = |condition: &Condition| match &condition.subject {
        Subject::EachSite => worst_site(profile, &sites, condition),
        Subject::InCrate(name) => {
            let of_crate = sites.iter().filter(|site| allocating_crate(site).is_some_and(|found| found == *name));
            let actual = of_crate.filter_map(|site| condition.figure.of_site(site.stats())).sum();
            (!condition.comparison.holds(actual, condition.limit)).then(|| Violation::of(condition, actual))
        }
        Subject::Whole | Subject::Items(_) | Subject::Several => None,
    };
    conditions.iter().filter_map(violated).collect()
}

/// The site that is furthest from the limit, and how many others violate it.
#[cfg(feature = "stacks")]
fn worst_site(profile: &Profile, sites: &[Site<'_>], condition: &Condition) -> Option<Violation> {
    let figure = |site: &&Site<'_>| condition.figure.of_site(site.stats());
    let violates =
        |site: &&Site<'_>| figure(site).is_some_and(|actual| !condition.comparison.holds(actual, condition.limit));
    let all: Vec<&Site<'_>> = sites.iter().filter(violates).collect();
    let distance = |site: &&&Site<'_>| figure(site).map(|actual| actual.abs_diff(condition.limit));
    let worst = all.iter().max_by_key(distance)?;
    let others = all.len() - 1;
    let mut label = site_label(profile, worst);
    if others > 0 {
        label = format!("{label} (and {others} more)");
    }
    Some(Violation { site: Some(label), ..Violation::of(condition, figure(worst)?) })
}

/// The crate whose code asked for the blocks of a site.
#[cfg(feature = "stacks")]
fn allocating_crate(site: &Site<'_>) -> Option<String> {
    allocating_frame(site).and_then(|frame| ShortName::of(frame).crate_name())
}

/// The frame nearest to the allocation that is not of the standard library.
#[cfg(feature = "stacks")]
pub(super) fn allocating_frame<'a>(site: &Site<'a>) -> Option<&'a Frame> {
    let is_code = |frame: &&Frame| matches!(frame.origin, Origin::User | Origin::Dependency);
    site.frames().iter().copied().find(is_code)
}
