//! `install!(divan)`: heaplens inside of divan's allocation profiler. Both count exactly, and neither sees the other.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/divan_figures.rs"]
mod divan_figures;
#[path = "support/process_per_case.rs"]
mod process_per_case;

use heaplens::Metric;
use std::hint::black_box;
use std::thread;

heaplens::install!(divan);

claims::claims!(
    heaplens_is_installed_and_the_process_is_counted,
    a_measurement_is_exact_inside_of_the_profiler,
    a_profile_is_exact_and_shows_no_frame_of_the_profiler,
    other_threads_do_not_count,
    divan_counts_the_sizes_that_the_program_asked_for,
    divan_counts_the_same_where_heaplens_measures,
);

/// A block of 1,000 bytes that grows to 3,000, and one of 100 bytes that goes.
#[inline(never)]
fn work() -> Vec<u8> {
    let mut kept = Vec::with_capacity(1_000);
    black_box(vec![1_u8; 100]);
    kept.extend_from_slice(&[1; 1_000]);
    kept.reserve_exact(2_000);
    kept
}

#[divan::bench]
fn plain() -> Vec<u8> {
    work()
}

#[divan::bench]
fn measured() -> Vec<u8> {
    let (kept, used) = heaplens::measure("work", work);
    assert_eq!((used.total_bytes, used.total_blocks, used.peak_bytes), (4_100, 3, 3_000));
    kept
}

fn heaplens_is_installed_and_the_process_is_counted() {
    assert!(heaplens::is_installed());
    let before = heaplens::stats();
    let held = black_box(vec![1_u8; 12_345]);
    let after = heaplens::stats();
    assert_eq!(after.live_bytes - before.live_bytes, 12_345);
    assert_eq!(after.total_blocks - before.total_blocks, 1);
    drop(held);
    assert_eq!(heaplens::stats().live_bytes, before.live_bytes);
}

fn a_measurement_is_exact_inside_of_the_profiler() {
    let (kept, used) = heaplens::measure("work", work);
    assert_eq!((used.total_blocks, used.total_bytes), (3, 4_100));
    assert_eq!((used.freed_blocks, used.freed_bytes), (2, 1_100));
    assert_eq!((used.live_blocks, used.live_bytes), (1, 3_000));
    assert_eq!((used.peak_bytes, used.reallocations, used.largest_block_bytes), (3_000, 1, 3_000));
    assert!(used.completeness().is_complete(), "{}", used.completeness());
    drop(kept);
}

fn a_profile_is_exact_and_shows_no_frame_of_the_profiler() {
    let (kept, profile) = heaplens::profile("work", work);
    assert!(profile.completeness().is_complete(), "{}", profile.completeness());
    assert_eq!((profile.stats().total_blocks, profile.stats().total_bytes), (3, 4_100));
    assert_eq!((profile.stats().peak_bytes, profile.stats().live_bytes), (3_000, 3_000));
    for metric in [Metric::TotalBytes, Metric::TotalBlocks, Metric::LiveAtPeakBytes] {
        let sites = profile.sites(metric);
        assert_eq!(sites.iter().map(heaplens::Site::value).sum::<u64>(), profile.total(metric));
        for site in sites {
            let nearest = site.frames().first().expect("a frame");
            assert!(nearest.function.ends_with("::work"), "{:?}", site.frames());
        }
    }
    drop(kept);
}

fn other_threads_do_not_count() {
    let (kept, used) = heaplens::measure("work", || {
        let beside = heaplens::exclude(|| thread::spawn(|| drop(black_box(work()))));
        let kept = work();
        heaplens::exclude(|| beside.join().expect("no panic"));
        kept
    });
    assert_eq!((used.total_blocks, used.total_bytes), (3, 4_100));
    drop(kept);
}

fn divan_counts_the_sizes_that_the_program_asked_for() {
    // divan has one word for what two do here: a reallocation is the 2,000 bytes by which the block grows.
    let figures = divan_figures::of("plain");
    assert_eq!(figures.of_operation("alloc"), ["2", "1.1 KB"]);
    assert_eq!(figures.of_operation("grow"), ["1", "2 KB"]);
    assert_eq!(figures.of_operation("dealloc"), ["1", "100 B"]);
    assert_eq!(figures.of_operation("max alloc"), ["2", "3 KB"]);
}

fn divan_counts_the_same_where_heaplens_measures() {
    assert!(heaplens::is_installed(), "heaplens finds out by one block of its own, before divan counts");
    assert_eq!(divan_figures::of("measured"), divan_figures::of("plain"));
}
