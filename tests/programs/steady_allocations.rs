//! P8: a million allocations in a steady state, with stacks on, between two system calls that nothing else here makes.
//!
//! ```text
//! steady_allocations <allocations>
//! ```
//!
//! does the same work twice. The second time nothing is new to the recorder or to the inner allocator: under
//! `ci/system-calls.sh` there is no other system call between the two `getppid`.

use std::collections::BTreeMap;
use std::hint::black_box;

heaplens::install!();

/// Blocks of many sizes and both ways to get them, growing vectors, and a map, at several depths of the stack.
#[inline(never)]
fn work(depth: u64) -> u64 {
    if depth > 0 {
        return black_box(work(black_box(depth - 1))) + depth;
    }
    let boxes: [Box<u64>; 20] = std::array::from_fn(|number| Box::new(number as u64));
    let zeroed = vec![0_u8; 500];
    let mut growing = Vec::new();
    (0..40_u64).for_each(|number| growing.push(number));
    growing.shrink_to_fit();
    let map: BTreeMap<u64, String> = (0..10).map(|number| (number, "word".repeat(number as usize))).collect();
    black_box((boxes, zeroed, growing)).2.len() as u64 + black_box(map).len() as u64
}

/// Works until so many blocks were allocated.
fn work_for(blocks: u64) {
    let before = heaplens::stats().total_blocks;
    let mut rounds = 0;
    while heaplens::stats().total_blocks - before < blocks {
        black_box(work(rounds % 16));
        rounds += 1;
    }
}

/// A system call that shows in a trace, and does nothing.
fn mark() {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::getppid() };
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let blocks: u64 = std::env::args().nth(1).ok_or("say how many allocations")?.parse()?;
    let profiler = heaplens::Profiler::start()?;
    work_for(blocks.min(20_000));
    mark();
    let before = heaplens::stats().total_blocks;
    work_for(blocks);
    let done = heaplens::stats().total_blocks - before;
    mark();
    let profile = profiler.stop();
    assert!(profile.completeness().is_complete(), "{}", profile.completeness());
    println!("{done}");
    Ok(())
}
