//! The same ordinary tests for each tool: each knows what its work allocates, and the harness runs them at the same time.
//!
//! None of the work is done by the standard library: what is expected is all there is.

use std::hint::black_box;
use std::sync::{Barrier, Mutex};
use std::thread;

const BLOCKS: usize = 1_000;

/// What was allocated.
#[derive(Debug, PartialEq)]
pub struct Allocated {
    pub blocks: u64,
    pub bytes: u64,
}

/// How a tool measures.
pub trait Tool {
    /// What takes a worker inside of what is measured, where the tool knows such a thing.
    type Handle: Send;

    /// What is allocated while `work` runs.
    fn measure(work: impl FnOnce(Self::Handle)) -> Allocated;

    /// Runs `work` on a worker.
    fn inside(handle: Self::Handle, work: impl FnOnce());
}

/// Work on the test's own thread.
pub fn own_thread<T: Tool>(number: usize) {
    let size = 1_000 + number;
    let got = T::measure(|_| allocate(size));
    assert_exact(got, size);
}

/// Work on another thread, which was started before.
pub fn worker<T: Tool>(number: usize) {
    let size = 2_000 + number;
    let (begins, ends) = (Barrier::new(2), Barrier::new(2));
    let place = Mutex::new(None);
    let got = thread::scope(|threads| {
        threads.spawn(|| {
            begins.wait();
            // There is none if the tool refused to measure.
            let handle = place.lock().expect("nobody panicked").take();
            if let Some(handle) = handle {
                T::inside(handle, || allocate(size));
                ends.wait();
            }
        });
        let mut begun = Begun { begins: &begins, is_over: false };
        T::measure(|handle| {
            *place.lock().expect("nobody panicked") = Some(handle);
            begun.now();
            ends.wait();
        })
    });
    assert_exact(got, size);
}

/// Lets the worker begin, at the latest when this is dropped.
struct Begun<'a> {
    begins: &'a Barrier,
    is_over: bool,
}

impl Begun<'_> {
    fn now(&mut self) {
        self.is_over = true;
        self.begins.wait();
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.begins.wait();
        }
    }
}

fn allocate(size: usize) {
    for _ in 0..BLOCKS {
        drop(black_box(Vec::<u8>::with_capacity(size)));
    }
}

fn assert_exact(got: Allocated, size: usize) {
    let expected = Allocated { blocks: BLOCKS as u64, bytes: (BLOCKS * size) as u64 };
    assert!(
        got == expected,
        "expected {} bytes in {} blocks, got {} bytes in {} blocks",
        expected.bytes,
        expected.blocks,
        got.bytes,
        got.blocks
    );
}

/// Sixteen tests of a tool.
#[macro_export]
macro_rules! parallel_tests {
    ($tool:ty) => {
        $crate::parallel_tests! {
            @modules $tool;
            own_thread: test_0 0, test_1 1, test_2 2, test_3 3, test_4 4, test_5 5, test_6 6, test_7 7;
            worker: test_0 0, test_1 1, test_2 2, test_3 3, test_4 4, test_5 5, test_6 6, test_7 7;
        }
    };
    (@modules $tool:ty; $($pattern:ident: $($test:ident $number:literal),+;)+) => {
        $(
            mod $pattern {
                $(
                    #[test]
                    fn $test() {
                        $crate::parallel::$pattern::<$tool>($number);
                    }
                )+
            }
        )+
    };
}
