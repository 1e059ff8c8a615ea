//! The table of spans as text.
//!
//! ```text
//! span       count  allocated  in blocks  in itself  in blocks  peak of one  still live
//! request      100    1.23 MB      1,234    12.3 kB        100      12.3 kB         0 B
//! ```

use crate::export::number::{bytes, count, counted};
use crate::record::own_work::OwnWork;
use crate::report::columns::columns;
use crate::report::fit::{pad, shorten, wrap};
use crate::spans::{SpanRow, SpanTable};
use crate::symbolize::visible;
use core::fmt;

/// The most columns of a line.
const WIDTH: usize = 100;
/// The most columns of a name, which leaves room for the figures.
const NAME_WIDTH: usize = 28;
const HEADINGS: [&str; 7] = ["count", "allocated", "in blocks", "in itself", "in blocks", "peak of one", "still live"];

impl SpanTable {
    /// The table in lines, of its rows only the first ones; none if there are no rows.
    pub(super) fn lines(&self, most: usize) -> Vec<String> {
        let shown = &self.rows()[..self.rows().len().min(most)];
        let names: Vec<String> = shown.iter().map(|row| self.name_of(row)).collect();
        let figures: Vec<[String; 7]> = shown.iter().map(figures).collect();
        let widest = |name: &String| columns(name);
        let name_width = names.iter().map(widest).max().unwrap_or(0).max("span".len());
        let widths: [usize; 7] = core::array::from_fn(|column| {
            figures.iter().map(|row| row[column].len()).max().unwrap_or(0).max(HEADINGS[column].len())
        });
        let line = |name: &str, figures: [&str; 7]| {
            let cells = figures.iter().zip(widths).map(|(figure, width)| format!("  {figure:>width$}"));
            pad(name, name_width) + &cells.collect::<String>()
        };
        let rows = names.iter().zip(&figures).map(|(name, row)| line(name, row.each_ref().map(String::as_str)));
        core::iter::once(line("span", HEADINGS)).chain(rows).collect()
    }

    /// What the table does not tell, if anything.
    pub(super) fn remarks(&self) -> Vec<String> {
        let sum =
            |figure: fn(&SpanRow) -> u64| self.rows().iter().fold(0_u64, |sum, row| sum.saturating_add(figure(row)));
        let mut remarks = Vec::new();
        if self.open_spans() > 0 {
            remarks.extend(wrap("  ", &format!("{} open and in no row", counted(self.open_spans(), "span")), WIDTH));
        }
        if self.refused_spans() > 0 {
            let reason = visible(self.refusal().unwrap_or("the file does not say why"));
            let text = format!("{} not measured: {reason}", counted(self.refused_spans(), "span"));
            remarks.extend(wrap("  incomplete: ", &text, WIDTH));
        }
        let incomplete = sum(|row| row.incomplete);
        if incomplete > 0 {
            let text = format!("figures of {} miss something", counted(incomplete, "span"));
            remarks.extend(wrap("  incomplete: ", &text, WIDTH));
        }
        if let Some(text) = self.unattached_note(sum(|row| row.unattached_threads)) {
            remarks.extend(wrap("  note: ", &text, WIDTH));
        }
        remarks
    }

    /// So many threads that no span saw, and for which span most of them worked.
    fn unattached_note(&self, threads: u64) -> Option<String> {
        // Of equal rows the first one, which allocated most.
        let most = self.rows().iter().rev().max_by_key(|row| row.unattached_threads)?;
        let (of_most, name) = (most.unattached_threads, self.name_of(most));
        match threads {
            0 => None,
            1 => Some(format!("1 thread worked for the span {name} from outside: enter the span on it")),
            all if all == of_most => {
                Some(format!("{} threads worked for spans {name} from outside: enter the span on them", count(all)))
            }
            all => Some(format!(
                "{} threads worked for spans from outside, {} of them for {name}: enter the span on them",
                count(all),
                count(of_most)
            )),
        }
    }

    /// With its target where another row has the same name.
    fn name_of(&self, row: &SpanRow) -> String {
        let is_ambiguous = self.rows().iter().filter(|other| other.name == row.name).nth(1).is_some();
        let name = if is_ambiguous { format!("{} ({})", row.name, row.target) } else { row.name.clone() };
        shorten(&visible(&name), NAME_WIDTH)
    }
}

fn figures(row: &SpanRow) -> [String; 7] {
    [
        count(row.count),
        bytes(row.total_bytes),
        count(row.total_blocks),
        bytes(row.self_bytes),
        count(row.self_blocks),
        bytes(row.peak_bytes),
        bytes(row.live_at_close_bytes),
    ]
}

/// An aligned table of every row, and what it does not tell.
impl fmt::Display for SpanTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _own = OwnWork::begin();
        if self.is_empty() {
            writeln!(f, "no spans were closed")?;
        } else {
            self.lines(usize::MAX).iter().try_for_each(|line| writeln!(f, "{line}"))?;
        }
        self.remarks().iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
