//! `cargo test`, or `cargo nextest run`, with its results written down.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use heaplens::testing::RESULTS_VARIABLE;

use crate::failure::Failure;
use crate::hook;

/// What to run, and where its output goes.
pub(crate) struct CargoTest<'a> {
    pub(crate) arguments: &'a [OsString],
    pub(crate) nextest: bool,
    /// Standard output belongs to a format for machines, so that cargo's goes to standard error.
    pub(crate) quiet_output: bool,
}

/// What cargo-nextest ends with when it refuses its arguments: clap's code, and `INVALID_FILTERSET`,
/// `EXPERIMENTAL_FEATURE_NOT_ENABLED` and `SETUP_ERROR` of the crate `nextest-metadata`.
const REFUSED_BY_NEXTEST: [i32; 4] = [2, 94, 95, 96];

impl CargoTest<'_> {
    /// Empties the folder of results.
    pub(crate) fn prepare(results: &Path) -> Result<(), Failure> {
        let refused = |error: io::Error| Failure::file(results, error);
        match fs::remove_dir_all(results) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(refused(error)),
            _ => {}
        }
        fs::create_dir_all(results).map_err(refused)
    }

    /// The command, which writes its results into that folder.
    pub(crate) fn command(&self, results: &Path) -> Command {
        let mut command = hook::free(cargo());
        command.args(if self.nextest { ["nextest", "run"].as_slice() } else { &["test"] });
        command.args(self.arguments).env(RESULTS_VARIABLE, results);
        if self.quiet_output {
            command.stdout(Stdio::from(io::stderr()));
        }
        command
    }

    /// Whether cargo has refused its arguments, so that nothing has run.
    pub(crate) fn has_refused(&self, status: ExitStatus) -> bool {
        match (self.nextest, status.code()) {
            // Cargo's code for a command that it does not have is also cargo-nextest's for tests that do not compile.
            (true, Some(101)) => silently(hook::free(cargo()).args(["nextest", "--version"])) != Some(0),
            (true, Some(code)) => REFUSED_BY_NEXTEST.contains(&code),
            // A test program with a `main` of its own can end with 1 too, and cargo then does the same.
            (false, Some(1)) => {
                silently(hook::free(cargo()).arg("test").args(self.for_cargo()).arg("--no-run")) == Some(1)
            }
            _ => false,
        }
    }

    /// The `#[ignore]`d tests that the arguments choose, by their paths in their crates; `None` if that cannot be found out.
    /// cargo-nextest's list has another form, so that cargo test is asked for its tests too.
    pub(crate) fn ignored_tests(&self) -> Option<Vec<String>> {
        let mut command = hook::free(cargo());
        command.arg("test").args(self.understood_by_cargo_test()).args(["--tests", "--", "--list", "--ignored"]);
        // A test program with a `main` of its own runs in place of listing its tests: it has nothing to report.
        command.env_remove(RESULTS_VARIABLE).env_remove("HEAPLENS_BLESS");
        let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        let listed = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
        Some(listed.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
    }

    /// The arguments for cargo, without those that only cargo-nextest knows.
    fn understood_by_cargo_test(&self) -> Vec<&OsString> {
        const ONLY_NEXTEST: [&str; 3] = ["--no-capture", "--nocapture", "--show-output"];
        const ONLY_NEXTEST_WITH_VALUE: [&str; 2] = ["--profile", "--test-threads"];
        let mut understood = Vec::new();
        let mut arguments = self.for_cargo().iter();
        while let Some(argument) = arguments.next() {
            let text = argument.to_str().filter(|_| self.nextest).unwrap_or_default();
            let name = text.split_once('=').map_or(text, |(name, _)| name);
            match ONLY_NEXTEST_WITH_VALUE.contains(&name) {
                true if name == text => drop(arguments.next()),
                true => {}
                false if ONLY_NEXTEST.contains(&text) => {}
                false => understood.push(argument),
            }
        }
        understood
    }

    /// The arguments without those for the test programs.
    fn for_cargo(&self) -> &[OsString] {
        self.arguments.split(|argument| argument == "--").next().unwrap_or_default()
    }
}

/// Runs cargo to its end.
pub(crate) fn run(mut command: Command) -> Result<ExitStatus, Failure> {
    command.status().map_err(|error| Failure::Tool(format!("{}: {error}", command.get_program().display())))
}

/// The exit code of a command whose output nobody reads.
fn silently(command: &mut Command) -> Option<i32> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?.code()
}

/// Cargo has told the reason.
pub(crate) fn refused() -> Failure {
    Failure::Usage("cargo does not take these arguments, so that no test has run".to_owned())
}

/// The cargo that called this command, or the one in the path.
fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| OsStr::new("cargo").to_owned())
}
