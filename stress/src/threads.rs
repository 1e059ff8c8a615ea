//! Threads with walks of their own: short-lived, so that stacks and their addresses are used again and again.

use crate::signals;
use crate::walk::Walk;
use std::hint::black_box;
use std::thread::{Builder, ScopedJoinHandle, scope};

/// Sizes that the C library keeps apart when it uses a stack again.
const STACK_BYTES: [usize; 3] = [1 << 20, 2 << 20, 3 << 20];

const STEPS: u32 = 60;
const DEPTH: u32 = 12;

/// One or two threads, beside which this one goes on.
#[inline(never)]
pub(crate) fn short_lived(walk: &Walk, depth: u32) {
    if !walk.starts_threads() {
        return walk.step(depth);
    }
    let seeds: Vec<(u64, usize)> = (0..=walk.below(2)).map(|_| (walk.seed(), walk.below(STACK_BYTES.len()))).collect();
    let shapes = walk.shapes();
    scope(|scope| {
        let start = |&(seed, size): &(u64, usize)| {
            let walk = move || Walk::on_another_thread(seed, STEPS, shapes).step(DEPTH);
            let work = move || signals::with_alternate_stack(walk);
            Builder::new().stack_size(STACK_BYTES[size]).spawn_scoped(scope, work).expect("a thread starts")
        };
        let threads: Vec<ScopedJoinHandle<'_, ()>> = seeds.iter().map(start).collect();
        walk.step(depth.min(4));
        for thread in threads {
            thread.join().expect("a walk ends well");
        }
    });
    black_box(walk);
}
