//! The loops with heaplens: counting, then recording the stack of every allocation.

mod deep;
mod timing;

use heaplens::Profiler;

heaplens::install!();

fn main() {
    let depths = timing::depths();
    if depths.is_empty() {
        return;
    }
    timing::print_boxes("counting", &depths);
    let tables_before = heaplens::overhead_bytes();
    let profiler = Profiler::start().expect("no profiler runs");
    timing::print_boxes("stacks", &depths);
    let missing = heaplens::completeness();
    assert!(heaplens::overhead_bytes() > tables_before, "call sites take memory");
    println!("early={}", missing.truncated_stacks + missing.empty_stacks);
    println!("overflowed={}", missing.overflowed_blocks);
    drop(profiler);
}
