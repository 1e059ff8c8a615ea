//! S1, S8: frames of code that was not made by a compiler. Whatever it leaves in the frame pointer, and whether or not it
//! has unwind tables, an allocation below it neither faults nor gets a stack that is silently short.
//!
//! ```text
//! outer_frames ─▶ a shim, with any value in rbp ─▶ allocate_below ─▶ recorder
//! ```
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

#[path = "support/claims.rs"]
mod claims;
#[path = "support/count.rs"]
mod count;
#[path = "support/process_per_case.rs"]
mod process_per_case;
#[path = "foreign_code/shims.rs"]
mod shims;
#[path = "support/watchdog.rs"]
mod watchdog;

use heaplens::{Metric, Profile, Profiler, Site};
use shims::{GeneratedCode, Shim, WITH_TABLES, WITHOUT_TABLES};
use std::ffi::c_void;
use std::hint::black_box;
use std::ptr;
use watchdog::{progress, watched};

heaplens::install!();

claims::claims!(
    s1_hostile_frame_pointers_below_described_code_change_no_stack,
    s1_hostile_frame_pointers_below_undescribed_code_fault_nowhere,
    s1_a_stack_that_ends_at_undescribed_code_is_flagged,
    s8_generated_code_without_tables_faults_nowhere,
    s8_a_stack_that_ends_at_generated_code_is_flagged,
);

fn captures() -> u64 {
    count::count("HEAPLENS_FOREIGN_CAPTURES", 20_000)
}

/// A size that nothing else in this program asks for.
const BLOCK_BYTES: usize = 1_239;

/// The work that the shims call: an event of each kind.
#[inline(never)]
extern "C-unwind" fn allocate_below(_: *mut c_void) {
    let mut block = Vec::<u8>::with_capacity(black_box(BLOCK_BYTES - 1));
    block.reserve_exact(black_box(BLOCK_BYTES));
    drop(black_box(block));
}
const BLOCKS_EACH: u64 = 2;

/// Values that no frame pointer has, or that look like one and are not. `chain` is a word of the stack that points to
/// itself: frames that never end.
fn hostile_values(chain: usize) -> [usize; 12] {
    let on_heap = Box::leak(Box::new([0_usize; 2])).as_ptr().addr();
    let (odd, below_the_stack_pointer) = (chain + 1, chain - (1 << 16));
    let (unmapped, kernel) = (0xDEAD_0000, 0xFFFF_8000_0000_0000);
    let numbers = [0, 1, 8, usize::MAX, usize::MAX - 7];
    let places = [unmapped, kernel, on_heap, chain, odd, below_the_stack_pointer, stack_top()];
    std::array::from_fn(|index| *numbers.iter().chain(&places).nth(index).unwrap_or(&0))
}

/// The last word of the main thread's stack, a little below the end of its mapping.
fn stack_top() -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux tells it here");
    let line = maps.lines().find(|line| line.ends_with("[stack]")).expect("the main thread has a stack");
    let end = line.split(['-', ' ']).nth(1).expect("a range of addresses");
    usize::from_str_radix(end, 16).expect("a number") - 8
}

/// Calls through the shim again and again, from several depths. Returns the number of blocks.
#[inline(never)]
fn outer_frames(shim: Shim) -> u64 {
    let mut chain = [0_usize; 2];
    chain[0] = chain.as_ptr().expose_provenance();
    let values = hostile_values(black_box(&mut chain)[0]);
    let mut blocks = 0;
    for number in 0..captures() / BLOCKS_EACH {
        // SAFETY: the shim keeps the value of rbp that it finds, and calls the work.
        unsafe { shim(black_box(values[number as usize % values.len()]), allocate_below, ptr::null_mut()) };
        blocks += BLOCKS_EACH;
        if number % 1_024 == 0 {
            progress();
        }
    }
    black_box(blocks)
}

/// Records calls through a shim: the profile, and the number of blocks.
fn recorded(shim: Shim, verify_every: u32) -> (Profile, u64) {
    let profiler = Profiler::builder().verify_every(verify_every).start().expect("the first profiler");
    let before = heaplens::stats();
    let blocks = outer_frames(shim);
    let after = heaplens::stats();
    let profile = profiler.stop().with_runtime_frames(true);
    // The self-loop is one more, and reading the limits of the stack some.
    assert!(after.total_blocks - before.total_blocks > blocks);
    let missing = profile.completeness();
    assert_eq!((missing.mismatched_stacks, missing.uncaptured_events, missing.empty_stacks), (0, 0, 0));
    assert_eq!(blocks_with(&profile, &|site| has(site, "allocate_below")), blocks);
    (profile, blocks)
}

fn has(site: &Site<'_>, function: &str) -> bool {
    site.frames().iter().any(|frame| frame.function.contains(function))
}

/// Blocks under the call sites of the shims' work for which something holds.
fn blocks_with(profile: &Profile, holds: &dyn Fn(&Site<'_>) -> bool) -> u64 {
    let sites = profile.sites(Metric::TotalBlocks);
    sites.iter().filter(|site| has(site, "allocate_below") && holds(site)).map(Site::value).sum()
}

/// Whether heaplens can tell that a stack ended early. The platform's unwinder ends at undescribed code as it does at the
/// outermost frame, and says nothing.
const FLAGS_WHAT_IS_SHORT: bool = cfg!(target_env = "gnu") && !cfg!(heaplens_portable);

/// Checks that every stack reaches the frames around the shim, or says that it does not.
#[track_caller]
fn assert_none_is_silently_short(profile: &Profile, blocks: u64) {
    let whole = blocks_with(profile, &|site| has(site, "outer_frames"));
    let cut = blocks_with(profile, &|site| !has(site, "outer_frames") && has(site, "(cut short)"));
    println!("{whole} whole stacks, {cut} cut short and flagged, of {blocks}");
    if FLAGS_WHAT_IS_SHORT {
        assert_eq!(whole + cut, blocks);
    }
    assert_eq!(profile.completeness().truncated_stacks, cut);
}

fn s1_hostile_frame_pointers_below_described_code_change_no_stack() {
    watched(|| {
        let (profile, blocks) = recorded(WITH_TABLES, 16);
        assert_eq!(blocks_with(&profile, &|site| has(site, "outer_frames")), blocks);
        assert_eq!(profile.completeness().truncated_stacks, 0);
    });
}

fn s1_hostile_frame_pointers_below_undescribed_code_fault_nowhere() {
    watched(|| drop(recorded(WITHOUT_TABLES, 16)));
}

fn s1_a_stack_that_ends_at_undescribed_code_is_flagged() {
    watched(|| {
        let (profile, blocks) = recorded(WITHOUT_TABLES, 0);
        assert_none_is_silently_short(&profile, blocks);
    });
}

fn s8_generated_code_without_tables_faults_nowhere() {
    watched(|| {
        let code = GeneratedCode::new();
        drop(recorded(code.shim(), 16));
    });
}

fn s8_a_stack_that_ends_at_generated_code_is_flagged() {
    watched(|| {
        let code = GeneratedCode::new();
        let (profile, blocks) = recorded(code.shim(), 0);
        assert_none_is_silently_short(&profile, blocks);
    });
}
