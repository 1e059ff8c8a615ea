//! The workloads over jemalloc, as a program without a profiler has it.

#[path = "../support/worker.rs"]
mod worker;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() {
    worker::time(|| (), |(), _| Vec::new());
}
