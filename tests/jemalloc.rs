//! heaplens over jemalloc: our figures stay exact, and jemalloc's are consistent with them.

#![cfg(feature = "jemalloc")]

heaplens::install!(heaplens::Jemalloc);

#[test]
fn a_measurement_over_jemalloc_is_exact() {
    let (held, used) =
        heaplens::measure("hundred kilobytes", || (0..100).map(|_| vec![1_u8; 1_000]).collect::<Vec<_>>());
    assert_eq!(used.total_blocks, 101);
    assert_eq!(used.live_bytes, 100_000 + 100 * size_of::<Vec<u8>>() as u64);
    drop(held);
}

#[test]
fn jemalloc_holds_at_least_what_is_live_and_its_figures_are_ordered() {
    let held = vec![1_u8; 8 << 20];
    let figures = heaplens::jemalloc_stats().expect("jemalloc has statistics");
    assert!(figures.allocated_bytes >= 8 << 20, "{figures}");
    assert!(figures.allocated_bytes <= figures.active_bytes, "{figures}");
    assert!(figures.active_bytes <= figures.resident_bytes, "{figures}");
    assert!(figures.metadata_bytes > 0, "{figures}");
    assert!((0.0..1.0).contains(&figures.fragmentation()), "{figures}");
    drop(held);
}

#[test]
fn memory_in_use_grows_by_what_is_allocated_and_shrinks_when_it_is_freed() {
    let before = heaplens::jemalloc_stats().expect("jemalloc has statistics").allocated_bytes;
    let held = vec![1_u8; 64 << 20];
    let during = heaplens::jemalloc_stats().expect("jemalloc has statistics").allocated_bytes;
    drop(held);
    let after = heaplens::jemalloc_stats().expect("jemalloc has statistics").allocated_bytes;
    // The other tests of this binary hold at most 8 MiB and a little.
    assert!(during >= before.saturating_sub(9 << 20) + (64 << 20), "{before} then {during}");
    assert!(after <= during.saturating_sub(55 << 20), "{during} then {after}");
}

#[cfg(feature = "stacks")]
#[test]
fn a_baseline_names_the_wrapped_allocator() {
    use heaplens::testing::{Baseline, BaselineFile};
    let package = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("wrapped-allocator");
    std::fs::create_dir_all(&package).expect("a folder");
    let ((), used) = heaplens::measure("nothing", || ());
    Baseline::of_test(&package, "suite::nothing").bless(&used).expect("it can be written");
    let file = BaselineFile::read(package.join("memory-baselines/suite.json")).expect("readable");
    let with = &file.tests()["suite::nothing [nothing]"].with;
    assert!(with.contains("tikv_jemallocator::Jemalloc; "), "{with}");
}
