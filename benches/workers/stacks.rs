//! The workloads with heaplens recording the full stack of every allocation of the process.

mod recording;
#[path = "../support/worker.rs"]
mod worker;

heaplens::install!();

fn main() {
    worker::time(recording::start, recording::finish);
}
