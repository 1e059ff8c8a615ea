//! The first thing a person sees of a profile: at most 25 lines of 100 columns.
//!
//! The figures come first, then what is missing from them, then the three largest call sites in four orders, because the
//! answer to "where does the memory go" depends on whether the peak, the traffic or the number of calls is too high.

use crate::export::number::{bytes, count, counted, percent};
use crate::profile::{Metric, Profile, Site};
use crate::record::own_work::OwnWork;
use crate::report::head;
use crate::report::label::{Label, labels};

/// The most columns of a line.
pub(super) const WIDTH: usize = 100;
/// The most lines of a summary.
const LINES: usize = 25;
/// The most lines for what is missing and for notes.
const REMARK_LINES: usize = 6;
/// How many spans are shown. The first number that leaves room is taken; the last one always does.
const SPAN_ROWS: [usize; 2] = [3, 2];
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
        let _own = OwnWork::begin();
        let top = head(self);
        let orders: Vec<Order<'_>> = ORDERS.iter().filter_map(|order| Order::of(self, *order)).collect();
        let fits = |top: &[String]| {
            LAYOUTS.into_iter().find_map(|(rows, blank)| {
                let lines = with_orders(top, &orders, rows, blank);
                (lines.len() <= LINES).then_some(lines)
            })
        };
        let with_spans = |rows| [top.as_slice(), &spans(self, rows)].concat();
        let lines = SPAN_ROWS.into_iter().find_map(|rows| fits(&with_spans(rows))).unwrap_or(top);
        lines.join("\n") + "\n"
    }
}

/// The largest sites by one metric, and how they are headed.
struct Order<'p> {
    profile: &'p Profile,
    metric: Metric,
    heading: &'static str,
    sites: Vec<Site<'p>>,
}

impl<'p> Order<'p> {
    /// `None` where there is nothing of the metric.
    fn of(profile: &'p Profile, (metric, heading): (Metric, &'static str)) -> Option<Self> {
        let sites = profile.sites(metric);
        (!sites.is_empty()).then_some(Self { profile, metric, heading, sites })
    }

    fn rows(&self, most: usize) -> Vec<Row> {
        let sites = &self.sites[..self.sites.len().min(most)];
        let figures = |site: &Site<'_>| {
            let mean = bytes(site.mean_size().round() as u64);
            columns(&amount(self.metric, site.value()), &percent(site.share()), &mean)
        };
        let labels = labels(self.profile, sites).into_iter();
        sites.iter().zip(labels).map(|(site, label)| Row { figures: figures(site), label }).collect()
    }
}

/// One call site in the table.
struct Row {
    figures: String,
    label: Label,
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

/// The spans that allocated most, and how many more lines the whole table has.
fn spans(profile: &Profile, rows: usize) -> Vec<String> {
    if profile.spans().is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new()];
    lines.extend(profile.spans().lines(rows));
    let left_out = profile.spans().rows().len().saturating_sub(rows);
    let remarks = profile.spans().remarks();
    if left_out == 0 && remarks.len() <= 1 {
        lines.extend(remarks);
    } else {
        let more = counted((left_out + remarks.len()) as u64, "line");
        lines.push(format!("  ... and {more} more: see the full report"));
    }
    lines
}

fn with_orders(top: &[String], orders: &[Order<'_>], most: usize, blank: bool) -> Vec<String> {
    let mut lines = top.to_vec();
    let tables: Vec<Vec<Row>> = orders.iter().map(|order| order.rows(most)).collect();
    // Names begin in the same column all over the summary.
    let place_width = tables.iter().flatten().map(|row| row.label.place_width()).max().unwrap_or(0);
    for (position, (order, rows)) in orders.iter().zip(&tables).enumerate() {
        if blank || position == 0 {
            lines.push(String::new());
        }
        lines.push(match position {
            0 => columns(&format!("{:<VALUE_WIDTH$}", order.heading), "share", "mean size") + "call site",
            _ => order.heading.to_owned(),
        });
        let line =
            |Row { figures, label }: &Row| format!("{figures}{}", label.line(place_width, WIDTH - figures.len()));
        lines.extend(rows.iter().map(line));
    }
    lines
}

/// The beginning of a line of the table of sites.
fn columns(value: &str, share: &str, mean: &str) -> String {
    format!("{value:>VALUE_WIDTH$}  {share:>6}  {mean:>9}  ")
}

/// A value of a metric, in the form for its unit.
pub(super) fn amount(metric: Metric, value: u64) -> String {
    if metric.unit() == "bytes" { bytes(value) } else { count(value) }
}
