//! Running workers in turn.
//!
//! The machine may be noisy, and noise only adds: the variants run interleaved, each process gives the median of its
//! runs, and the fastest process of each variant is compared with the fastest of the bare one.

use std::collections::HashMap;
use std::process::Command;

/// What a worker process printed: figures by name.
pub(crate) struct Outcome(HashMap<String, f64>);

impl Outcome {
    /// A figure; zero if the worker does not know it.
    pub(crate) fn figure(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0)
    }
}

/// Runs one worker, and reads what it prints. Lines that are no figure are somebody else's.
pub(crate) fn run(worker: &mut Command) -> Outcome {
    let output = worker.output().expect("the worker starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    let pairs = printed.lines().filter_map(|line| line.split_once('='));
    let outcome = Outcome(pairs.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect());
    assert!(output.status.success() && !outcome.0.is_empty(), "{worker:?}: {output:?}");
    outcome
}

/// Runs every worker once in each round, beginning with another one each time. One list of outcomes for each worker.
pub(crate) fn interleaved(workers: &mut [Command], rounds: usize) -> Vec<Vec<Outcome>> {
    let mut outcomes: Vec<Vec<Outcome>> = workers.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for turn in 0..workers.len() {
            let place = (turn + round) % workers.len();
            outcomes[place].push(run(&mut workers[place]));
        }
    }
    outcomes
}

/// The rounds that `HEAPLENS_BENCH_ROUNDS` asks for, or else the number given.
pub(crate) fn asked_or(otherwise: usize) -> usize {
    std::env::var("HEAPLENS_BENCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(otherwise).max(1)
}
