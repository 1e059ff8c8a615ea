//! `cargo heaplens check`: the results of the last run beside the baselines as they are in the files.

use std::process::ExitCode;

use clap::Args;

use crate::failure::{FAILED, Failure};
use crate::format::Output;
use crate::judge::{Age, Judged};
use crate::project::Project;
use crate::run::Run;
use crate::test::read;

/// Compares the last results with the baselines, without a test.
#[derive(Args)]
#[command(after_help = "\
The results are those of the last `cargo heaplens test` in this build folder,
or of a test run with HEAPLENS_RESULTS=<target>/heaplens/results.

Examples:
  cargo heaplens check
  cargo heaplens check --strict --format markdown -o comment.md

Exit codes: 0 fine, 1 a test, budget or baseline failed, or that run failed for
another reason, 2 wrong usage, no results, or a file that cannot be used, 3 the
tool failed")]
pub(crate) struct Check {
    #[command(flatten)]
    output: Output,
    /// Improvements and stale baselines are failures too
    #[arg(long)]
    strict: bool,
}

impl Check {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        self.output.check()?;
        let project = Project::find(&[])?;
        let _lock = project.lock()?;
        let results = project.results();
        let mut records = read(&results)?;
        records.retain(|record| record.package.as_os_str().is_empty() || project.has_package(&record.package));
        if records.is_empty() {
            let reason = "no results of measured tests: run `cargo heaplens test` first";
            return Err(Failure::file(&results, reason));
        }
        let run = Run::read(&project).unwrap_or_else(Run::unknown);
        let judged = Judged::of(&project, &run, records, Age::Recorded, project.baselines()?)?;
        self.output.write(&project, &judged)?;
        if self.strict {
            judged.say_what_is_strict();
        }
        if run.left_tests_out() {
            eprintln!("note: these are the results of a run of some of the tests");
        }
        Ok(ExitCode::from(if judged.is_failure(self.strict) { FAILED } else { 0 }))
    }
}
