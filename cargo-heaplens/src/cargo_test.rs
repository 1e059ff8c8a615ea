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
}

/// Runs cargo to its end.
pub(crate) fn run(mut command: Command) -> Result<ExitStatus, Failure> {
    command.status().map_err(|error| Failure::Tool(format!("{}: {error}", command.get_program().display())))
}

/// The cargo that called this command, or the one in the path.
fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| OsStr::new("cargo").to_owned())
}
