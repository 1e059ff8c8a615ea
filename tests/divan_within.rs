//! The other order: divan's allocation profiler inside of heaplens. Both count, and divan sees the eight bytes that heaplens
//! adds to each block.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/divan_figures.rs"]
mod divan_figures;
#[path = "support/process_per_case.rs"]
mod process_per_case;

use heaplens::Heaplens;
use heaplens::divan::AllocProfiler;
use std::hint::black_box;

#[global_allocator]
static HEAP: Heaplens<AllocProfiler> = Heaplens::wrapping(AllocProfiler::system());

claims::claims!(a_measurement_is_exact_around_the_profiler, divan_counts_the_tag_of_each_block);

#[divan::bench]
fn two_blocks() -> (Box<[u8; 500]>, Box<[u8; 300]>) {
    (black_box(Box::new([1; 500])), black_box(Box::new([1; 300])))
}

fn a_measurement_is_exact_around_the_profiler() {
    assert!(heaplens::is_installed());
    let (kept, used) = heaplens::measure("two blocks", two_blocks);
    assert_eq!((used.total_blocks, used.total_bytes, used.peak_bytes), (2, 800, 800));
    assert!(used.completeness().is_complete(), "{}", used.completeness());
    drop(kept);
}

fn divan_counts_the_tag_of_each_block() {
    let figures = divan_figures::of("two_blocks");
    assert_eq!(figures.of_operation("alloc"), ["2", "816 B"]);
}
