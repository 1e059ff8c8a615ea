//! What heaplens costs in a debug build: smaller workloads compiled without optimisation, over the bare allocator, with
//! counting, and with full stacks, heaplens itself compiled with optimisation and without.
//!
//! `cargo run --manifest-path benches/debug_build/Cargo.toml` prints the table of `benches/README.md`. The manifest has
//! the lines that a user writes to have heaplens optimised. The table compares the fastest process of each variant.

#[path = "../../support/builds.rs"]
mod builds;
#[path = "../../support/rounds.rs"]
mod rounds;
#[path = "../../support/variants.rs"]
mod variants;

use std::path::{Path, PathBuf};

const WORKLOADS: [&str; 4] = ["string-map", "boxes", "json", "hash-map"];
/// The workloads do one part in so many of what they do in the other benchmarks.
const DIVISOR: &str = "divisor=8";
/// The highest acceptable ratio of full stacks to the bare allocator with heaplens optimised.
const LIMIT: f64 = 1.7;
/// Processes of each variant and workload unless `HEAPLENS_BENCH_ROUNDS` says otherwise.
const ROUNDS: usize = 7;

fn main() {
    let programs = build_workers();
    println!("{:<12}{:>10}{:>28}{:>31}", "", "", "heaplens optimised", "not optimised");
    println!(
        "{:<12}{:>10}{:>12}{:>10}{:>9}  {:<8}{:>12}{:>10}",
        "workload", "bare (ms)", "counting", "stacks", "at most", "", "counting", "stacks"
    );
    for workload in WORKLOADS {
        let [bare, counting, stacks, plain_counting, plain_stacks] = fastest_times(&programs, workload);
        println!(
            "{workload:<12}{:>10.2}{:>12.2}{:>10.2}{LIMIT:>9.1}  {:<8}{:>12.2}{:>10.2}",
            bare / 1e6,
            counting / bare,
            stacks / bare,
            if stacks / bare <= LIMIT { "met" } else { "MISSED" },
            plain_counting / bare,
            plain_stacks / bare
        );
    }
}

/// Bare, counting, stacks; then the last two with heaplens not optimised.
fn build_workers() -> [PathBuf; 5] {
    let optimised = builds::programs(builds::cargo(&["build", "--bins"]));
    let plain = builds::programs(builds::cargo(&["build", "--bins", "--profile", "plain"]));
    [&optimised["bare"], &optimised["counting"], &optimised["stacks"], &plain["counting"], &plain["stacks"]]
        .map(PathBuf::clone)
}

/// The nanoseconds of each variant's fastest process.
fn fastest_times(programs: &[PathBuf; 5], workload: &str) -> [f64; 5] {
    let mut workers = programs.each_ref().map(|program| {
        let mut worker = variants::ask(program, workload, Path::new(""));
        worker.arg(DIVISOR);
        worker
    });
    let outcomes = rounds::interleaved(&mut workers, rounds::asked_or(ROUNDS));
    std::array::from_fn(|place| variants::fastest(&outcomes[place]).figure("nanoseconds"))
}
