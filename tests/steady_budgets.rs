//! A suite of budgets, baselines and leak tests as a team would have it, every limit exact but those around threads of the standard
//! library: what each test needs is the same in every run, whatever runs beside it. `ci/budgets.sh` runs it many times under load.

use heaplens::testing::{Budget, Comparison, Condition, Figure, assert_no_alloc};
use heaplens::{MemoryScope, assert_memory, measure};
use std::collections::VecDeque;
use std::hint::black_box;

#[cfg(feature = "stacks")]
use {
    heaplens::testing::{Baseline, LeakTest, assert_no_leak},
    std::collections::HashMap,
};

heaplens::install!();

/// A module of tests for a number.
macro_rules! suite {
    ($($name:ident: $number:literal),+ $(,)?) => {
        $(mod $name {
            const NUMBER: usize = $number;

            #[test]
            fn one_block() {
                super::one_block(NUMBER);
            }
            #[test]
            fn many_blocks() {
                super::many_blocks(NUMBER);
            }
            #[test]
            fn growing() {
                super::growing(NUMBER);
            }
            #[test]
            fn threads() {
                super::threads(NUMBER);
            }
            #[test]
            fn nested() {
                super::nested(NUMBER);
            }
            #[test]
            fn without_allocations() {
                super::without_allocations(NUMBER);
            }
            #[test]
            fn exceeded() {
                super::exceeded(NUMBER);
            }
            #[cfg(feature = "stacks")]
            #[test]
            fn repeated() {
                super::repeated(NUMBER);
            }
            #[cfg(feature = "stacks")]
            #[test]
            fn as_before() {
                super::as_before(NUMBER);
            }
            #[cfg(feature = "macros")]
            #[heaplens::budget(total_blocks == 1, total_bytes == NUMBER as u64, live_bytes == 0, each_site(total_blocks <= 1))]
            #[test]
            fn attribute() {
                drop(std::hint::black_box(vec![0_u8; NUMBER]));
            }
        })+
    };
}

suite! {
    of_1: 1, of_2: 2, of_3: 3, of_5: 5, of_8: 8, of_13: 13, of_21: 21, of_34: 34, of_55: 55, of_89: 89, of_144: 144, of_233: 233,
}

fn one_block(number: usize) {
    let (_, used) = measure("one block", || vec![0_u8; number]);
    assert_memory!(
        used,
        total_blocks == 1,
        total_bytes == number as u64,
        peak_bytes == number as u64,
        reallocations == 0
    );
}

fn many_blocks(number: usize) {
    let (_, used) = measure("many blocks", || (0..number).map(|row| vec![row; 3]).collect::<Vec<_>>());
    let (blocks, bytes) = (number as u64 + 1, number as u64 * 48);
    assert_memory!(used, total_blocks == blocks, total_bytes == bytes, live_bytes == bytes, peak_blocks == blocks);
}

fn growing(number: usize) {
    let (_, used) = measure("growing", || {
        let mut numbers: VecDeque<u64> = VecDeque::with_capacity(1);
        (0..number as u64).for_each(|n| numbers.push_back(n));
        numbers
    });
    // One, then four, then twice as many each time.
    let mut capacities = vec![1_u64];
    while *capacities.last().expect("one") < number as u64 {
        capacities.push((capacities.last().expect("one") * 2).max(4));
    }
    let blocks = capacities.len() as u64;
    let bytes = capacities.iter().sum::<u64>() * 8;
    assert_memory!(used, total_blocks == blocks, reallocations == blocks - 1, total_bytes == bytes);
    assert_memory!(used, peak_bytes == capacities.last().expect("one") * 8);
}

fn threads(number: usize) {
    let scope = MemoryScope::enter("threads");
    let handle = scope.handle();
    std::thread::scope(|threads| {
        for _ in 0..3 {
            let handle = &handle;
            threads.spawn(move || handle.run(|| drop(black_box(vec![0_u8; number * 7_919]))));
        }
    });
    let used = scope.finish();
    // What starting a thread takes is the standard library's; the payload is larger than that.
    assert_memory!(used, total_bytes >= 3 * number as u64 * 7_919, largest_block_bytes >= number as u64 * 7_919);
}

fn nested(number: usize) {
    let outer = MemoryScope::enter("outer");
    let kept = vec![0_u8; number];
    let (more, inner) = measure("inner", || vec![0_u64; number]);
    let used = outer.finish();
    assert_memory!(inner, total_blocks == 1, live_bytes == 8 * number as u64);
    assert_memory!(used, total_blocks == 2, peak_bytes == 9 * number as u64);
    drop((kept, more));
}

fn without_allocations(number: usize) {
    let mut numbers = Vec::with_capacity(number);
    assert_no_alloc(|| numbers.extend(0..number));
    numbers.sort_unstable_by_key(|n| core::cmp::Reverse(*n));
    let sum = assert_no_alloc(|| numbers.iter().sum::<usize>());
    assert_eq!(sum, number * (number - 1) / 2);
}

fn exceeded(number: usize) {
    let at_most = |limit| Condition::new(Figure::PeakBytes, Comparison::AtMost, limit);
    let bytes = number as u64 * 8;
    let work = || vec![1_u64; number];
    assert!(Budget::new().with(at_most(bytes)).run("within", work).is_ok());
    let failure = Budget::new().with(at_most(bytes - 1)).run("exceeded", work).expect_err("one byte too many");
    assert_eq!(failure.violations()[0].actual, bytes);
}

/// A cache that is cleared passes a leak test, and one that is not does not.
#[cfg(feature = "stacks")]
fn repeated(number: usize) {
    let mut cache = HashMap::with_capacity(2 * number);
    assert_no_leak(4, || {
        cache.extend((0..number).map(|n| (n, vec![n])));
        cache.clear();
    });
    let mut kept = Vec::with_capacity(100);
    let failure = LeakTest::new().repeat(4).run(|| kept.push(vec![0_u8; number])).expect_err("it keeps each");
    let each = format!(
        "{} and 1 block for each repetition",
        if number == 1 { "1 B".to_owned() } else { format!("{number} B") }
    );
    assert!(failure.to_string().contains(&each), "{failure}");
}

/// A baseline in a folder of its own: the same work passes, a block more does not.
#[cfg(feature = "stacks")]
fn as_before(number: usize) {
    let folder = std::env::temp_dir().join(format!("heaplens-steady-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
    let baseline = Baseline::of_test(&folder, "steady::as_before");
    let used = |blocks: usize| {
        let scope = MemoryScope::builder("blocks").stacks().enter();
        let blocks: Vec<_> = (0..blocks).map(|_| vec![0_u8; number]).collect();
        let used = scope.finish();
        drop(blocks);
        used
    };
    baseline.bless(&used(3)).expect("it can be written");
    baseline.check(&used(3)).expect("the same");
    let failure = baseline.check(&used(4)).expect_err("more");
    assert_eq!(failure.violations().first().map(|more| more.actual), Some(5), "{failure}");
    std::fs::remove_dir_all(folder).expect("made by this test");
}
