//! What a run of the tests was, written beside its results: which packages it tested whole, and how it ended.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::project::Project;

/// The name of the file about the run, beside its results.
const FILE: &str = "run.json";

/// Arguments of cargo and of the test programs that leave out no test of those that run here without them.
const HARMLESS: [&str; 19] = [
    "--all",
    "--all-features",
    "--frozen",
    "--locked",
    "--no-capture",
    "--no-fail-fast",
    "--nocapture",
    "--offline",
    "--quiet",
    "--release",
    "--show-output",
    "--verbose",
    "--workspace",
    "-q",
    "-r",
    "-v",
    "-vv",
    "--keep-going",
    "--",
];

/// The same, with a value.
const HARMLESS_WITH_VALUE: [&str; 13] = [
    "--color",
    "--config",
    "--features",
    "--jobs",
    "--manifest-path",
    "--message-format",
    "--profile",
    "--target",
    "--target-dir",
    "--test-threads",
    "-F",
    "-Z",
    "-j",
];

/// What a run was: whether a test that did not report is one that is not there.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Run {
    /// The folder of the workspace: several can have one build folder.
    workspace: String,
    /// The packages of which every test has run.
    pub(crate) whole_packages: Vec<String>,
    /// Whether cargo was content; `None` where nobody knows.
    pub(crate) has_succeeded: Option<bool>,
    /// Whether baselines were written.
    pub(crate) has_blessed: bool,
    /// The tests that are `#[ignore]`d, by their paths in their crates; `None` where nobody has asked, or got no answer.
    pub(crate) ignored: Option<Vec<String>>,
}

impl Run {
    /// Of the arguments for cargo.
    pub(crate) fn of(project: &Project, arguments: &[OsString], has_succeeded: bool, has_blessed: bool) -> Self {
        let is_whole = has_succeeded && is_whole(arguments);
        let packages = project.packages.iter().filter(|package| package.is_default || is_of_workspace(arguments));
        let names = packages.filter(|_| is_whole).map(|package| package.name.clone());
        Self {
            workspace: workspace(project),
            whole_packages: names.collect(),
            has_succeeded: Some(has_succeeded),
            has_blessed,
            ignored: None,
        }
    }

    /// Whether some tests were not asked for.
    pub(crate) fn left_tests_out(&self) -> bool {
        self.has_succeeded == Some(true) && self.whole_packages.is_empty()
    }

    /// Of which nothing is known but its results: somebody else has called cargo.
    pub(crate) fn unknown() -> Self {
        Self {
            workspace: String::new(),
            whole_packages: Vec::new(),
            has_succeeded: None,
            has_blessed: false,
            ignored: None,
        }
    }

    /// Writes it beside the results.
    pub(crate) fn write(&self, results: &Path) -> Result<(), Failure> {
        let path = results.join(FILE);
        let text = serde_json::to_vec(self).map_err(io::Error::from);
        text.and_then(|text| fs::write(&path, text)).map_err(|error| Failure::file(&path, error))
    }

    /// The run that left the results; `None` if it did not come to its end, or was of another workspace.
    pub(crate) fn read(project: &Project) -> Option<Self> {
        let run: Self = serde_json::from_slice(&fs::read(project.results().join(FILE)).ok()?).ok()?;
        (run.workspace == workspace(project)).then_some(run)
    }
}

fn workspace(project: &Project) -> String {
    project.root.display().to_string()
}

/// Whether every package of the workspace is tested.
fn is_of_workspace(arguments: &[OsString]) -> bool {
    let mut ours = arguments.iter().take_while(|argument| *argument != "--");
    ours.any(|argument| argument == "--workspace" || argument == "--all")
}

/// Whether every test runs that would run without these arguments.
fn is_whole(arguments: &[OsString]) -> bool {
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let Some(argument) = argument.to_str() else { return false };
        let name = argument.split_once('=').map_or(argument, |(name, _)| name);
        let has_value = argument != name;
        match HARMLESS_WITH_VALUE.contains(&name) {
            true if !has_value => drop(arguments.next()),
            true => {}
            false if HARMLESS.contains(&argument) => {}
            false => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn arguments_that_choose_tests_are_told_from_those_that_do_not() {
        for whole in
            ["", "--release --workspace", "-j 2 --color=always -- --nocapture --test-threads 1", "--features a"]
        {
            assert!(is_whole(&arguments(whole)), "{whole}");
        }
        for part in ["parse", "-p parser", "--lib", "-- parse", "-- --skip x", "--test=x", "--release=x", "--exclude a"]
        {
            assert!(!is_whole(&arguments(part)), "{part}");
        }
        let of_workspace = ["--all", "-- --all", ""].map(|text| is_of_workspace(&arguments(text)));
        assert_eq!(of_workspace, [true, false, false]);
    }
}
