//! dhat's heap usage testing as its manual has it, but with more than one test in a file: there is one profiler in a process,
//! and a test that starts a second one panics.

mod parallel;

use dhat::{HeapStats, Profiler};
use parallel::{Allocated, Tool};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

struct Measures;

impl Tool for Measures {
    type Handle = ();

    fn measure(work: impl FnOnce(())) -> Allocated {
        let _profiler = Profiler::builder().testing().build();
        work(());
        let stats = HeapStats::get();
        Allocated { blocks: stats.total_blocks, bytes: stats.total_bytes }
    }

    fn inside((): (), work: impl FnOnce()) {
        work();
    }
}

parallel_tests!(crate::Measures);
