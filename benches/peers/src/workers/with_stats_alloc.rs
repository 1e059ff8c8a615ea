//! The workloads over stats_alloc: counters shared by all threads, no call sites.

#[path = "../../../support/worker.rs"]
mod worker;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    worker::time(
        || (),
        |(), _| {
            assert!(ALLOCATOR.stats().allocations > 0);
            Vec::new()
        },
    );
}
