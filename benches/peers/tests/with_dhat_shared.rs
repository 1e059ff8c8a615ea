//! dhat with one profiler for all tests of a file, each of which takes the difference of the figures before and after: those
//! are the process's. Tests that run beside others fail.

mod parallel;

use dhat::{HeapStats, Profiler};
use parallel::{Allocated, Tool};
use std::sync::OnceLock;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

static PROFILER: OnceLock<Profiler> = OnceLock::new();

struct Measures;

impl Tool for Measures {
    type Handle = ();

    fn measure(work: impl FnOnce(())) -> Allocated {
        PROFILER.get_or_init(|| Profiler::builder().testing().build());
        let before = HeapStats::get();
        work(());
        let after = HeapStats::get();
        Allocated { blocks: after.total_blocks - before.total_blocks, bytes: after.total_bytes - before.total_bytes }
    }

    fn inside((): (), work: impl FnOnce()) {
        work();
    }
}

parallel_tests!(crate::Measures);
