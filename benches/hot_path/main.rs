//! What counting costs: each workload over the bare allocator, over a wrapper that does nothing, and over heaplens, in
//! turn, each in processes of its own.
//!
//! `cargo bench --bench hot_path` prints the table of `benches/README.md`.

#[path = "../support/builds.rs"]
mod builds;
#[path = "../support/rounds.rs"]
mod rounds;
#[path = "../support/sources.rs"]
mod sources;
#[path = "../support/variants.rs"]
mod variants;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

const VARIANTS: [&str; 3] = ["worker_bare", "worker_pass_through", "worker_counting"];
/// Workloads, and the highest ratio of counting to bare (to pass-through for JSON) that is acceptable.
const WORKLOADS: [(&str, f64); 8] = [
    ("ring", 1.25),
    ("ring-two-threads", 1.25),
    ("json", 1.15),
    ("syn", 1.10),
    ("syn-table", 1.10),
    ("string-map", 1.10),
    ("hash-map", 1.10),
    ("boxes", 1.25),
];
/// Processes of each variant and workload unless `HEAPLENS_BENCH_ROUNDS` says otherwise.
const ROUNDS: usize = 15;

fn main() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workers = build_workers();
    let sources = [sources::largest_of_library(repository), sources::largest(repository, None)];
    println!("{:<18}{:>12}{:>14}{:>12}{:>8}", "workload", "bare (ms)", "pass-through", "counting", "at most");
    let mut all = HashMap::new();
    for (workload, limit) in WORKLOADS {
        let fastest = fastest_times(&workers, workload, &sources[usize::from(workload == "syn-table")]);
        let pass_through = fastest[1] / fastest[0];
        let counting = if workload == "json" { fastest[2] / fastest[1] } else { fastest[2] / fastest[0] };
        println!("{workload:<18}{:>12.2}{pass_through:>14.3}{counting:>12.3}{limit:>8.2}", fastest[0] / 1e6);
        all.insert(workload, fastest);
    }
    let scaling = |variant: usize| all["ring"][variant] / all["ring-two-threads"][variant];
    println!(
        "scaling to two threads, heaplens to bare: {:.3} (at least 0.95); json is compared with pass-through",
        scaling(2) / scaling(0)
    );
}

/// The workers, built as this program was.
fn build_workers() -> Vec<PathBuf> {
    let mut cargo = builds::cargo(&["bench", "--no-run"]);
    for variant in VARIANTS {
        cargo.args(["--bench", variant]);
    }
    let files = builds::programs(cargo);
    VARIANTS.iter().map(|variant| files[*variant].clone()).collect()
}

/// The nanoseconds of each variant's fastest process.
fn fastest_times(workers: &[PathBuf], workload: &str, source: &Path) -> Vec<f64> {
    let mut workers: Vec<_> = workers.iter().map(|worker| variants::ask(worker, workload, source)).collect();
    let outcomes = rounds::interleaved(&mut workers, rounds::asked_or(ROUNDS));
    outcomes.iter().map(|outcomes| variants::fastest(outcomes).figure("nanoseconds")).collect()
}
