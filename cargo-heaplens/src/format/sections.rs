//! What is told below a table: what failed, what is better, which baselines nobody uses, each with the remedy.

use heaplens::testing::wording::visible;
use heaplens::testing::{BaselineChange, SiteChange};

use crate::change::Change;
use crate::judge::{Judged, Row};
use crate::printable;
use crate::project::Project;

/// Call sites that are told of a test; the others are counted.
const MOST_SITES: usize = 5;

/// Lines that are repeated of what a check said; the test has printed them all.
const MOST_LINES: usize = 8;

/// A list with what to do about it.
pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) items: Vec<Item>,
    pub(crate) remedy: &'static str,
}

/// A test, or a file, and what is to be said of it; every text is one line that only shows.
pub(crate) struct Item {
    pub(crate) name: String,
    pub(crate) lines: Vec<String>,
}

/// The sections that have something in them.
pub(crate) fn of(project: &Project, judged: &Judged) -> Vec<Section> {
    let is_regression = |row: &&Row| matches!(row.change, Change::More(_));
    let regressions = judged.failures().filter(is_regression).map(changed);
    let other_failures = judged.failures().filter(|row| !is_regression(row)).map(said);
    let stale = judged.stale.iter().map(|stale| Item {
        name: printable::line(&stale.entry),
        lines: vec![printable::line(&project.shown(&stale.file))],
    });
    let sections = [
        Section {
            title: "regressions",
            items: regressions.collect(),
            remedy: "If these are meant: `cargo heaplens test --bless`, and commit the baselines",
        },
        Section {
            title: "failed checks",
            items: other_failures.collect(),
            remedy: "Lower what the tests need, or change their limits; a check without a baseline needs `cargo heaplens test --bless`",
        },
        Section {
            title: "improvements",
            items: judged.improvements().map(changed).collect(),
            remedy: "To hold them: `cargo heaplens test --bless`, and commit the baselines",
        },
        Section {
            title: "stale baselines",
            items: stale.collect(),
            remedy: "No test asked for these: take the entries out of the files, or bring the tests back",
        },
    ];
    sections.into_iter().filter(|section| !section.items.is_empty()).collect()
}

/// How many tests there are, and what came of them.
pub(crate) fn totals(judged: &Judged) -> String {
    let failed = judged.failures().count();
    let mut parts = vec![format!("{} ok", judged.rows.len() - failed)];
    let more = [(failed, "failed"), (judged.improvements().count(), "better"), (judged.stale.len(), "stale")];
    parts.extend(more.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")));
    let plural = if judged.rows.len() == 1 { "" } else { "s" };
    let cargo = if judged.has_succeeded { "" } else { "; cargo test failed" };
    format!("{} measured test{plural}: {}{cargo}", judged.rows.len(), parts.join(", "))
}

fn changed(row: &Row) -> Item {
    let figures = row.change.figures().map(BaselineChange::to_string);
    let sites = row.sites.iter().take(MOST_SITES).map(site_line);
    let more = row.sites.len().saturating_sub(MOST_SITES);
    let more = (more > 0).then(|| format!("and {more} more call sites"));
    let lines = figures.chain(sites).chain(more).map(|line| printable::line(&line));
    Item { name: printable::line(&row.name()), lines: lines.collect() }
}

fn said(row: &Row) -> Item {
    let mut lines: Vec<String> = row.text.lines().map(|line| printable::line(line.trim_start())).collect();
    if lines.len() > MOST_LINES {
        let more = lines.split_off(MOST_LINES - 1).len();
        lines.push(format!("and {more} more lines"));
    }
    Item { name: printable::line(&row.name()), lines }
}

/// A call site in words, without the columns of a longer list.
pub(crate) fn site_line(change: &SiteChange) -> String {
    let text = change.to_string();
    visible(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}
