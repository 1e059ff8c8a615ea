//! `cargo heaplens`: runs measured tests and compares them, reads the profiles that heaplens saves.
//!
//! ```text
//! test ──▶ cargo test ──▶ records ──▶ judged beside the baselines ──▶ a table, JSON, JUnit, Markdown, GitHub
//! check ──────────────────┘           compare ──▶ the same records of two revisions
//! report, flamegraph, diff, export ──▶ saved profiles
//! ```
//!
//! One file per subcommand, named after it. The library measures and knows its files; each subcommand ends with one of the
//! exit codes of heaplens: 0 fine, 1 a test, budget or baseline failed, 2 wrong usage or unreadable input, 3 the tool failed.
#![forbid(unsafe_code)]

mod beside;
mod cargo_test;
mod change;
mod check;
mod compare;
mod diff;
mod export;
mod failure;
mod flamegraph;
mod format;
mod hook;
mod judge;
mod part;
mod printable;
mod project;
mod report;
mod run;
mod shortlist;
mod stale;
mod test;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measured tests and memory profiles of heaplens: runs, compares, reports.
#[derive(Parser)]
#[command(name = "cargo-heaplens", bin_name = "cargo heaplens", version, after_help = EXAMPLES)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Test(test::Test),
    Check(check::Check),
    Compare(compare::Compare),
    Report(report::Report),
    Flamegraph(flamegraph::Flamegraph),
    Diff(diff::Diff),
    Export(export::Export),
}

const EXAMPLES: &str = "\
Examples:
  cargo heaplens test
  cargo heaplens test --bless -- -p parser
  cargo heaplens check --format markdown
  cargo heaplens compare main
  cargo heaplens report app.json.gz
  cargo heaplens report app.json.gz --by scope
  cargo heaplens flamegraph app.json.gz --metric live-at-peak-bytes
  cargo heaplens diff before.json.gz after.json.gz
  cargo heaplens export app.json.gz --csv

Exit codes: 0 fine, 1 a test, budget or baseline failed, 2 wrong usage or
unreadable input, 3 the tool failed";

fn main() -> ExitCode {
    let fine = |()| ExitCode::SUCCESS;
    let result = match CommandLine::parse_from(arguments()).command {
        Command::Test(test) => test.run(),
        Command::Check(check) => check.run(),
        Command::Compare(compare) => compare.run(),
        Command::Report(report) => report.run().map(fine),
        Command::Flamegraph(flamegraph) => flamegraph.run().map(fine),
        Command::Diff(diff) => diff.run().map(fine),
        Command::Export(export) => export.run().map(fine),
    };
    result.unwrap_or_else(failure::Failure::report)
}

/// The arguments without the subcommand's own name, which cargo puts in front of them.
fn arguments() -> impl Iterator<Item = OsString> {
    std::env::args_os()
        .enumerate()
        .filter(|(position, argument)| *position != 1 || argument != "heaplens")
        .map(|(_, argument)| argument)
}
