//! `#[heaplens::budget]` beside other attributes, above and below each: what stays within its limits passes, and what does not
//! fails as libtest sees it. Tests that have to fail are ignored, and run in a process of their own by those that look at them.

#[path = "budget_attribute/fail.rs"]
mod fail;
#[path = "budget_attribute/failures.rs"]
mod failures;
#[path = "budget_attribute/pass.rs"]
mod pass;
#[path = "budget_attribute/shadowed.rs"]
mod shadowed;

use std::task::Poll;

heaplens::install!();

/// A block that no optimiser removes.
pub(crate) fn block(bytes: usize) -> Vec<u8> {
    std::hint::black_box(Vec::with_capacity(bytes))
}

/// Lets the executor go on with something else, without allocating.
pub(crate) async fn yield_now() {
    let mut is_ready = false;
    std::future::poll_fn(|task| {
        task.waker().wake_by_ref();
        if core::mem::replace(&mut is_ready, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
