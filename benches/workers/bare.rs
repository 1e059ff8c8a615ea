//! The workloads over the system's allocator, as a program without a profiler has it.

#[path = "../support/worker.rs"]
mod worker;

fn main() {
    worker::time(|| (), |(), _| Vec::new());
}
