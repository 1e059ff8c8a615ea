//! The difference of two revisions for people: the figures of each test that changed, and where it changed.

use anstyle::{AnsiColor, Style};
use heaplens::testing::wording::count;

use super::difference::{ChangedFigure, ChangedTest, Difference};
use crate::format::site_line;
use crate::printable::{line, shortened, wrapped};

/// Call sites that are told of a test; the others are counted.
const MOST_SITES: usize = 10;
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
    let cells: Vec<[String; 3]> = test.figures.iter().map(cells).collect();
    let titles = ["", "before", "after"];
    let widths = [0, 1, 2]
        .map(|column| cells.iter().map(|cells| cells[column].len()).max().unwrap_or(0).max(titles[column].len()));
    let row = |[name, before, after]: [&str; 3], change: &str| {
        let [names, befores, afters] = widths;
        format!("    {name:names$}  {before:>befores$}  {after:>afters$}  {change}").trim_end().to_owned() + "\n"
    };
    text.push_str(&row(titles, "change"));
    for (figure, cells) in test.figures.iter().zip(&cells) {
        let cells: &[String; 3] = cells;
        text.push_str(&row(cells.each_ref().map(String::as_str), &change(figure)));
    }
    let sites = test.sites.iter().take(MOST_SITES).map(site_line);
    let more = test.sites.len().saturating_sub(MOST_SITES);
    let more = (more > 0).then(|| format!("and {more} more call sites"));
    let with = test.with.iter().map(|[before, after]| format!("measured with {before} before, {after} after"));
    for said in sites.chain(more).chain(with) {
        text.push_str(&format!("{}\n", wrapped(&line(&said), 4, columns)));
    }
    text + "\n"
}

fn cells(figure: &ChangedFigure) -> [String; 3] {
    [line(&figure.name), count(figure.before), count(figure.after)]
}

fn change(figure: &ChangedFigure) -> String {
    let (before, after) = (figure.before, figure.after);
    if before == after {
        return "same".to_owned();
    }
    let (sign, style) = if after > before { ('+', MORE) } else { ('-', LESS) };
    let difference = after.abs_diff(before);
    let share = difference as f64 / before as f64 * 100.0;
    let text = if before == 0 { format!("{sign}{}", count(difference)) } else { format!("{sign}{share:.1} %") };
    format!("{style}{text}{style:#}")
}
