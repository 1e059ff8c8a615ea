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
    let layout = Layout::of(&lines, columns);
    let mut text = String::new();
    let mut package = None;
    for line in &lines {
        if package != Some(&line.package) {
            text.push_str(&layout.heading(&line.package, package.is_none(), columns));
            package = Some(&line.package);
        }
        text.push_str(&layout.row(line, columns));
    }
    text
}

/// Where the parts of a row stand, by the room there is.
struct Layout {
    form: Form,
    /// The columns of the verdict.
    verdict: usize,
    /// Those of the name.
    name: usize,
    /// Those of each figure.
    figures: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The name and the figures are on one line.
    OneLine,
    /// The figures are on a line below the name.
    TwoLines,
    /// Each figure has a line of its own.
    List,
}

impl Layout {
    fn of(lines: &[Line], columns: usize) -> Self {
        let widest = |of: &dyn Fn(&Line) -> usize| lines.iter().map(of).max().unwrap_or(0);
        let figure = |(column, title): (usize, &&str)| widest(&|line| width(&line.figures[column])).max(title.len());
        let figures: Vec<usize> = TITLES.iter().enumerate().map(figure).collect();
        let verdict = widest(&|line| word(line.verdict).len());
        let longest = widest(&|line| width(&line.name));
        let of_figures: usize = figures.iter().map(|width| GAP + width).sum();
        let room = columns.saturating_sub(verdict + GAP + of_figures);
        let (form, name) = match room >= longest.min(NARROWEST_NAME) {
            true => (Form::OneLine, room.min(longest)),
            false if of_figures <= columns => (Form::TwoLines, columns.saturating_sub(verdict + GAP)),
            false => (Form::List, columns.saturating_sub(verdict + GAP)),
        };
        Self { form, verdict, name, figures }
    }

    /// The package's name, and above the figures of the first the titles of their columns.
    fn heading(&self, package: &str, is_first: bool, columns: usize) -> String {
        let titles = TITLES.iter().zip(&self.figures).map(|(title, width)| cell(title, *width, title));
        let titles: String = titles.filter(|_| is_first && self.form != Form::List).collect();
        let start = if self.form == Form::OneLine { self.verdict + GAP + self.name } else { columns };
        let package = shortened(package, start);
        let space = match self.form {
            Form::OneLine => " ".repeat(start.saturating_sub(width(&package))),
            Form::TwoLines | Form::List => "\n".to_owned(),
        };
        format!("{TITLE}{}{TITLE:#}\n", format!("{package}{space}{titles}").trim_end())
    }

    /// The verdict, the name and the figures.
    fn row(&self, line: &Line, columns: usize) -> String {
        let (word, color) = (word(line.verdict), line.color());
        let space = " ".repeat(self.verdict.saturating_sub(word.len()) + GAP);
        let name = shortened(&line.name, self.name);
        let padding = match self.form {
            Form::OneLine => " ".repeat(self.name.saturating_sub(width(&name))),
            Form::TwoLines | Form::List => "\n".to_owned(),
        };
        let figures = if self.form == Form::List { line.list(columns) } else { line.cells(&self.figures) };
        format!("{color}{word}{color:#}{space}{name}{padding}{figures}")
    }
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

    fn color(&self) -> Style {
        match self.verdict {
            Verdict::Passed => GOOD,
            Verdict::Expected | Verdict::Blessed => NOTED,
            Verdict::Refused | Verdict::Failed => BAD,
        }
    }

    /// The figures beside each other.
    fn cells(&self, widths: &[usize]) -> String {
        let [figures @ .., change] = &self.figures;
        let figures = figures.iter().zip(widths).zip(TITLES).map(|((text, width), title)| cell(text, *width, title));
        let style = self.change;
        format!("{}{:GAP$}{style}{change}{style:#}\n", figures.collect::<String>(), "")
    }

    /// The figures below each other.
    fn list(&self, columns: usize) -> String {
        let longest = TITLES.map(str::len).into_iter().max().unwrap_or(0);
        let line = |(title, figure): (&str, &String)| {
            let style = if title == "change" { self.change } else { Style::new() };
            format!("{style}{}{style:#}\n", wrapped(&format!("{title:longest$} {figure}"), GAP, columns))
        };
        TITLES.into_iter().zip(&self.figures).map(line).collect()
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
    let mut text = format!("\n{TITLE}{}{TITLE:#}\n", section.kind.title());
    for item in &section.items {
        text.push_str(&format!("- {}\n", shortened(&item.name, columns.saturating_sub(2))));
        item.lines.iter().for_each(|line| text.push_str(&format!("{}\n", wrapped(line, 4, columns))));
    }
    text.push_str(&format!("{NOTED}{}{NOTED:#}\n", wrapped(section.kind.remedy(), 2, columns)));
    text
}
