//! S4: a recursion of a hundred thousand frames that allocates on its way.
//!
//! A stack that is not too deep is recorded whole; a deeper one is cut at its outer end, and says so. The size of a block
//! is the depth it was allocated at, so that the profile itself tells what each stack should have been.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/count.rs"]
mod count;
#[path = "support/process_per_case.rs"]
mod process_per_case;
#[path = "support/watchdog.rs"]
mod watchdog;

use heaplens::{Frame, Metric, Profiler, Site};
use std::hint::black_box;
use std::thread;
use watchdog::{progress, watched};

heaplens::install!();

claims::claims!(s4_a_hundred_thousand_frames_are_recorded_whole_or_flagged_as_cut);

/// Enough for the frames of a build without optimisation.
const STACK_BYTES: usize = 512 << 20;
const FRAMES_PER_BLOCK: usize = 100;
/// No stack of so many frames of the recursion is cut.
const WHOLE_AT_LEAST: usize = 200;

/// One frame of the recursion.
#[inline(never)]
fn descend(depth: usize, deepest: usize) -> usize {
    if depth.is_multiple_of(FRAMES_PER_BLOCK) {
        drop(black_box(Vec::<u8>::with_capacity(black_box(depth))));
        progress();
    }
    if depth == deepest { depth } else { black_box(descend(black_box(depth + 1), deepest)) }
}

fn is_recursion(frame: &&&Frame) -> bool {
    frame.function.ends_with("::descend")
}

fn is_cut(site: &Site<'_>) -> bool {
    site.frames().iter().any(|frame| frame.function == "(cut short)")
}

fn s4_a_hundred_thousand_frames_are_recorded_whole_or_flagged_as_cut() {
    watched(|| {
        let deepest = count::count("HEAPLENS_DEEPEST", 100_000) as usize;
        let profiler = Profiler::builder().verify_every(50).start().expect("the first profiler");
        let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(move || descend(1, deepest));
        assert_eq!(thread.expect("a thread").join().expect("no panic"), deepest);
        let profile = profiler.stop();
        let (mut whole, mut cut, mut least_cut) = (0, 0, usize::MAX);
        for site in profile.sites(Metric::TotalBlocks) {
            let frames = site.frames().iter().filter(is_recursion).count();
            if frames == 0 {
                continue;
            }
            if is_cut(&site) {
                cut += site.value();
                least_cut = least_cut.min(frames);
            } else {
                whole += site.value();
                assert_eq!(site.stats().total_bytes, site.value() * frames as u64, "as deep as the block says");
            }
        }
        println!("{whole} whole stacks, {cut} cut to {least_cut} frames or more");
        assert_eq!(whole + cut, (deepest / FRAMES_PER_BLOCK) as u64);
        assert_eq!(profile.completeness().truncated_stacks, cut, "each that is cut is counted");
        assert!(whole >= (WHOLE_AT_LEAST / FRAMES_PER_BLOCK) as u64 && least_cut >= WHOLE_AT_LEAST);
        assert_eq!(profile.completeness().mismatched_stacks, 0);
    });
}
