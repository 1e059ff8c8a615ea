//! What full call stacks cost: each workload over a bare allocator, and over heaplens recording the stack of every
//! allocation of the process, in turn, each in processes of its own.
//!
//! `cargo bench --bench stacks --features jemalloc` prints the tables of `benches/README.md`; a workload's name after
//! `--` runs that one alone. The tables compare the fastest process of each variant, see `support/rounds.rs`.

#[path = "../support/builds.rs"]
mod builds;
mod checks;
#[path = "../support/filter.rs"]
mod filter;
#[path = "../support/rounds.rs"]
mod rounds;
mod row;
#[path = "../support/sources.rs"]
mod sources;
#[path = "../support/variants.rs"]
mod variants;

use row::Row;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Workloads, and the highest acceptable ratio of full stacks to the bare system allocator: over the system's, and over
/// jemalloc where there is such a limit.
const WORKLOADS: [(&str, f64, Option<f64>); 8] = [
    ("syn", 1.75, None),
    ("syn-deep", 2.3, None),
    ("json", 1.2, Some(1.15)),
    ("string-map", 1.35, Some(1.25)),
    ("boxes", 1.4, None),
    ("hash-map", 1.2, None),
    ("ring", 2.0, Some(1.2)),
    ("two-threads", 1.3, None),
];
/// Processes of each variant and workload unless `HEAPLENS_BENCH_ROUNDS` says otherwise.
const ROUNDS: usize = 9;

fn main() {
    let workers = build_workers();
    let source = sources::largest_of_library(Path::new(env!("CARGO_MANIFEST_DIR")));
    let (mut over_system, mut over_jemalloc) = (Vec::new(), Vec::new());
    for (workload, limit, jemalloc_limit) in WORKLOADS.into_iter().filter(|(name, ..)| filter::chosen(name)) {
        eprintln!("{workload} …");
        let mut commands: Vec<_> = workers.iter().map(|worker| variants::ask(worker, workload, &source)).collect();
        let outcomes = rounds::interleaved(&mut commands, rounds::asked_or(ROUNDS));
        let proof = rounds::run(commands[1].args(["runs=1", "proof=1"]));
        over_system.push(Row::new(workload, Some(limit), &outcomes[0], &outcomes[0], &outcomes[1], &proof));
        if let [bare, _, jemalloc, stacks] = &outcomes[..] {
            let proof = rounds::run(commands[3].args(["runs=1", "proof=1"]));
            over_jemalloc.push(Row::new(workload, jemalloc_limit, bare, jemalloc, stacks, &proof));
        }
    }
    println!("\nover the system's allocator");
    row::print(&over_system);
    if cfg!(feature = "jemalloc") {
        println!("\nover jemalloc, compared with the bare system allocator");
        row::print(&over_jemalloc);
    } else {
        println!("\nover jemalloc: not built (cargo bench --bench stacks --features jemalloc)");
    }
    checks::print(over_system.iter().chain(&over_jemalloc));
}

/// The workers, built as this program was: bare and recording, then the same over jemalloc if that is compiled in.
fn build_workers() -> Vec<PathBuf> {
    let mut variants = vec!["worker_bare", "worker_stacks"];
    let mut cargo = builds::cargo(&["bench", "--no-run"]);
    if cfg!(feature = "jemalloc") {
        variants.extend(["worker_jemalloc", "worker_jemalloc_stacks"]);
        cargo.args(["--features", "jemalloc"]);
    }
    for variant in &variants {
        cargo.args(["--bench", variant]);
    }
    let files: HashMap<String, PathBuf> = builds::programs(cargo);
    variants.into_iter().map(|variant| files[variant].clone()).collect()
}
