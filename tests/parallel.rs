//! Fifty ordinary tests in one binary, which the standard harness runs at the same time: each measures its own amount
//! exactly, whatever the others and its own noisy neighbour allocate meanwhile.
//!
//! `ci/parallel-tests.sh` runs the binary 200 times.

#[path = "support/held.rs"]
mod held;

use heaplens::{MemoryScope, measure};
use held::Held;
use std::array;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

heaplens::install!();

/// Ends the neighbour of a test, also when the test fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `test` beside a thread that allocates, reallocates and frees without end, partly in a scope.
fn beside_noise(test: impl FnOnce()) {
    let over = AtomicBool::new(false);
    thread::scope(|threads| {
        let _ends = Ends(&over);
        threads.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let (noise, _) =
                    measure("noise", || (1..200_u32).map(|size| vec![0_u8; size as usize]).collect::<Vec<_>>());
                drop(black_box(noise));
                thread::yield_now();
            }
        });
        test();
    });
}

/// Allocates amounts that follow from `number` and no other test has, and checks every figure.
fn measures_its_own(number: usize) {
    let unit = 1_000 + 17 * number;
    for round in 1..=20 {
        let (kept, used) = measure("round", || {
            let first: [Held; 3] = array::from_fn(|_| Held::new(unit));
            thread::yield_now();
            let (second, inner) = measure("inner", || Held::new(10 * unit));
            assert_eq!((inner.total_bytes, inner.live_bytes), (10 * unit as u64, 10 * unit as u64));
            drop(second);
            drop(first);
            drop(Held::new(unit * round));
            Held::new(number + 1)
        });
        let unit = unit as u64;
        let last = unit * round as u64;
        let kept_bytes = kept.size() as u64;
        assert_eq!(used.total_bytes, 13 * unit + last + kept_bytes);
        assert_eq!((used.total_blocks, used.freed_blocks, used.live_blocks), (6, 5, 1));
        assert_eq!((used.live_bytes, used.freed_bytes), (kept_bytes, 13 * unit + last));
        let peak = if last > 13 * unit { (last, 1) } else { (13 * unit, 4) };
        assert_eq!((used.peak_bytes, used.peak_blocks), peak);
        assert_eq!((used.temporary_blocks, used.reallocations), (2, 0));
        assert_eq!(used.largest_block_bytes, last.max(10 * unit));
        assert!(used.completeness().is_complete(), "{used}");
    }
}

/// Blocks of this test are freed by a thread of its own while the scope is open.
fn loses_blocks_to_another_thread(number: usize) {
    let scope = MemoryScope::enter("given away");
    let blocks: [Held; 8] = array::from_fn(|_| Held::new(100 + number));
    // A thread is started from outside of the scope, so that the scope holds the blocks alone.
    let mut given = Some(blocks);
    heaplens::exclude(|| {
        thread::scope(|threads| {
            threads.spawn(|| drop(given.take()));
        });
    });
    let used = scope.finish();
    let bytes = 8 * (100 + number as u64);
    assert_eq!((used.total_bytes, used.freed_bytes, used.live_bytes), (bytes, bytes, 0));
    assert_eq!((used.peak_bytes, used.peak_blocks, used.temporary_blocks), (bytes, 8, 0));
}

macro_rules! tests_that_measure_their_own {
    ($($name:ident: $number:literal),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                beside_noise(|| {
                    measures_its_own($number);
                    loses_blocks_to_another_thread($number);
                });
            }
        )*
    };
}

tests_that_measure_their_own! {
    test_00_measures_its_own: 0, test_01_measures_its_own: 1, test_02_measures_its_own: 2,
    test_03_measures_its_own: 3, test_04_measures_its_own: 4, test_05_measures_its_own: 5,
    test_06_measures_its_own: 6, test_07_measures_its_own: 7, test_08_measures_its_own: 8,
    test_09_measures_its_own: 9, test_10_measures_its_own: 10, test_11_measures_its_own: 11,
    test_12_measures_its_own: 12, test_13_measures_its_own: 13, test_14_measures_its_own: 14,
    test_15_measures_its_own: 15, test_16_measures_its_own: 16, test_17_measures_its_own: 17,
    test_18_measures_its_own: 18, test_19_measures_its_own: 19, test_20_measures_its_own: 20,
    test_21_measures_its_own: 21, test_22_measures_its_own: 22, test_23_measures_its_own: 23,
    test_24_measures_its_own: 24, test_25_measures_its_own: 25, test_26_measures_its_own: 26,
    test_27_measures_its_own: 27, test_28_measures_its_own: 28, test_29_measures_its_own: 29,
    test_30_measures_its_own: 30, test_31_measures_its_own: 31, test_32_measures_its_own: 32,
    test_33_measures_its_own: 33, test_34_measures_its_own: 34, test_35_measures_its_own: 35,
    test_36_measures_its_own: 36, test_37_measures_its_own: 37, test_38_measures_its_own: 38,
    test_39_measures_its_own: 39, test_40_measures_its_own: 40, test_41_measures_its_own: 41,
    test_42_measures_its_own: 42, test_43_measures_its_own: 43, test_44_measures_its_own: 44,
    test_45_measures_its_own: 45, test_46_measures_its_own: 46, test_47_measures_its_own: 47,
    test_48_measures_its_own: 48, test_49_measures_its_own: 49,
}
