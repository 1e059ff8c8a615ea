//! The workloads over dhat as it comes: it keeps ten frames of each stack, and some more that it trims when it ends.

#[path = "../../../support/worker.rs"]
mod worker;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

fn main() {
    worker::time(dhat::Profiler::new_heap, |profiler, _| {
        assert!(dhat::HeapStats::get().total_blocks > 0);
        // Its end names the frames and writes a file: the figures here are about the time before.
        std::mem::forget(profiler);
        Vec::new()
    });
}
