//! The workloads with heaplens over jemalloc, recording the full stack of every allocation of the process.

mod recording;
#[path = "../support/worker.rs"]
mod worker;

heaplens::install!(heaplens::Jemalloc);

fn main() {
    worker::time(recording::start, recording::finish);
}
