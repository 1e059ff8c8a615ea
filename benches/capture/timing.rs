//! Timing an operation of a few nanoseconds: the median of batches of about two milliseconds.

use crate::deep;
use std::hint::black_box;
use std::time::{Duration, Instant};

const BATCHES: usize = 15;
const BATCH: Duration = Duration::from_millis(2);

/// The depths that the argument `depths=20,40` asks for; none when `cargo bench` starts this program by itself.
pub(crate) fn depths() -> Vec<usize> {
    let list = std::env::args().find_map(|argument| Some(argument.strip_prefix("depths=")?.to_owned()));
    list.iter().flat_map(|list| list.split(',')).filter_map(|depth| depth.parse().ok()).collect()
}

/// Prints the nanoseconds of allocating and freeing a box at each depth, and of two boxes at alternating sites.
pub(crate) fn print_boxes(variant: &str, depths: &[usize]) {
    for frames in depths {
        let (mut one, mut two) = (0.0, 0.0);
        deep::at(*frames, &mut || one = of_one(one_box));
        deep::at(*frames, &mut || {
            two = of_one(|| {
                one_call_down();
                three_calls_down();
            });
        });
        println!("{variant}-one-site-{frames}={one}");
        println!("{variant}-two-sites-{frames}={two}");
    }
}

#[inline(always)]
fn one_box() {
    drop(black_box(Box::new(black_box(7_u64))));
}

#[inline(never)]
fn one_call_down() {
    one_box();
    black_box(());
}

#[inline(never)]
fn two_calls_down() {
    one_call_down();
    black_box(());
}

#[inline(never)]
fn three_calls_down() {
    two_calls_down();
    black_box(());
}

/// Nanoseconds of one operation.
#[inline(always)]
pub(crate) fn of_one<R>(mut operation: impl FnMut() -> R) -> f64 {
    let operations = operations_of_a_batch(&mut operation);
    let mut batches: Vec<f64> = (0..BATCHES)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..operations {
                black_box(operation());
            }
            start.elapsed().as_nanos() as f64 / f64::from(operations)
        })
        .collect();
    batches.sort_by(f64::total_cmp);
    batches[BATCHES / 2]
}

#[inline(always)]
fn operations_of_a_batch<R>(operation: &mut impl FnMut() -> R) -> u32 {
    let start = Instant::now();
    let mut operations = 0;
    while start.elapsed() < BATCH {
        for _ in 0..16 {
            black_box(operation());
        }
        operations += 16;
    }
    operations
}
