//! The workloads with heaplens installed and nothing but counting on.

mod workload;

heaplens::install!();

fn main() {
    workload::main();
    // Counting that does not happen would be fast.
    assert!(heaplens::stats().total_blocks > 0);
}
