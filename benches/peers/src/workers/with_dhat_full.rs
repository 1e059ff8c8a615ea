//! The workloads over dhat with `trim_backtraces(None)`: the full stack of every allocation.

#[path = "../../../support/worker.rs"]
mod worker;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

fn main() {
    worker::time(
        || dhat::Profiler::builder().trim_backtraces(None).build(),
        |profiler, _| {
            assert!(dhat::HeapStats::get().total_blocks > 0);
            // Its end names the frames and writes a file: the figures here are about the time before.
            std::mem::forget(profiler);
            Vec::new()
        },
    );
}
