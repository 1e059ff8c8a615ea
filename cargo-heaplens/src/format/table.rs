//! The table for a terminal: as wide as that is, numbers whole, names shortened in their middle.
//!
//! ```text
//! parser                                blocks    bytes     peak     time  change
//! ok      parser::lines::many [rows]         3  1.02 kB  1.02 kB  12.3 us  same
//! ```
//!
//! Every line starts with a word of this command: a name at the start could be a command to the log that reads it.

use std::time::Duration;

use anstyle::{AnsiColor, Style};
use heaplens::testing::wording::{bytes, count, duration};

use super::sections::{self, Section};
use crate::change::Change;
use crate::judge::{Judged, Row, Verdict};
use crate::printable::{line, shortened, width, wrapped};
use crate::project::Project;

/// A name column that is narrower becomes a line of its own.
const NARROWEST_NAME: usize = 24;
/// Between two columns.
const GAP: usize = 2;
const TITLES: [&str; 5] = ["blocks", "bytes", "peak", "time", "change"];

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const NOTED: Style = AnsiColor::Yellow.on_default();
const TITLE: Style = Style::new().bold();

/// A row as text, every cell of it.
struct Line {
    package: String,
    verdict: Verdict,
    name: String,
    /// In the order of [`TITLES`].
    figures: [String; 5],
    change: Style,
}

/// The table, with what is to be said below it.
pub(crate) fn text(project: &Project, judged: &Judged, columns: usize) -> String {
    let mut text = String::new();
    if !judged.rows.is_empty() {
        text.push_str(&rows(judged, columns));
    }
    for section in sections::of(project, judged) {
        text.push_str(&list(&section, columns));
    }
    if !text.is_empty() {
        text.push('\n');
        text.push_str(&wrapped(&sections::totals(judged), 0, columns));
        text.push('\n');
    }
    text
}

fn rows(judged: &Judged, columns: usize) -> String {
    let lines: Vec<Line> = judged.rows.iter().map(Line::of).collect();
    let widths: Vec<usize> = (0..TITLES.len())
        .map(|column| {
            lines.iter().map(|line| width(&line.figures[column])).max().unwrap_or(0).max(TITLES[column].len())
        })
        .collect();
    let verdicts = lines.iter().map(|line| word(line.verdict).len()).max().unwrap_or(0);
    let figures: usize = widths.iter().map(|width| GAP + width).sum();
    let room = columns.saturating_sub(verdicts + GAP + figures);
    let longest = lines.iter().map(|line| width(&line.name)).max().unwrap_or(0);
    let is_narrow = room < longest.min(NARROWEST_NAME);
    let name = if is_narrow { columns.saturating_sub(verdicts + GAP) } else { room.min(longest) };
    let mut text = String::new();
    let mut package = None;
    for line in &lines {
        if package != Some(&line.package) {
            let start = if is_narrow { 0 } else { verdicts + GAP + name };
            text.push_str(&heading(&line.package, start, &widths, package.is_none(), is_narrow, columns));
            package = Some(&line.package);
        }
        text.push_str(&line.text(verdicts, name, &widths, is_narrow));
    }
    text
}

/// The package's name, and above the figures of the first the titles of their columns.
fn heading(package: &str, start: usize, widths: &[usize], has_titles: bool, is_narrow: bool, columns: usize) -> String {
    let titles: String = TITLES.iter().zip(widths).map(|(title, width)| cell(title, *width, title)).collect();
    let package = shortened(package, if is_narrow { columns } else { start });
    let padding = if is_narrow { "\n".to_owned() } else { " ".repeat(start.saturating_sub(width(&package))) };
    let below = if has_titles { format!("{padding}{titles}") } else { String::new() };
    format!("{TITLE}{}{TITLE:#}\n", format!("{package}{below}").trim_end())
}

/// A cell with the gap before it: figures to the right, the change, which is text, to the left.
fn cell(text: &str, columns: usize, title: &str) -> String {
    let padding = " ".repeat(columns.saturating_sub(width(text)));
    let gap = " ".repeat(GAP);
    if title == "change" { format!("{gap}{text}{padding}") } else { format!("{gap}{padding}{text}") }
}

impl Line {
    fn of(row: &Row) -> Self {
        let time = Duration::from_nanos(row.record.elapsed_nanoseconds);
        let size = |name| bytes(row.figure(name));
        let blocks = count(row.figure("total_blocks"));
        Self {
            package: format!("package {}", line(&row.package)),
            verdict: row.verdict,
            name: line(&row.name()),
            figures: [blocks, size("total_bytes"), size("peak_bytes"), duration(time), row.change.to_string()],
            change: match row.change {
                Change::More(_) if row.verdict.is_failure() => BAD,
                Change::Less(_) => GOOD,
                _ => Style::new(),
            },
        }
    }

    fn text(&self, verdicts: usize, name: usize, widths: &[usize], is_narrow: bool) -> String {
        let color = match self.verdict {
            Verdict::Passed => GOOD,
            Verdict::Expected | Verdict::Blessed => NOTED,
            Verdict::Refused | Verdict::Failed => BAD,
        };
        let word = word(self.verdict);
        let space = " ".repeat(verdicts.saturating_sub(word.len()) + GAP);
        let shown = shortened(&self.name, name);
        let padding = if is_narrow { "\n".to_owned() } else { " ".repeat(name.saturating_sub(width(&shown))) };
        let [figures @ .., change] = &self.figures;
        let figures = figures.iter().zip(widths).zip(TITLES).map(|((text, width), title)| cell(text, *width, title));
        let change = format!("{0}{change}{0:#}", self.change);
        format!("{color}{word}{color:#}{space}{shown}{padding}{}{:GAP$}{change}\n", figures.collect::<String>(), "")
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "ok",
        Verdict::Expected => "expected",
        Verdict::Blessed => "blessed",
        Verdict::Refused => "REFUSED",
        Verdict::Failed => "FAILED",
    }
}

fn list(section: &Section, columns: usize) -> String {
    let mut text = format!("\n{TITLE}{}{TITLE:#}\n", section.title);
    for item in &section.items {
        text.push_str(&format!("- {}\n", shortened(&item.name, columns.saturating_sub(2))));
        item.lines.iter().for_each(|line| text.push_str(&format!("{}\n", wrapped(line, 4, columns))));
    }
    text.push_str(&format!("{NOTED}{}{NOTED:#}\n", wrapped(section.remedy, 2, columns)));
    text
}
