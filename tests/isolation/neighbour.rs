//! What runs beside each test: a thread that allocates what other tests allocate, in scopes of its own and outside.

use crate::held::Held;
use crate::own::{Own, TESTS};
use heaplens::measure;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Ends what runs beside a test, also when the test fails.
pub(crate) struct Ends<'a>(pub(crate) &'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `test` beside a thread that allocates, reallocates and frees without end, blocks of other tests' sizes.
pub(crate) fn beside_one(own: Own, test: impl FnOnce()) {
    let over = AtomicBool::new(false);
    thread::scope(|threads| {
        let _ends = Ends(&over);
        threads.spawn(|| {
            for other in (own.number + 1..).map(|number| Own { number: number % TESTS }) {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let outside = [other.large_block(), Held::new(other.bytes())];
                let ((), used) = measure("neighbour", || {
                    let mut inside = Held::new(other.bytes());
                    inside.resize(3 * other.bytes());
                });
                assert_eq!((used.total_blocks, used.live_bytes), (2, 0));
                drop(outside);
                thread::yield_now();
            }
        });
        test();
    });
}
