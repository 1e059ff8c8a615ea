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

/// Runs `cargo test` and prints what the measured tests needed.
#[derive(Args)]
#[command(after_help = "\
Measured are tests with `assert_memory!`, `assert_baseline!` or another check of
heaplens::testing. Regressions, improvements and stale baselines are told below
the table; a baseline is stale if no test asks for it in a run of all tests.

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
        project.baselines()?;
        let _lock = project.lock()?;
        let results = project.results();
        let has_succeeded = self.run_cargo(&results)?;
        let blessed = self.bless || std::env::var_os("HEAPLENS_BLESS").is_some_and(|wish| wish == "1");
        let run = Run::of(&project, &self.arguments, has_succeeded, blessed);
        run.write(&results)?;
        let records = read(&results)?;
        let judged = Judged::of(&project, &run, records, Age::Fresh)?;
        self.output.write(&project, &judged)?;
        if judged.rows.is_empty() {
            eprintln!("{HOW_TO_MEASURE}");
        }
        Ok(ExitCode::from(if judged.is_failure(self.strict) || !has_succeeded { FAILED } else { 0 }))
    }

    /// Whether cargo was content.
    fn run_cargo(&self, results: &Path) -> Result<bool, Failure> {
        CargoTest::prepare(results)?;
        let cargo = CargoTest {
            arguments: &self.arguments,
            nextest: self.nextest,
            quiet_output: self.output.is_for_machines_on_standard_output(),
        };
        let mut command = cargo.command(results);
        if self.bless {
            command.env("HEAPLENS_BLESS", "1");
        }
        let status = cargo_test::run(command)?;
        if read(results)?.is_empty() && cargo.has_refused(status) {
            return Err(cargo_test::refused());
        }
        Ok(status.success())
    }
}

const HOW_TO_MEASURE: &str = "\
no measured tests have run: a test is measured by `heaplens::assert_memory!(used, ..)` or
`heaplens::assert_baseline!(used)` with a `Measurement`, where heaplens has its feature `stacks`";

/// What the checks found, a line that cannot be read being an error.
pub(crate) fn read(results: &Path) -> Result<Vec<TestRecord>, Failure> {
    TestRecord::read_folder(results).map_err(|error| Failure::Usage(error.to_string()))
}
