//! stats_alloc's `Region` under parallel tests: its counters are the process's. Tests that run beside others fail.

mod parallel;

use parallel::{Allocated, Tool};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

struct Measures;

impl Tool for Measures {
    type Handle = ();

    fn measure(work: impl FnOnce(())) -> Allocated {
        let region = Region::new(ALLOCATOR);
        work(());
        let change = region.change();
        Allocated { blocks: change.allocations as u64, bytes: change.bytes_allocated as u64 }
    }

    fn inside((): (), work: impl FnOnce()) {
        work();
    }
}

parallel_tests!(crate::Measures);
