//! Where nothing can be measured, the panic points to the line that asked for a measurement, and not into heaplens.
//!
//! No `install!` here: that is what stands in the way.

use heaplens::{MeasureFuture, MemoryScope};
use std::cell::Cell;
use std::panic::{self, Location};
use std::sync::Once;

thread_local! {
    static PLACE: Cell<Option<(bool, u32)>> = const { Cell::new(None) };
}

/// Asserts that `work`, which stands in the line of the call, panics in that line.
#[track_caller]
fn assert_panics_here(work: impl FnOnce() + panic::UnwindSafe) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panic::set_hook(Box::new(|panic| {
            PLACE.set(panic.location().map(|place| (place.file() == file!(), place.line())));
        }));
    });
    panic::catch_unwind(work).expect_err("nothing can be measured");
    assert_eq!(PLACE.take(), Some((true, Location::caller().line())));
}

#[test]
fn every_call_that_panics_names_the_line_of_the_caller() {
    assert_panics_here(|| assert!(heaplens::stats().total_blocks > 0));
    assert_panics_here(|| assert!(heaplens::completeness().is_complete()));
    assert_panics_here(|| drop(heaplens::measure("work", || ())));
    assert_panics_here(|| heaplens::profile_memory_usage("work", || ()).0);
    assert_panics_here(|| drop(MemoryScope::enter("scope")));
    assert_panics_here(|| drop(MemoryScope::builder("scope").enter()));
    assert_panics_here(|| drop(std::future::ready(()).measured("future")));
    #[cfg(feature = "stacks")]
    assert_panics_here(|| drop(heaplens::profile("work", || ())));
}
