//! `cargo heaplens`: reads the profiles that heaplens saves.
//!
//! One file per subcommand, named after it. Each reads a profile, lets the library write, and ends with one of the exit
//! codes of heaplens: 0 fine, 2 wrong usage or unreadable input, 3 the tool failed.
#![forbid(unsafe_code)]

mod failure;
mod flamegraph;
mod part;
mod report;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Reads memory profiles of heaplens: prints reports, draws flame graphs.
#[derive(Parser)]
#[command(name = "cargo-heaplens", bin_name = "cargo heaplens", version, after_help = EXAMPLES)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Report(report::Report),
    Flamegraph(flamegraph::Flamegraph),
}

const EXAMPLES: &str = "\
Examples:
  cargo heaplens report app.json.gz
  cargo heaplens report app.json.gz --by scope
  cargo heaplens flamegraph app.json.gz --metric live-at-peak-bytes

Exit codes: 0 fine, 2 wrong usage or unreadable input, 3 the tool failed";

fn main() -> ExitCode {
    let result = match CommandLine::parse_from(arguments()).command {
        Command::Report(report) => report.run(),
        Command::Flamegraph(flamegraph) => flamegraph.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// The arguments without the subcommand's own name, which cargo puts in front of them.
fn arguments() -> impl Iterator<Item = OsString> {
    std::env::args_os()
        .enumerate()
        .filter(|(position, argument)| *position != 1 || argument != "heaplens")
        .map(|(_, argument)| argument)
}
