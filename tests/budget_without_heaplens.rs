//! A program without heaplens as its allocator: a budget fails with the remedy, and its test does not run.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU32, Ordering};

static RUNS: AtomicU32 = AtomicU32::new(0);

#[heaplens::budget(peak_bytes <= GIB, warmup = 3)]
fn budgeted() {
    RUNS.fetch_add(1, Ordering::Relaxed);
}

#[heaplens::budget(peak_bytes <= GIB)]
#[should_panic]
fn expected_to_panic() {
    RUNS.fetch_add(1, Ordering::Relaxed);
    panic!("as expected");
}

#[heaplens::budget(peak_bytes <= GIB, warmup = 3)]
async fn asynchronous() {
    RUNS.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn a_budget_is_refused_with_the_remedy() {
    let refused = catch_unwind(budgeted).expect_err("nothing was measured");
    let text = refused.downcast_ref::<String>().expect("a text");
    assert!(text.starts_with("memory budget of \"budgeted\" cannot be checked: "), "{text}");
    assert!(text.contains("write `heaplens::install!();`"), "{text}");
    expected_to_panic();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let refused = catch_unwind(|| runtime.block_on(asynchronous())).expect_err("nothing was measured");
    assert!(refused.downcast_ref::<String>().is_some_and(|text| text.contains("heaplens::install!()")));
    assert_eq!(RUNS.load(Ordering::Relaxed), 0);
}
