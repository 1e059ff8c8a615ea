//! Baselines of which no test reports: the test is gone, has another name, or asks for its baseline no longer.

use std::collections::HashSet;
use std::path::PathBuf;

use heaplens::testing::{Check, TestRecord};

use crate::judge::Baselines;
use crate::project::Project;
use crate::run::Run;

/// An entry that nobody uses.
pub(crate) struct StaleEntry {
    /// The package's name.
    pub(crate) package: String,
    /// The file that it is in.
    pub(crate) file: PathBuf,
    /// Its name, a test and a scope.
    pub(crate) entry: String,
}

/// The entries that no record is of, in packages of which every test has run. It takes the list of ignored tests to tell them
/// from those whose tests do not run by themselves: without it there are none.
pub(crate) fn entries(project: &Project, run: &Run, baselines: &Baselines, records: &[TestRecord]) -> Vec<StaleEntry> {
    let Some(ignored) = &run.ignored else { return Vec::new() };
    let mut stale = without_record(project, run, baselines, records);
    stale.retain(|stale| !path_in_crate(&stale.entry).is_some_and(|path| ignored.iter().any(|test| test == path)));
    stale.sort_by(|a, b| (&a.package, &a.file, &a.entry).cmp(&(&b.package, &b.file, &b.entry)));
    stale
}

/// Those, and the ones of ignored tests.
pub(crate) fn without_record(
    project: &Project,
    run: &Run,
    baselines: &Baselines,
    records: &[TestRecord],
) -> Vec<StaleEntry> {
    let reported: HashSet<_> = records
        .iter()
        .filter(|record| record.check == Check::Baseline)
        .map(|record| (record.baseline_file(), record.entry_name()))
        .collect();
    let mut stale = Vec::new();
    for package in project.packages.iter().filter(|package| run.whole_packages.contains(&package.name)) {
        let folder = package.baseline_folder();
        for (file, baseline) in baselines.iter().filter(|(file, _)| file.parent() == Some(&folder)) {
            let unused = baseline.tests().keys().filter(|name| !reported.contains(&(file.clone(), (*name).clone())));
            stale.extend(unused.map(|entry| StaleEntry {
                package: package.name.clone(),
                file: file.clone(),
                entry: entry.clone(),
            }));
        }
    }
    stale
}

/// The path of an entry's test as libtest lists it: `module::test` of `suite::module::test [scope]`.
fn path_in_crate(entry: &str) -> Option<&str> {
    let test = entry.split_once(" [").map_or(entry, |(test, _)| test);
    test.split_once("::").map(|(_, path)| path)
}
