//! `cargo heaplens compare`: what the tests need at another revision, and here.
//!
//! ```text
//! <target>/heaplens/compare/<commit>/target    the revision's build folder, used again by the next comparison
//!                                   /before    its results
//!                                   /after     those of the present work tree
//! ```
//!
//! The revision's files lie outside of the repository, and are gone when it is measured.

mod difference;
mod git;
mod interrupt;
mod place;
mod text;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstream::AutoStream;
use clap::Args;
use heaplens::testing::TestRecord;

use self::difference::{Difference, Side};
use self::git::{Repository, WorkTree};
use self::interrupt::Interrupt;
use self::place::Place;
use crate::cargo_test::{self, CargoTest};
use crate::failure::{Failure, written};
use crate::format::columns;
use crate::project::{Project, value_of};
use crate::test::read;

/// Compares what the tests need with another git revision.
#[derive(Args)]
#[command(after_help = "\
The revision is built in a work tree of its own in $XDG_CACHE_HOME or ~/.cache;
what is built is used again. The present work tree is measured as it is, with
changes that are not committed. What cargo prints goes to standard error.

Examples:
  cargo heaplens compare main
  cargo heaplens compare HEAD~1 -- -p parser --release
  cargo heaplens compare v1.2.0 --strict      exit code 1 if any figure grew

Exit codes: 0 measured, whatever differs, 1 nothing could be measured or, with
--strict, a figure grew or a test is missing where cargo test failed, 2 wrong
usage, also of cargo, 3 the tool failed")]
pub(crate) struct Compare {
    /// The revision to compare with: a branch, a tag, a commit
    revision: String,
    /// Ends with 1 if any figure grew, or a failure hides a test
    #[arg(long)]
    strict: bool,
    /// Arguments for cargo test, for both
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

impl Compare {
    pub(crate) fn run(&self) -> Result<ExitCode, Failure> {
        if value_of(&self.arguments, "--manifest-path").is_some_and(|path| path.is_absolute()) {
            return Err(Failure::Usage("--manifest-path has to be relative: it is for both revisions".to_owned()));
        }
        let project = Project::find(&self.arguments)?;
        let repository = Repository::here()?;
        let commit = repository.commit(&self.revision)?;
        let _lock = project.lock()?;
        let interrupt = Interrupt::watch()?;
        let folder = project.output.join("compare").join(&commit);
        let before = self.measure_before(&repository, &commit, &folder, &interrupt)?;
        let after = self.measure_after(&repository, &folder, &interrupt)?;
        let difference = Difference::between(before, after);
        let text = text::of(&difference, &self.revision, columns(true));
        let mut terminal = AutoStream::auto(io::stdout()).lock();
        written(terminal.write_all(text.as_bytes()).and_then(|()| terminal.flush()))?;
        if self.strict && difference.is_incomplete {
            return Err(Failure::Failed("a test is missing where cargo test failed: see above".to_owned()));
        }
        if self.strict && difference.has_grown() {
            return Err(Failure::Failed(
                "figures are more than at that revision, which --strict does not allow".to_owned(),
            ));
        }
        Ok(ExitCode::SUCCESS)
    }

    fn measure_before(
        &self,
        repository: &Repository,
        commit: &str,
        folder: &Path,
        interrupt: &Interrupt,
    ) -> Result<Side, Failure> {
        eprintln!("measuring {} ({})", self.revision.escape_debug(), &commit[..commit.len().min(12)]);
        let tree = WorkTree::add(repository, commit, Place::outside(&repository.root, folder)?)?;
        let here = tree.path.join(&repository.inside);
        if !here.is_dir() {
            let inside = repository.inside.display();
            return Err(Failure::Usage(format!("{}: there is no folder {inside}", self.revision.escape_debug())));
        }
        let measured = self.measure(&here, &folder.join("before"), Some(&folder.join("target")))?;
        interrupt.check()?;
        measured.into_side(&self.revision, tree.path.clone())
    }

    fn measure_after(&self, repository: &Repository, folder: &Path, interrupt: &Interrupt) -> Result<Side, Failure> {
        let changes = if repository.is_changed()? { ", with changes that are not committed" } else { "" };
        eprintln!("measuring the present work tree{changes}");
        let measured = self.measure(&repository.root.join(&repository.inside), &folder.join("after"), None)?;
        interrupt.check()?;
        measured.into_side("the present work tree", repository.root.clone())
    }

    /// Runs every test, also after one has failed: a test may fail at one revision and still be measured.
    fn measure(&self, here: &Path, results: &Path, target: Option<&PathBuf>) -> Result<Measured, Failure> {
        CargoTest::prepare(results)?;
        let ours = self.arguments.split(|argument| argument == "--").next().unwrap_or_default();
        let all = (!ours.iter().any(|argument| argument == "--no-fail-fast")).then(|| "--no-fail-fast".into());
        let arguments: Vec<OsString> = all.into_iter().chain(self.arguments.iter().cloned()).collect();
        let cargo = CargoTest { arguments: &arguments, nextest: false, quiet_output: true };
        let mut command = cargo.command(results);
        command.current_dir(here).env_remove("HEAPLENS_BLESS");
        if let Some(target) = target {
            command.env("CARGO_TARGET_DIR", target);
        }
        let status = cargo_test::run(command)?;
        let records = read(results)?;
        if records.is_empty() && cargo.has_refused(status) {
            return Err(cargo_test::refused());
        }
        if !status.success() {
            eprintln!("cargo test failed there; compared is what was measured");
        }
        Ok(Measured { records, has_succeeded: status.success() })
    }
}

/// What a run of the tests left.
struct Measured {
    records: Vec<TestRecord>,
    has_succeeded: bool,
}

impl Measured {
    /// As a side of the comparison, if anything was measured.
    fn into_side(self, revision: &str, root: PathBuf) -> Result<Side, Failure> {
        if self.records.is_empty() {
            let revision = revision.escape_debug();
            let reason = format!("{revision}: no test was measured: see above, and `cargo heaplens test --help`");
            return Err(Failure::Failed(reason));
        }
        Ok(Side { records: self.records, has_succeeded: self.has_succeeded, root })
    }
}
