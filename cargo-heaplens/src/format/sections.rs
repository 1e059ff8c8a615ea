//! What is told below a table: what failed, what is better, which baselines nobody uses, each with the remedy.

use heaplens::testing::wording::visible;
use heaplens::testing::{BaselineChange, SiteChange};

use crate::change::Change;
use crate::judge::{Judged, Row};
use crate::printable;
use crate::project::Project;
use crate::shortlist::shortlist;

/// Call sites that are told of a test.
const MOST_SITES: usize = 5;

/// Lines that are repeated of what a check said; the test has printed them all.
const MOST_LINES: usize = 7;

/// A list of one kind.
pub(crate) struct Section {
    pub(crate) kind: Kind,
    pub(crate) items: Vec<Item>,
}

/// What the items of a section have in common.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Regressions,
    FailedChecks,
    Improvements,
    StaleBaselines,
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
        Section { kind: Kind::Regressions, items: regressions.collect() },
        Section { kind: Kind::FailedChecks, items: other_failures.collect() },
        Section { kind: Kind::Improvements, items: judged.improvements().map(changed).collect() },
        Section { kind: Kind::StaleBaselines, items: stale.collect() },
    ];
    sections.into_iter().filter(|section| !section.items.is_empty()).collect()
}

impl Kind {
    /// The words above the list.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Regressions => "regressions",
            Self::FailedChecks => "failed checks",
            Self::Improvements => "improvements",
            Self::StaleBaselines => "stale baselines",
        }
    }

    /// What to do about it.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Self::Regressions => "If these are meant: `cargo heaplens test --bless`, and commit the baselines",
            Self::FailedChecks => {
                "Each says what stands in its way; new baselines are written by `cargo heaplens test --bless`"
            }
            Self::Improvements => "To hold them: `cargo heaplens test --bless`, and commit the baselines",
            Self::StaleBaselines => {
                "No test asked for these: take the entries out of the files, or bring the tests back"
            }
        }
    }
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
    let sites = shortlist(row.sites.iter().map(site_line), MOST_SITES, "call sites");
    let lines = figures.chain(sites).map(|line| printable::line(&line));
    Item { name: printable::line(&row.name()), lines: lines.collect() }
}

fn said(row: &Row) -> Item {
    let lines: Vec<String> = row.text.lines().map(printable::line).collect();
    Item { name: printable::line(&row.name()), lines: shortlist(lines.into_iter(), MOST_LINES, "lines") }
}

/// A call site in words.
pub(crate) fn site_line(change: &SiteChange) -> String {
    visible(&change.to_string()).into_owned()
}
