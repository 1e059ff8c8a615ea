//! Scopes around parts of the walk: a scope changes whose a block is, and must not change its call stack.

use crate::walk::Walk;
use heaplens::MemoryScope;
use std::hint::black_box;

const NAMES: [&str; 3] = ["first", "second", "third"];

/// Naming the frames takes longer than thousands of walks.
const PROFILES_ARE_ONE_IN: usize = 20_000;

/// A scope, with stacks or without. Where no further one with stacks can be opened, the steps go on outside of it.
#[inline(never)]
pub(crate) fn scope(walk: &Walk, depth: u32) {
    let builder = MemoryScope::builder(NAMES[walk.below(NAMES.len())]);
    let builder = if walk.below(2) == 0 { builder.stacks() } else { builder };
    let opened = builder.try_enter();
    walk.step(depth);
    if let Ok(scope) = opened {
        drop(black_box(scope.finish()));
    }
}

/// A scope that ends by going out of scope.
#[inline(never)]
pub(crate) fn guard(walk: &Walk, depth: u32) {
    let scope = MemoryScope::try_enter(NAMES[walk.below(NAMES.len())]);
    walk.step(depth);
    black_box(&scope);
}

/// A profile inside of the recording, rarely.
#[inline(never)]
pub(crate) fn profile(walk: &Walk, depth: u32) {
    if walk.below(PROFILES_ARE_ONE_IN) > 0 {
        return walk.step(depth);
    }
    if let Ok(((), profile)) = heaplens::try_profile("nested", || walk.step(depth)) {
        black_box(profile.stats());
    }
}

/// Steps that the recorder is told to leave out.
#[inline(never)]
pub(crate) fn excluded(walk: &Walk, depth: u32) {
    heaplens::exclude(|| walk.step(depth.min(1)));
    black_box(walk);
}
