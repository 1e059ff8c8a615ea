//! The first thing a person sees of a profile: at most 25 lines of 100 columns.
//!
//! The figures come first, then what is missing from them, then the three largest call sites in four orders, because the
//! answer to "where does the memory go" depends on whether the peak, the traffic or the number of calls is too high.

use crate::export::number::{bytes, count, percent};
use crate::profile::{Metric, Profile, Site};
use crate::report::head;
use crate::report::label::labels;

/// The most columns of a line.
pub(super) const WIDTH: usize = 100;
/// The most lines of a summary.
const LINES: usize = 25;
/// The most lines for what is missing and for notes.
const REMARK_LINES: usize = 6;
/// The columns of a value: as many as the longest heading has, so that headings and values form one column.
const VALUE_WIDTH: usize = 16;
/// The orders in which sites are shown, each under its heading.
const ORDERS: [(Metric, &str); 4] = [
    (Metric::LiveAtPeakBytes, "live at peak"),
    (Metric::TotalBytes, "bytes allocated"),
    (Metric::TotalBlocks, "blocks allocated"),
    (Metric::TemporaryBlocks, "temporary blocks"),
];
/// How many sites of each order are shown, and whether a blank line stands above each order or above the first only.
/// The first layout that fits is taken.
const LAYOUTS: [(usize, bool); 5] = [(3, true), (3, false), (2, true), (2, false), (1, false)];

impl Profile {
    /// The essentials as text for a terminal: at most 25 lines of at most 100 columns, without colour.
    ///
    /// First the figures of the whole, then what is missing from them, then the largest call sites by what they held at
    /// the peak, by bytes, by blocks, and by temporary blocks. Bytes are decimal: 1 MB is 10^6 bytes.
    ///
    /// ```
    /// # let profile = heaplens::Profile::default();
    /// print!("{}", profile.summary());
    /// # assert!(profile.summary().contains("nothing was allocated"));
    /// ```
    #[must_use]
    pub fn summary(&self) -> String {
        let top = head(self);
        let fits = |(rows, blank): (usize, bool)| {
            let lines = with_orders(self, &top, rows, blank);
            (lines.len() <= LINES).then_some(lines)
        };
        let lines = LAYOUTS.into_iter().find_map(fits).unwrap_or(top);
        lines.join("\n") + "\n"
    }
}

/// The figures and remarks; of very many remarks only the first.
fn head(profile: &Profile) -> Vec<String> {
    let mut lines = head::figures(profile, WIDTH);
    let mut remarks = head::remarks(profile, WIDTH);
    if remarks.len() > REMARK_LINES {
        remarks.truncate(REMARK_LINES - 1);
        remarks.push("  ... and more: see the full report".to_owned());
    }
    lines.extend(remarks);
    lines
}

fn with_orders(profile: &Profile, top: &[String], rows: usize, blank: bool) -> Vec<String> {
    let mut lines = top.to_vec();
    for (metric, heading) in ORDERS {
        let sites = profile.sites(metric);
        if sites.is_empty() {
            continue;
        }
        let is_first = lines.len() == top.len();
        if blank || is_first {
            lines.push(String::new());
        }
        let heading = format!("{heading:<VALUE_WIDTH$}");
        lines.push(match is_first {
            true => columns(&heading, "share", "mean size", "call site"),
            false => heading.trim_end().to_owned(),
        });
        lines.extend(table(profile, metric, &sites[..sites.len().min(rows)]));
    }
    lines
}

fn table(profile: &Profile, metric: Metric, sites: &[Site<'_>]) -> Vec<String> {
    let room = WIDTH - columns("", "", "", "").len();
    let labels = labels(profile, sites, room);
    let line = |(site, label): (&Site<'_>, String)| {
        columns(&amount(metric, site.value()), &percent(site.share()), &bytes(site.mean_size().round() as u64), &label)
    };
    sites.iter().zip(labels).map(line).collect()
}

/// One line of the table of sites.
fn columns(value: &str, share: &str, mean: &str, label: &str) -> String {
    format!("{value:>VALUE_WIDTH$}  {share:>6}  {mean:>9}  {label}")
}

/// A value of a metric, in the form for its unit.
pub(super) fn amount(metric: Metric, value: u64) -> String {
    if metric.unit() == "bytes" { bytes(value) } else { count(value) }
}
