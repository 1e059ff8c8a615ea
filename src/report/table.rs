//! Tables of the scopes, of the threads, and of the crates and modules of a profile.
//!
//! ```text
//!  allocated   share      blocks      itself  live at peak   share  scope
//!    45.6 MB   91.2%     123,456     1.20 MB       3.30 MB   50.0%  request
//!    40.0 MB   80.0%     100,000     40.0 MB       1.00 MB   15.2%  parse
//!    4.40 MB    8.8%       7,002     4.40 MB       2.30 MB   34.8%  (outside every scope)
//! ```

use crate::analyze::{Group, Grouping};
use crate::export::number::{bytes, count, counted, percent};
use crate::profile::{Profile, ProfileError, ProfilePart, SiteStats};
use crate::record::own_work::OwnWork;
use crate::report::fit::{shorten, wrap};
use crate::report::head;
use crate::report::summary::WIDTH;
use crate::symbolize::visible;

/// Said below a table in which a scope has another inside of it.
const NESTED: &str = "without the scopes in it, so that these add up; \
the other columns count a block in every scope around it";

impl Profile {
    /// The figures of the whole, and a table of the `top` largest scopes: what was allocated below each, how much of that in
    /// no scope further in, and what was live at the peak. Lines have at most 100 columns, so that long names are cut.
    ///
    /// ```
    /// # use heaplens::{measure, profile};
    /// heaplens::install!();
    ///
    /// fn main() {
    ///     let (_, profile) = profile("load", || measure("parse", || vec![7_u8; 200]));
    ///     assert!(profile.scope_table(10).contains("parse"));
    /// }
    /// ```
    #[must_use]
    pub fn scope_table(&self, top: usize) -> String {
        let _own = OwnWork::begin();
        let parts = self.scopes();
        let mut lines = table(self, &parts, top, "scope");
        if parts.iter().all(|part| part.name().is_none()) {
            lines.push(
                "  no scope: `heaplens::measure(name, || work)` and `MemoryScope::enter(name)` name work".to_owned(),
            );
        } else if parts.iter().any(|part| part.own() != part.inclusive()) {
            lines.extend(wrap("  itself: ", NESTED, WIDTH));
        }
        lines.join("\n") + "\n"
    }

    /// The figures of the whole, and a table of the `top` largest threads, as [`scope_table`](Profile::scope_table) has it
    /// for scopes.
    ///
    /// ```
    /// # use heaplens::Profiler;
    /// heaplens::install!();
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let profiler = Profiler::builder().by_thread().start()?;
    ///     let block = vec![7_u8; 1_000];
    ///     assert!(profiler.stop().thread_table(10)?.contains("main"));
    ///     drop(block);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ProfileError::NoThreads`] if the recording did not tell threads apart.
    pub fn thread_table(&self, top: usize) -> Result<String, ProfileError> {
        let _own = OwnWork::begin();
        Ok(table(self, &self.threads()?, top, "thread").join("\n") + "\n")
    }
}

/// Said below a table of crates or modules.
const OWN: &str = "what code of it asks for, the standard library aside, so that these add up; \
inclusive: what is allocated below it";

impl Profile {
    /// The figures of the whole, and a table of the `top` crates or modules that allocate most by themselves: how much of that was
    /// live at the peak, and what was allocated below each. Lines have at most 100 columns, so that long names are cut.
    ///
    /// ```
    /// # let profile = heaplens::Profile::default();
    /// print!("{}", profile.group_table(heaplens::Grouping::Crate, 10));
    /// ```
    #[must_use]
    pub fn group_table(&self, by: Grouping, top: usize) -> String {
        let _own = OwnWork::begin();
        let kind = if by == Grouping::Module { "module" } else { "crate" };
        let row = |group: &Group| {
            let name = group.name().map_or_else(|| "(not known)".to_owned(), |name| visible(name).into_owned());
            Row::of(self, group.own(), bytes(group.inclusive().total_bytes), name)
        };
        let groups = self.groups(by);
        let (named, rest): (Vec<_>, Vec<_>) = groups.iter().partition(|group| group.name().is_some());
        let left_out = named.len().saturating_sub(top);
        let rows: Vec<Row> = named.into_iter().take(top).chain(rest).map(row).collect();
        let heading = Row::heading(["itself", "inclusive"], kind);
        let mut lines = below_figures(self, &heading, &rows, left_out, kind);
        if !rows.is_empty() {
            lines.extend(wrap("  itself: ", OWN, WIDTH));
        }
        lines.join("\n") + "\n"
    }
}

/// The lines above a table, and its own: at most `top` names, and what has none.
fn table(profile: &Profile, parts: &[ProfilePart<'_>], top: usize, kind: &str) -> Vec<String> {
    let row = |part: &ProfilePart<'_>| {
        let (own, inclusive) = (part.own(), part.inclusive());
        Row::of(profile, inclusive, bytes(own.total_bytes), part.label())
    };
    let (named, rest): (Vec<_>, Vec<_>) = parts.iter().partition(|part| part.name().is_some());
    let left_out = named.len().saturating_sub(top);
    let rows: Vec<Row> = named.into_iter().take(top).chain(rest).map(row).collect();
    let heading = Row::heading(["allocated", "itself"], kind);
    below_figures(profile, &heading, &rows, left_out, kind)
}

/// The figures of the whole, and a table below them.
fn below_figures(profile: &Profile, heading: &Row, rows: &[Row], left_out: usize, kind: &str) -> Vec<String> {
    let mut lines = head::figures(profile, WIDTH);
    lines.extend(head::remarks(profile, WIDTH));
    if rows.is_empty() {
        return lines;
    }
    lines.push(String::new());
    lines.extend(aligned(heading, rows, kind != "thread"));
    if left_out > 0 {
        lines.push(format!("  and {}", counted(left_out as u64, &format!("more {kind}"))));
    }
    lines
}

/// The texts of one line.
struct Row {
    allocated: String,
    share: String,
    blocks: String,
    itself: String,
    at_peak: String,
    share_of_peak: String,
    name: String,
}

impl Row {
    /// Two of the titles depend on what the table is of.
    fn heading([allocated, itself]: [&str; 2], kind: &str) -> Self {
        let text = str::to_owned;
        Self {
            allocated: text(allocated),
            share: text("share"),
            blocks: text("blocks"),
            itself: text(itself),
            at_peak: text("live at peak"),
            share_of_peak: text("share"),
            name: text(kind),
        }
    }

    fn of(profile: &Profile, figures: &SiteStats, itself: String, name: String) -> Self {
        let all = profile.stats();
        let share = |bytes: u64, of: u64| percent(bytes as f64 / of.max(1) as f64);
        Self {
            allocated: bytes(figures.total_bytes),
            share: share(figures.total_bytes, all.total_bytes),
            blocks: count(figures.total_blocks),
            itself,
            at_peak: bytes(figures.live_at_peak_bytes),
            share_of_peak: share(figures.live_at_peak_bytes, all.peak_bytes),
            name,
        }
    }

    /// The figures in the order of their columns.
    fn figures(&self, with_itself: bool) -> impl Iterator<Item = &String> {
        let itself = with_itself.then_some(&self.itself);
        [&self.allocated, &self.share, &self.blocks]
            .into_iter()
            .chain(itself)
            .chain([&self.at_peak, &self.share_of_peak])
    }
}

/// The lines of a table: figures to the right of their columns, and names in what room is left.
fn aligned(heading: &Row, rows: &[Row], with_itself: bool) -> Vec<String> {
    let all = || core::iter::once(heading).chain(rows);
    let columns = heading.figures(with_itself).count();
    let widest = |column: usize| all().filter_map(|row| row.figures(with_itself).nth(column)).map(String::len).max();
    let widths: Vec<usize> = (0..columns).filter_map(widest).collect();
    let line = |row: &Row| {
        let cells = row.figures(with_itself).zip(&widths).map(|(cell, width)| format!("{cell:>width$}"));
        let figures = "  ".to_owned() + &cells.collect::<Vec<_>>().join("  ") + "  ";
        let room = WIDTH.saturating_sub(figures.len());
        figures + &shorten(&row.name, room)
    };
    all().map(line).collect()
}
