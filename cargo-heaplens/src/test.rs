//! `cargo heaplens test`: runs the tests and prints what they needed, beside their baselines.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use heaplens::testing::TestRecord;

use crate::cargo_test::{self, CargoTest};
use crate::failure::{FAILED, Failure};
use crate::format::Output;
use crate::judge::{Age, Judged};
use crate::project::Project;
use crate::run::Run;
use crate::stale;

/// Runs `cargo test` and prints what the measured tests needed.
#[derive(Args)]
#[command(after_help = "\
Measured are tests with `assert_memory!`, `assert_baseline!` or another check of
heaplens::testing. Regressions, improvements and stale baselines are told below
the table; a baseline is stale if no test asks for it in a run of all tests, and
no ignored test would. A failed check of a test that passed was meant to fail.

Examples:
  cargo heaplens test                            every test that cargo test runs
  cargo heaplens test -- -p parser --release     with arguments for cargo test
  cargo heaplens test -- --no-fail-fast          all tests, though some fail
  cargo heaplens test --bless -- -- lines        new baselines for some tests
  cargo heaplens test --format junit -o memory.xml
  cargo heaplens test --format github            annotations, and a summary in
                                                 $GITHUB_STEP_SUMMARY

Exit codes: 0 fine, 1 a test, budget or baseline failed, or a test does not
compile, 2 wrong usage, also of cargo, or a baseline file that cannot be used,
3 the tool failed")]
pub(crate) struct Test {
    #[command(flatten)]
    output: Output,
    /// Makes what is measured the new baselines
    #[arg(long)]
    bless: bool,
    /// Improvements and stale baselines are failures too
    #[arg(long)]
    strict: bool,
    /// Runs `cargo nextest run` in place of `cargo test`
    #[arg(long)]
    nextest: bool,
    /// Arguments for cargo test
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

impl Test {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        self.output.check()?;
        let project = Project::find(&self.arguments)?;
        let before = project.baselines()?;
        if self.is_blessing() {
            project.check_baselines_are_writable()?;
        }
        let _lock = project.lock()?;
        let (run, records) = self.run_cargo(&project)?;
        // What is blessed is shown beside what it was.
        let baselines = if self.is_blessing() { before } else { project.baselines()? };
        let judged = Judged::of(&project, &run, records, Age::Fresh, baselines)?;
        self.output.write(&project, &judged)?;
        if judged.rows.is_empty() && run.has_succeeded == Some(true) {
            eprintln!("{HOW_TO_MEASURE}");
        }
        if self.strict {
            judged.say_what_is_strict();
        }
        let is_failure = judged.is_failure(self.strict) || run.has_succeeded == Some(false);
        Ok(ExitCode::from(if is_failure { FAILED } else { 0 }))
    }

    /// What the run was, which is written beside the results, and what the checks found.
    fn run_cargo(&self, project: &Project) -> Result<(Run, Vec<TestRecord>), Failure> {
        let results = project.results();
        CargoTest::prepare(&results)?;
        let cargo = CargoTest {
            arguments: &self.arguments,
            nextest: self.nextest,
            quiet_output: self.output.is_for_machines_on_standard_output(),
        };
        let mut command = cargo.command(&results);
        if self.bless {
            command.env("HEAPLENS_BLESS", "1");
        }
        let status = cargo_test::run(command)?;
        let records = read(&results)?;
        if records.is_empty() && cargo.has_refused(status) {
            return Err(cargo_test::refused());
        }
        let mut run = Run::of(project, &self.arguments, status.success(), self.is_blessing());
        if !stale::without_record(project, &run, &project.baselines()?, &records).is_empty() {
            run.ignored = cargo.ignored_tests();
        }
        run.write(&results)?;
        Ok((run, records))
    }

    /// Whether the tests write their baselines.
    fn is_blessing(&self) -> bool {
        self.bless || std::env::var_os("HEAPLENS_BLESS").is_some_and(|wish| wish == "1")
    }
}

const HOW_TO_MEASURE: &str = "\
no measured tests have run: either no test at all, see above, or none that is measured, by
`#[heaplens::budget(..)]`, `heaplens::assert_memory!(used, ..)`, `heaplens::assert_baseline!(used)`
or a leak test, where heaplens has its feature `stacks`";

/// What the checks found, a line that cannot be read being an error.
pub(crate) fn read(results: &Path) -> Result<Vec<TestRecord>, Failure> {
    TestRecord::read_folder(results).map_err(|error| Failure::Usage(error.to_string()))
}
