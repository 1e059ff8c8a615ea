//! Random scopes, opened and closed in any order, with blocks that outlive them: every figure of every open scope equals
//! the model's after every event.

use crate::oracle::{MAX_BLOCKS, MAX_OPEN, Oracle};
use crate::random::Random;

const EVENTS: usize = 30_000;

/// Makes one random event; `last_in_first_out` closes the innermost scope only.
fn step(oracle: &mut Oracle, random: &mut Random, last_in_first_out: bool) {
    let any_block = random.below(oracle.blocks().max(1));
    // The newest block one time in three, so that many are temporary.
    let block = if random.once_in(3) { oracle.blocks().saturating_sub(1) } else { any_block };
    let has_blocks = oracle.blocks() > 0;
    match random.below(100) {
        0..8 if oracle.open_scopes() < MAX_OPEN => oracle.open("random"),
        8..16 if oracle.open_scopes() > 0 => {
            let innermost = oracle.open_scopes() - 1;
            oracle.close(if last_in_first_out { innermost } else { random.below(innermost + 1) });
        }
        16..46 if oracle.blocks() < MAX_BLOCKS => oracle.allocate(random.size(16)),
        46..66 if has_blocks => oracle.reallocate(block, random.size(16)),
        66..92 if has_blocks => oracle.free(block),
        92..98 if has_blocks => oracle.free_elsewhere(block),
        _ => {}
    }
}

fn run(seed: u64, last_in_first_out: bool, excludes: bool) {
    let mut random = Random::of_seed(seed);
    let mut oracle = Oracle::new();
    let mut event = 0;
    while event < EVENTS {
        if excludes && random.once_in(60) {
            let inside = random.below(20);
            oracle.exclude(|oracle| (0..inside).for_each(|_| step(oracle, &mut random, last_in_first_out)));
            event += inside;
        } else {
            step(&mut oracle, &mut random, last_in_first_out);
            event += 1;
        }
    }
    while oracle.open_scopes() > 0 {
        oracle.close(oracle.open_scopes() - 1);
    }
    println!("seed {seed:#x}: {} sets of figures compared", oracle.compared);
    assert!(oracle.compared > EVENTS as u64, "the run has to be about something");
}

#[test]
fn nested_scopes_equal_the_model() {
    run(0x1, true, false);
}

#[test]
fn scopes_closed_in_any_order_equal_the_model() {
    run(0x2, false, false);
}

#[test]
fn scopes_with_excluded_work_equal_the_model() {
    run(0x3, true, true);
}

#[test]
fn scopes_with_excluded_work_closed_in_any_order_equal_the_model() {
    run(0x4, false, true);
}
