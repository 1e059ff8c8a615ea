//! Baselines of which no test reports: the test is gone, has another name, or asks for its baseline no longer.

use std::collections::HashSet;
use std::path::PathBuf;

use heaplens::testing::{Check, TestRecord};

use crate::judge::Baselines;
use crate::project::Project;

/// An entry that nobody uses.
pub(crate) struct StaleEntry {
    /// The package's name.
    pub(crate) package: String,
    /// The file that it is in.
    pub(crate) file: PathBuf,
    /// Its name, a test and a scope.
    pub(crate) entry: String,
}

/// The entries of packages, of which every test has run, that are none of the records'.
pub(crate) fn entries(
    project: &Project,
    whole_packages: &[String],
    baselines: &Baselines,
    records: &[TestRecord],
) -> Vec<StaleEntry> {
    let reported: HashSet<_> = records
        .iter()
        .filter(|record| record.check == Check::Baseline)
        .map(|record| (record.baseline_file(), record.entry_name()))
        .collect();
    let mut stale = Vec::new();
    for package in project.packages.iter().filter(|package| whole_packages.contains(&package.name)) {
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
    stale.sort_by(|a, b| (&a.package, &a.file, &a.entry).cmp(&(&b.package, &b.file, &b.entry)));
    stale
}
