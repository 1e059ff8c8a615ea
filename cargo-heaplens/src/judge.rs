//! The records of a run beside the baselines as they are in the files: what a table of the tests has a row for.
//!
//! ```text
//! TestRecord[] ──grouped by test and scope──▶ Row[]        worst verdict, change against the baseline
//! BaselineFile[] ──without those that reported──▶ StaleEntry[]
//! ```

use std::collections::BTreeMap;
use std::path::PathBuf;

use heaplens::testing::{BaselineEntry, BaselineFile, Check, Outcome, SiteChange, TestRecord};

use crate::change::Change;
use crate::failure::Failure;
use crate::project::{Project, read};
use crate::run::Run;
use crate::shortlist::shortlist;
use crate::stale::{self, StaleEntry};

/// What came of a test's checks, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Passed,
    /// It failed or was refused, and its test passed all the same: it was written to see that.
    Expected,
    /// What was measured is the baseline from this run on.
    Blessed,
    /// It could not be known.
    Refused,
    Failed,
}

/// A measured test.
pub(crate) struct Row {
    /// The package's name.
    pub(crate) package: String,
    /// The check that says most: the worst, of those the one against a baseline, of those the one with the highest peak.
    pub(crate) record: TestRecord,
    /// The worst of all checks.
    pub(crate) verdict: Verdict,
    /// Against the baseline.
    pub(crate) change: Change,
    /// The call sites that changed since the baseline.
    pub(crate) sites: Vec<SiteChange>,
    /// What the failed checks said, in several lines; empty where none failed.
    pub(crate) text: String,
}

/// All that a format shows.
pub(crate) struct Judged {
    /// In the order of packages, tests and scopes.
    pub(crate) rows: Vec<Row>,
    /// Baselines of which no test reported.
    pub(crate) stale: Vec<StaleEntry>,
    /// Whether cargo was content, as far as is known.
    pub(crate) has_succeeded: bool,
    /// Cargo was not content, and no check of that run says why: another test failed, or the code does not compile.
    pub(crate) has_failed_elsewhere: bool,
}

/// What is known of all checks of a run.
#[derive(Clone, Copy)]
struct Circumstances {
    age: Age,
    /// Passed comparisons have written their baselines.
    has_blessed: bool,
    /// Every test has passed, those with failed checks too.
    has_succeeded: bool,
}

/// Whether the outcomes of the records are still true.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    /// The tests have just run.
    Fresh,
    /// The baselines may be others by now.
    Recorded,
}

/// The files of the workspace's baselines, and those of the records.
pub(crate) type Baselines = BTreeMap<PathBuf, BaselineFile>;

impl Verdict {
    /// Whether it fails the run.
    pub(crate) fn is_failure(self) -> bool {
        self >= Self::Refused
    }

    /// The word for machines.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Expected => "expected",
            Self::Blessed => "blessed",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl Judged {
    /// Compares the records with the baselines.
    pub(crate) fn of(
        project: &Project,
        run: &Run,
        records: Vec<TestRecord>,
        age: Age,
        mut baselines: Baselines,
    ) -> Result<Self, Failure> {
        for record in &records {
            let path = record.baseline_file();
            // A file that was not there before a blessing had no entries.
            let is_new = run.has_blessed && age == Age::Fresh;
            if !is_new && !baselines.contains_key(&path) {
                baselines.insert(path.clone(), read(&path)?);
            }
        }
        let stale = stale::entries(project, run, &baselines, &records);
        let has_succeeded = run.has_succeeded != Some(false);
        let is_explained = records.iter().any(|record| record.outcome != Outcome::Passed);
        let circumstances = Circumstances {
            age,
            has_blessed: run.has_blessed && age == Age::Fresh,
            has_succeeded: run.has_succeeded == Some(true),
        };
        let mut rows: BTreeMap<_, Row> = BTreeMap::new();
        for record in records {
            let row = Row::of(project, record, &baselines, circumstances);
            let key = (row.package.clone(), row.record.test.clone(), row.record.scope.clone());
            let row = match rows.remove(&key) {
                Some(known) => known.together_with(row),
                None => row,
            };
            rows.insert(key, row);
        }
        let has_failed_elsewhere = !has_succeeded && !is_explained;
        Ok(Self { rows: rows.into_values().collect(), stale, has_succeeded, has_failed_elsewhere })
    }

    /// Whether a check or anything else failed, or, strictly, whether a baseline is not what it could be.
    pub(crate) fn is_failure(&self, strict: bool) -> bool {
        let could_be_better = self.improvements().next().is_some() || !self.stale.is_empty();
        self.has_failed_elsewhere || self.failures().next().is_some() || strict && could_be_better
    }

    /// Says on standard error why a run fails that would not without `--strict`.
    pub(crate) fn say_what_is_strict(&self) {
        if !self.is_failure(false) && self.is_failure(true) {
            let (better, stale) = (self.improvements().count(), self.stale.len());
            eprintln!("failed, because of --strict: better than their baselines {better}, stale {stale}");
        }
    }

    /// The rows that fail the run.
    pub(crate) fn failures(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.verdict.is_failure())
    }

    /// The rows that are better than their baseline, which stays.
    pub(crate) fn improvements(&self) -> impl Iterator<Item = &Row> {
        let is_left = |row: &&Row| !row.verdict.is_failure() && row.verdict != Verdict::Blessed;
        self.rows.iter().filter(is_left).filter(|row| matches!(row.change, Change::Less(_)))
    }
}

impl Circumstances {
    fn verdict(self, record: &TestRecord, change: &Change) -> Verdict {
        match (record.outcome, record.check, self.age) {
            (Outcome::Failed | Outcome::Refused, ..) if self.has_succeeded => Verdict::Expected,
            (Outcome::Passed | Outcome::Failed, Check::Baseline, Age::Recorded) => present_verdict(change),
            (Outcome::Passed, Check::Baseline, Age::Fresh) if self.has_blessed => Verdict::Blessed,
            (Outcome::Passed, ..) => Verdict::Passed,
            (Outcome::Refused, ..) => Verdict::Refused,
            _ => Verdict::Failed,
        }
    }
}

impl Row {
    fn of(project: &Project, record: TestRecord, baselines: &Baselines, circumstances: Circumstances) -> Self {
        let file = baselines.get(&record.baseline_file());
        let baseline = match record.check {
            Check::Baseline => file.and_then(|file| file.tests().get(&record.entry_name())),
            _ => None,
        };
        let change = Change::between(baseline, &record.measured);
        let sites = match &change {
            Change::Less(_) | Change::More(_) => baseline.map(|entry| entry.site_changes(&record.measured)),
            _ => None,
        };
        let verdict = circumstances.verdict(&record, &change);
        let sites = sites.unwrap_or_default();
        let text = match (circumstances.age, record.check) {
            _ if !verdict.is_failure() => String::new(),
            (Age::Recorded, Check::Baseline) if record.outcome != Outcome::Refused => {
                present_text(&record, baseline, &change, &sites)
            }
            _ => record.text.clone(),
        };
        Self { package: package_name(project, &record), record, verdict, change, sites, text }
    }

    /// One row of two checks of the same test and scope.
    fn together_with(self, other: Self) -> Self {
        let weight = |row: &Self| {
            let peak = row.record.measured.figures.get("peak_bytes").copied();
            (row.verdict, row.record.check == Check::Baseline, peak)
        };
        let (mut row, lesser) = if weight(&other) > weight(&self) { (other, self) } else { (self, other) };
        if row.change == Change::NoBaseline {
            (row.change, row.sites) = (lesser.change, lesser.sites);
        }
        if !lesser.text.is_empty() && lesser.text != row.text {
            row.text = [row.text, lesser.text].join("\n");
        }
        row
    }

    /// The test and its scope.
    pub(crate) fn name(&self) -> String {
        self.record.entry_name()
    }

    /// A figure of the measurement.
    pub(crate) fn figure(&self, name: &str) -> u64 {
        self.record.measured.figures.get(name).copied().unwrap_or_default()
    }
}

/// What a comparison with the baseline of today says.
fn present_verdict(change: &Change) -> Verdict {
    match change {
        Change::More(_) => Verdict::Failed,
        Change::NoBaseline | Change::NotComparable => Verdict::Refused,
        Change::Same | Change::Less(_) => Verdict::Passed,
    }
}

/// The text of such a failure.
fn present_text(
    record: &TestRecord,
    baseline: Option<&BaselineEntry>,
    change: &Change,
    sites: &[SiteChange],
) -> String {
    const MOST_SITES: usize = 5;
    let scope = &record.scope;
    match (change, baseline) {
        (Change::More(_), _) => {
            let figures = change.figures().map(|change| format!("  {change}"));
            let sites = shortlist(sites.iter().map(SiteChange::to_string), MOST_SITES, "call sites");
            let sites = sites.into_iter().map(|site| format!("  {site}"));
            let first = [format!("memory baseline of \"{scope}\" exceeded:")];
            first.into_iter().chain(figures).chain(sites).collect::<Vec<_>>().join("\n")
        }
        (_, Some(baseline)) => format!(
            "memory baseline of \"{scope}\" cannot be compared: it was recorded with \"{}\", and this with \"{}\"",
            baseline.with, record.measured.with
        ),
        (_, None) => format!("memory baseline of \"{scope}\" is missing: `cargo heaplens test --bless` writes it"),
    }
}

/// The name of the record's package, or of its folder where that is none of the workspace.
fn package_name(project: &Project, record: &TestRecord) -> String {
    match project.packages.iter().find(|package| package.folder == record.package) {
        Some(package) => package.name.clone(),
        None => record.package.file_name().unwrap_or_default().to_string_lossy().into_owned(),
    }
}
