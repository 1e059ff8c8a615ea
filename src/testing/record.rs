//! What each check found, for `cargo heaplens test`: a line of JSON for each in the folder that `HEAPLENS_RESULTS` names.
//!
//! ```text
//! check ──▶ <folder>/<process id>.jsonl ──read──▶ TestRecord[]
//! ```
//!
//! Nothing is written unless the variable is set. A process appends to a file of its own, a line at once, so that test
//! processes beside it and one that is killed leave whole lines.

use super::baseline::{BaselineEntry, file_in};
use super::failure::BudgetFailure;
use super::given::given;
use super::target::package_folder;
use super::test_name::TestName;
use crate::scope::Measurement;
use core::fmt;
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The variable that names the folder.
pub const RESULTS_VARIABLE: &str = "HEAPLENS_RESULTS";

/// What one check of a measurement found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TestRecord {
    /// The folder of the test's package, as cargo says it; empty where it does not.
    pub package: PathBuf,
    /// The test: `suite::module::test`.
    pub test: String,
    /// The name of the scope that was measured.
    pub scope: String,
    /// What was checked.
    pub check: Check,
    /// What came of it.
    pub outcome: Outcome,
    /// The text of the failure; empty where there is none.
    pub text: String,
    /// How long the scope was open.
    pub elapsed_nanoseconds: u64,
    /// The figures and call sites.
    pub measured: BaselineEntry,
}

/// What a measurement was checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Check {
    /// Conditions.
    Budget,
    /// What it was when it was last blessed.
    Baseline,
    /// Whether call sites hold more with every repetition.
    Leak,
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Outcome {
    /// Everything holds.
    Passed,
    /// Something does not.
    Failed,
    /// It could not be known.
    Refused,
}

impl TestRecord {
    /// The name of the test's entry in its baseline file: a test can have several scopes.
    #[must_use]
    pub fn entry_name(&self) -> String {
        TestName::of_path(&self.test).entry(&self.scope)
    }

    /// The file in which the test's baseline is, or would be.
    #[must_use]
    pub fn baseline_file(&self) -> PathBuf {
        file_in(&self.package, &TestName::of_path(&self.test))
    }

    /// Every record in a folder, in the order of packages, tests and scopes; none if the folder is not there. Of a check that
    /// several processes made, as where a test is run again, those of the last.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, or a line is no record.
    pub fn read_folder(folder: &Path) -> io::Result<Vec<Self>> {
        let files = match fs::read_dir(folder) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(in_file(folder, error)),
        };
        let mut paths = Vec::new();
        for file in files {
            let file = file?;
            if file.path().extension().is_some_and(|ending| ending == "jsonl") {
                paths.push((file.metadata()?.modified()?, file.path()));
            }
        }
        paths.sort();
        let mut records: Vec<Self> = Vec::new();
        for (_, path) in paths {
            let later = Self::read(&path)?;
            let is_made_again = |record: &Self| later.iter().any(|other| record.is_same_check(other));
            records.retain(|record| !is_made_again(record));
            records.extend(later);
        }
        records.sort_by(|a: &Self, b| (&a.package, &a.test, &a.scope).cmp(&(&b.package, &b.test, &b.scope)));
        Ok(records)
    }

    fn is_same_check(&self, other: &Self) -> bool {
        (&self.test, &self.scope, self.check, &self.package) == (&other.test, &other.scope, other.check, &other.package)
    }

    fn read(path: &Path) -> io::Result<Vec<Self>> {
        let text = fs::read_to_string(path).map_err(|error| in_file(path, error))?;
        let record = |(position, line): (usize, &str)| {
            serde_json::from_str(line).map_err(|error| {
                io::Error::other(format!("{}:{}: not a result: {error}", path.display(), position + 1))
            })
        };
        text.lines().enumerate().map(record).collect()
    }
}

fn in_file(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Writes down what a check found, if somebody asked for it. What stands in the way is said on standard error.
pub(super) fn note(
    test: impl FnOnce() -> TestName,
    measurement: &Measurement,
    check: Check,
    failure: Option<(Outcome, &dyn fmt::Display)>,
    entry: impl FnOnce() -> BaselineEntry,
) {
    let Some(folder) = given(RESULTS_VARIABLE) else { return };
    let (outcome, text) =
        failure.map_or((Outcome::Passed, String::new()), |(outcome, text)| (outcome, text.to_string()));
    let record = TestRecord {
        package: package_folder(""),
        test: test().as_str().to_owned(),
        scope: measurement.name().to_owned(),
        check,
        outcome,
        text,
        elapsed_nanoseconds: u64::try_from(measurement.elapsed().as_nanos()).unwrap_or(u64::MAX),
        measured: entry(),
    };
    if let Err(error) = append(Path::new(&folder), &record) {
        let _ = writeln!(io::stderr(), "heaplens: the result could not be written: {error} ({RESULTS_VARIABLE})");
    }
}

/// What came of a check that gave this error.
pub(super) fn failed(failure: &BudgetFailure) -> (Outcome, &dyn fmt::Display) {
    (if failure.violations().is_empty() { Outcome::Refused } else { Outcome::Failed }, failure)
}

fn append(folder: &Path, record: &TestRecord) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{}.jsonl", std::process::id()));
    let mut line = serde_json::to_vec(record)?;
    line.push(b'\n');
    OpenOptions::new().append(true).create(true).open(path)?.write_all(&line)
}
