use heaplens::{MemoryScope, assert_baseline, profile_memory_usage};

heaplens::install!();

fn texts() -> (String, String) {
    let words = |step: usize| (0..2_000).map(|n| format!("word{} ", n * step)).collect::<String>();
    (words(1), words(2))
}

#[test]
fn similarity_stays_below_eight_megabytes() {
    let (one, other) = texts();
    let (_, before, after) = profile_memory_usage("similarity_calc", || similarity::similarity(&one, &other));
    assert!(after.peak_mb() - before.peak_mb() <= 8.0);
}

#[test]
fn similarity_needs_what_it_needed() {
    let (one, other) = texts();
    let scope = MemoryScope::builder("similarity_calc").stacks().enter();
    let similarity = similarity::similarity(&one, &other);
    assert_baseline!(scope.finish());
    assert!(similarity > 0.1 && similarity < 0.9, "{similarity}");
}
