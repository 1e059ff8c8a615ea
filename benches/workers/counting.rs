//! The workloads with heaplens installed and nothing but counting on.

#[path = "../support/worker.rs"]
mod worker;

heaplens::install!();

fn main() {
    worker::time(
        || (),
        |(), _| {
            // Counting that does not happen would be fast.
            assert!(heaplens::stats().total_blocks > 0);
            Vec::new()
        },
    );
}
