//! The largest call sites, a line for each.

use super::label::labels;
use super::summary::{WIDTH, amount};
use crate::export::number::percent;
use crate::profile::{Metric, Profile, Site};

/// The largest call sites of a metric: its value, the share of the whole, and what the site is called, in at most 100 columns.
pub(crate) fn largest_sites(profile: &Profile, metric: Metric, most: usize) -> Vec<String> {
    let all = profile.sites(metric);
    let sites = &all[..all.len().min(most)];
    let labels = labels(profile, sites);
    let place_width = labels.iter().map(super::label::Label::place_width).max().unwrap_or(0);
    let line = |(site, label): (&Site<'_>, &super::label::Label)| {
        let figures = format!("  {:>12}  {:>6}  ", amount(metric, site.value()), percent(site.share()));
        let room = WIDTH - figures.len();
        figures + &label.line(place_width, room)
    };
    sites.iter().zip(&labels).map(line).collect()
}

/// What a call site is called: its place and its function.
pub(crate) fn site_label(profile: &Profile, site: &Site<'_>) -> String {
    let labels = labels(profile, core::slice::from_ref(site));
    labels.first().map(|label| label.line(label.place_width(), WIDTH)).unwrap_or_default()
}
