//! Captures stacks below frames of every kind, and has heaplens compare each with a full unwind.
//!
//! heaplens does not unwind a whole stack for each allocation: it checks what it remembers of the last one, and goes on
//! from there. This program looks for a stack that comes out wrong. Each mix of frames runs in a process of its own, so
//! that none inherits what another one left in the recorder's tables, and a crash is one mix's failure.
//!
//! Environment: `HEAPLENS_STRESS_CAPTURES` is the number of captures of all mixes together, `HEAPLENS_STRESS_SEED` what
//! everything random follows from, `HEAPLENS_STRESS_MIX` the one mix to run instead of all.
//!
//! The exit code is 0 when every mix did what was asked of it and no stack was wrong, and 1 otherwise.

mod c_frames;
mod directed;
mod figures;
mod leaf;
mod mixes;
mod other_stacks;
#[cfg(panic = "unwind")]
mod panics;
mod programs;
mod quota;
#[path = "../../tests/support/random.rs"]
mod random;
mod rust_frames;
mod scopes;
mod signals;
mod table;
mod threads;
mod walk;

use figures::Figures;
use heaplens::Profiler;
use mixes::{MIXES, Mix};
use quota::Quota;
use std::env;
use std::process::{Command, ExitCode, Stdio};
use table::Table;

heaplens::install!();

/// Few enough for a debug build on two cores.
const CAPTURES: u64 = 50_000;
const SEED: u64 = 0x5EED;

/// Enough for a million call sites.
const MEMORY_LIMIT_BYTES: usize = 1 << 30;

const CAPTURES_VARIABLE: &str = "HEAPLENS_STRESS_CAPTURES";
const SEED_VARIABLE: &str = "HEAPLENS_STRESS_SEED";
const MIX_VARIABLE: &str = "HEAPLENS_STRESS_MIX";
/// Set by the parent in the process of a mix: the number of captures asked of it.
const ASKED_VARIABLE: &str = "HEAPLENS_STRESS_ASKED";

fn main() -> ExitCode {
    let chosen = env::var(MIX_VARIABLE).ok();
    let mixes: Vec<&Mix> = MIXES.iter().filter(|mix| chosen.as_deref().is_none_or(|name| name == mix.name)).collect();
    if mixes.is_empty() {
        eprintln!(
            "{MIX_VARIABLE} names none of the mixes: {}",
            MIXES.iter().map(|mix| mix.name).collect::<Vec<_>>().join("; ")
        );
        return ExitCode::FAILURE;
    }
    match number(ASKED_VARIABLE) {
        Some(asked) => run_here(mixes[0], asked),
        None => run_each(&mixes),
    }
}

/// The process of one mix.
fn run_here(mix: &Mix, asked: u64) -> ExitCode {
    signals::install_handlers();
    let profiler = Profiler::builder().verify_every(1).memory_limit(MEMORY_LIMIT_BYTES).start();
    let profiler = profiler.expect("nothing else records this process");
    let quota = Quota::begin(asked, number(SEED_VARIABLE).unwrap_or(SEED));
    signals::with_alternate_stack(|| (mix.work)(&quota));
    let figures = Figures::read(quota.allocated());
    drop(profiler);
    println!("{}", figures.to_line());
    ExitCode::SUCCESS
}

/// The parent: one process after the other, and the table.
fn run_each(mixes: &[&Mix]) -> ExitCode {
    let asked = number(CAPTURES_VARIABLE).unwrap_or(CAPTURES).div_ceil(mixes.len() as u64);
    let mut table = Table::begin(number(SEED_VARIABLE).unwrap_or(SEED));
    for mix in mixes {
        table.row(mix, asked, &output_of(mix, asked));
    }
    if table.end() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a mix in a process of its own. What it says on the standard error is for whoever looks.
fn output_of(mix: &Mix, asked: u64) -> std::process::Output {
    let mut command = Command::new(env::current_exe().expect("the path of this program"));
    command.env(MIX_VARIABLE, mix.name).env(ASKED_VARIABLE, asked.to_string()).stderr(Stdio::inherit());
    command.output().expect("this program starts")
}

/// A number from the environment. One that cannot be read ends the program: it would not be what was meant.
fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.replace('_', "").parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}
