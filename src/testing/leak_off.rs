//! Leak tests without the feature `stacks`: the same source compiles, and every test refuses.

/// Refuses.
///
/// # Panics
///
/// Always.
#[track_caller]
pub fn assert_no_leak<R>(_repeat: u32, _work: impl FnMut() -> R) {
    panic!("leak test cannot be run: switch on the feature `stacks` of heaplens, which tells call sites apart");
}
