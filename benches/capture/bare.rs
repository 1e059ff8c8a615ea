//! The loops over the system's allocator, and what the `backtrace` crate takes at the same depths.

mod deep;
mod timing;

use std::hint::black_box;

fn main() {
    let depths = timing::depths();
    timing::print_boxes("bare", &depths);
    for frames in depths {
        let mut nanoseconds = 0.0;
        deep::at(frames, &mut || nanoseconds = timing::of_one(|| black_box(deep::frames_here())));
        println!("backtrace-{frames}={nanoseconds}");
    }
}
