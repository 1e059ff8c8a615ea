//! heaplens beside other profilers, over the same workloads: each program's time as a ratio to the bare allocator's,
//! and the time that each tool adds as a multiple of what heaplens adds with full stacks.
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml` prints the tables of `benches/README.md`; names of
//! workloads after `--` run those alone. The tables compare the fastest process of each variant; dhat, which is slow,
//! runs once.

#[path = "../../support/builds.rs"]
mod builds;
#[path = "../../support/filter.rs"]
mod filter;
#[path = "../../support/rounds.rs"]
mod rounds;
#[path = "../../support/sources.rs"]
mod sources;
mod tables;
mod tools;
#[path = "../../support/variants.rs"]
mod variants;

use std::path::Path;
use tools::Tool;

const WORKLOADS: [&str; 7] = ["syn", "json", "string-map", "boxes", "hash-map", "ring", "two-threads"];
/// Processes of each variant and workload unless `HEAPLENS_BENCH_ROUNDS` says otherwise.
const ROUNDS: usize = 5;

fn main() {
    let scratch = std::env::temp_dir().join(format!("heaplens-peers-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).expect("a folder for what the tools write");
    let tools = tools::build(&scratch);
    let source = sources::largest_of_library(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    let mut rows = Vec::new();
    for workload in WORKLOADS.into_iter().filter(|name| filter::chosen(name)) {
        eprintln!("{workload} …");
        rows.push(measure(&tools, workload, &source));
    }
    tables::print(&tools, &rows);
    if let Err(error) = std::fs::remove_dir_all(&scratch) {
        eprintln!("{} is left behind: {error}", scratch.display());
    }
}

/// Runs a workload under each tool: the quick ones in turn, then the slow ones once.
fn measure(tools: &[Tool], workload: &'static str, source: &Path) -> tables::Row {
    let mut row = tables::Row { workload, nanoseconds: vec![0.0; tools.len()], resident_kib: vec![0.0; tools.len()] };
    for slow in [false, true] {
        let places: Vec<usize> = (0..tools.len()).filter(|place| tools[*place].slow == slow).collect();
        let mut commands: Vec<_> = places.iter().map(|place| tools[*place].ask(workload, source)).collect();
        let outcomes = rounds::interleaved(&mut commands, if slow { 1 } else { rounds::asked_or(ROUNDS) });
        for (place, outcomes) in places.into_iter().zip(&outcomes) {
            let fastest = variants::fastest(outcomes);
            row.nanoseconds[place] = fastest.figure("nanoseconds");
            row.resident_kib[place] = fastest.figure("peak_resident_kib");
        }
    }
    row
}
