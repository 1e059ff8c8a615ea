//! Runs each case of a test in a process of its own: what a case claims is about the figures of a whole process.
//!
//! For test binaries with `harness = false`. The binary starts itself once for each case, with the case's name in the
//! environment, and says which failed.

use std::env;
use std::process::{Command, ExitCode};

/// A case: what it claims, and the work that shows it by not panicking.
pub(crate) type Case = (&'static str, fn());

const VARIABLE: &str = "HEAPLENS_TEST_CASE";

/// Runs all cases, or in a process that was started for one case, this one.
pub(crate) fn run(cases: &[Case]) -> ExitCode {
    match env::var(VARIABLE) {
        Ok(name) => run_here(cases, &name),
        Err(_) => run_each(cases),
    }
}

fn run_here(cases: &[Case], name: &str) -> ExitCode {
    let Some((_, work)) = cases.iter().find(|(known, _)| *known == name) else { return ExitCode::FAILURE };
    work();
    ExitCode::SUCCESS
}

fn run_each(cases: &[Case]) -> ExitCode {
    let binary = env::current_exe().expect("the path of this binary");
    let mut failed = 0;
    for (name, _) in cases {
        let status = Command::new(&binary).env(VARIABLE, name).status().expect("this binary starts");
        println!("test {name} ... {}", if status.success() { "ok" } else { "FAILED" });
        failed += usize::from(!status.success());
    }
    println!("{} cases, {failed} failed", cases.len());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
