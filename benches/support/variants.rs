//! One workload under several allocators: what a worker is asked, and the process that stands for its variant.

use crate::rounds::Outcome;
use std::path::Path;
use std::process::Command;

/// A worker that is asked for a workload. `source` is what the workloads with `syn` parse.
pub(crate) fn ask(program: &Path, workload: &str, source: &Path) -> Command {
    let mut worker = Command::new(program);
    worker.arg(format!("workload={workload}")).arg(format!("source={}", source.display()));
    worker
}

/// The outcome of the fastest process.
pub(crate) fn fastest(outcomes: &[Outcome]) -> &Outcome {
    let nanoseconds = |outcome: &Outcome| outcome.figure("nanoseconds");
    outcomes.iter().min_by(|one, other| nanoseconds(one).total_cmp(&nanoseconds(other))).expect("at least one round")
}
