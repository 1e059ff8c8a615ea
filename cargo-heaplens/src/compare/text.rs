//! The difference of two revisions for people: the figures of each test that changed, and where it changed.

use std::cmp::Ordering;

use anstyle::{AnsiColor, Style};
use heaplens::testing::wording::count;

use super::difference::{ChangedFigure, ChangedTest, Difference};
use crate::format::site_line;
use crate::printable::{line, shortened, width, wrapped};
use crate::shortlist::shortlist;

/// Call sites that are told of a test.
const MOST_SITES: usize = 10;
/// Before the figures of a test.
const INDENT: usize = 4;
/// Between two columns.
const GAP: usize = 2;
const TITLE: Style = Style::new().bold();
const MORE: Style = AnsiColor::Red.on_default().bold();
const LESS: Style = AnsiColor::Green.on_default();

/// The whole text, at most as wide as that many columns.
pub(super) fn of(difference: &Difference, revision: &str, columns: usize) -> String {
    let revision = line(revision);
    let mut text = String::new();
    for test in &difference.changed {
        text.push_str(&changed(test, columns));
    }
    let only = |title: String, names: &[String]| {
        let names = names.iter().map(|name| format!("- {}\n", shortened(&line(name), columns.saturating_sub(2))));
        let names: String = names.collect();
        if names.is_empty() { names } else { format!("{TITLE}{}{TITLE:#}\n{names}\n", wrapped(&title, 0, columns)) }
    };
    text.push_str(&only(format!("only at {revision}"), &difference.gone));
    text.push_str(&only("only in the present work tree".to_owned(), &difference.new));
    let (changed, unchanged) = (difference.changed.len(), difference.unchanged);
    let totals = format!("since {revision}: {changed} changed, {unchanged} the same");
    text + &wrapped(&totals, 0, columns) + "\n"
}

fn changed(test: &ChangedTest, columns: usize) -> String {
    let mut text = format!("- {TITLE}{}{TITLE:#}\n", shortened(&line(&test.name), columns.saturating_sub(2)));
    text.push_str(&table(&test.figures, columns).unwrap_or_else(|| list(&test.figures, columns)));
    let sites = shortlist(test.sites.iter().map(site_line), MOST_SITES, "call sites");
    let with = test.with.iter().map(|[before, after]| format!("measured with {before} before, {after} after"));
    for said in sites.into_iter().chain(with) {
        text.push_str(&format!("{}\n", wrapped(&line(&said), 4, columns)));
    }
    text + "\n"
}

/// The figures, a line each, where the longest has room.
fn table(figures: &[ChangedFigure], columns: usize) -> Option<String> {
    let titles = ["", "before", "after", "change"].map(str::to_owned);
    let rows: Vec<[String; 4]> = figures.iter().map(cells).collect();
    let widths =
        [0, 1, 2, 3].map(|column| rows.iter().chain([&titles]).map(|cells| width(&cells[column])).max().unwrap_or(0));
    if INDENT + widths.iter().sum::<usize>() + 3 * GAP > columns {
        return None;
    }
    let row = |[name, before, after, change]: &[String; 4], style: Style| {
        let [names, befores, afters, _] = widths;
        let cells = format!("{:INDENT$}{name:names$}  {before:>befores$}  {after:>afters$}  ", "");
        format!("{cells}{style}{change}{style:#}\n")
    };
    let lines = figures.iter().zip(&rows).map(|(figure, cells)| row(cells, style(figure)));
    Some(row(&titles, Style::new()) + &lines.collect::<String>())
}

/// The figures in words, broken where they have to be.
fn list(figures: &[ChangedFigure], columns: usize) -> String {
    let words = |figure: &ChangedFigure| {
        let ([name, before, after, change], style) = (cells(figure), style(figure));
        let words = format!("{name}: {before} before, {after} after, {change}");
        format!("{style}{}{style:#}\n", wrapped(&words, INDENT, columns))
    };
    figures.iter().map(words).collect()
}

/// The name, before, after, and how much that is.
fn cells(figure: &ChangedFigure) -> [String; 4] {
    let (before, after) = (figure.before, figure.after);
    let sign = if after > before { '+' } else { '-' };
    let difference = after.abs_diff(before);
    let share = difference as f64 / before as f64 * 100.0;
    let change = match (difference, before) {
        (0, _) => "same".to_owned(),
        (_, 0) => format!("{sign}{}", count(difference)),
        _ => format!("{sign}{share:.1} %"),
    };
    [line(&figure.name), count(before), count(after), change]
}

fn style(figure: &ChangedFigure) -> Style {
    match figure.after.cmp(&figure.before) {
        Ordering::Greater => MORE,
        Ordering::Less => LESS,
        Ordering::Equal => Style::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use anstream::adapter::strip_str;

    use super::*;

    fn figure(name: &str, before: u64, after: u64) -> ChangedFigure {
        ChangedFigure { name: name.to_owned(), before, after }
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_no_number_cut() {
        let figures = vec![figure("total_bytes", 1_234_567, 7_654_321), figure("largest_block_bytes", 0, 12_345)];
        let name = "alpha::tests::with_a_name_that_is_long [rows]".to_owned();
        let with = Some(["rustc 1.95.0; x86_64".to_owned(), "rustc 1.96.0; x86_64".to_owned()]);
        let changed = vec![ChangedTest { name: name.clone(), figures, sites: Vec::new(), with }];
        let difference = Difference { changed, gone: vec![name.clone()], new: vec![name], ..Difference::default() };
        let shown = |columns| strip_str(&of(&difference, "0123456789abcdef0123456789abcdef", columns)).to_string();
        let numbers = |text: &str| -> BTreeSet<String> {
            let is_number =
                |word: &&str| word.trim_start_matches('+').starts_with(|first: char| first.is_ascii_digit());
            let words = text.split_whitespace().map(|word| word.trim_end_matches([',', ';'])).filter(is_number);
            words.filter(|word| !word.starts_with("012")).map(str::to_owned).collect()
        };
        let whole = numbers(&shown(120));
        assert!(whole.contains("+520.0") && whole.contains("+12,345"), "{whole:?}");
        for columns in 20..=120 {
            let text = shown(columns);
            assert!(text.lines().all(|line| width(line) <= columns), "{columns} columns:\n{text}");
            assert_eq!(numbers(&text), whole, "{columns} columns:\n{text}");
        }
    }
}
