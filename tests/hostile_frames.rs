//! S1, S4, R10: frames that the tables describe and that are rare in Rust: realigned by gcc, below a wrong frame pointer, at
//! the very top of a stack, or on the small stack of a signal handler.
//!
//! ```text
//! claim ─▶ a shim ─▶ allocate ─▶ recorder
//! ```
//!
//! A stack is whole where the tables are right and flagged as cut where they are not, and no walk to it faults.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

#[path = "support/claims.rs"]
mod claims;
#[path = "support/process_per_case.rs"]
mod process_per_case;
#[path = "hostile_frames/shims.rs"]
mod shims;
#[path = "support/watchdog.rs"]
mod watchdog;

use heaplens::{Metric, Profile, Profiler, Site};
use shims::{hazard_fiber, hazard_odd_rbp, hazard_realigned};
use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use watchdog::{progress, watched};

heaplens::install!();

claims::claims!(
    s4_realigned_frames_are_whole_at_every_depth_to_six_hundred,
    s1_a_misaligned_frame_pointer_on_the_stack_is_flagged_and_not_followed,
    s1_a_fiber_whose_top_word_is_below_a_guard_page_faults_nowhere,
    r10_a_stack_first_captured_on_the_alternate_stack_of_a_thread_fits_it,
);

/// The size of a block is this and the level that it was allocated at: sizes that nothing else in this program asks for.
const BASE_BYTES: usize = 10_000;
const ROUNDS: u64 = 3;

/// The work of the shims: one block.
#[inline(never)]
extern "C" fn allocate(level: usize) {
    drop(black_box(Vec::<u8>::with_capacity(black_box(BASE_BYTES + level))));
    black_box(level);
}

fn recording(verify_every: u32) -> Profiler {
    Profiler::builder().verify_every(verify_every).start().expect("the first profiler")
}

/// The profile, in which every frame is shown and no comparison failed.
#[track_caller]
fn verified(profiler: Profiler) -> Profile {
    let profile = profiler.stop().with_runtime_frames(true);
    let check = heaplens::self_check();
    println!("{check:?}");
    assert_eq!((check.mismatched_stacks, check.differing_from_platform), (0, 0));
    let missing = profile.completeness();
    assert_eq!((missing.mismatched_stacks, missing.uncaptured_events, missing.empty_stacks), (0, 0, 0));
    profile
}

fn has(site: &Site<'_>, function: &str) -> bool {
    frames_of(site, function) > 0
}

fn frames_of(site: &Site<'_>, function: &str) -> usize {
    site.frames().iter().filter(|frame| frame.function.contains(function)).count()
}

/// Blocks below a shim, of which every stack is flagged as cut at the shim and nothing is known of what called it.
#[track_caller]
fn assert_all_are_flagged(profile: &Profile, shim: &str, blocks: u64) {
    let sites = profile.sites(Metric::TotalBlocks);
    let below = sites.iter().filter(|site| has(site, "allocate") && has(site, shim));
    let (flagged, whole): (Vec<_>, Vec<_>) = below.partition(|site| has(site, "(cut short)"));
    assert!(whole.is_empty(), "not flagged: {whole:?}");
    assert_eq!(flagged.iter().map(|site| site.value()).sum::<u64>(), blocks);
    assert_eq!(profile.completeness().truncated_stacks, blocks);
}

const DEPTHS: [usize; 5] = [80, 110, 200, 400, 600];

/// Recursions to each of the depths, again and again.
#[inline(never)]
fn recurse_to_each_depth() {
    for depth in DEPTHS.into_iter().cycle().take(DEPTHS.len() * ROUNDS as usize) {
        // SAFETY: the shim keeps the registers that it must, and calls the work on a stack that has room for it.
        unsafe { hazard_realigned(1, black_box(depth), allocate) };
        progress();
    }
}

fn s4_realigned_frames_are_whole_at_every_depth_to_six_hundred() {
    watched(|| {
        let profiler = recording(1);
        recurse_to_each_depth();
        let profile = verified(profiler);
        let mut blocks = 0;
        for site in profile.sites(Metric::TotalBlocks).iter().filter(|site| has(site, "hazard_realigned")) {
            let depth = frames_of(site, "hazard_realigned") as u64;
            assert!(has(site, "recurse_to_each_depth") && !has(site, "(cut short)"), "{depth} levels are whole");
            assert_eq!(
                site.stats().total_bytes,
                site.value() * (BASE_BYTES as u64 + depth),
                "as deep as the block says"
            );
            blocks += site.value();
        }
        assert_eq!(blocks, DEPTHS.iter().sum::<usize>() as u64 * ROUNDS);
        assert_eq!(profile.completeness().truncated_stacks, 0);
    });
}

fn s1_a_misaligned_frame_pointer_on_the_stack_is_flagged_and_not_followed() {
    watched(|| {
        let profiler = recording(1);
        // What is read as a return address, if anything is, is zero.
        let words = black_box([0_usize; 8]);
        let place = words.as_ptr().expose_provenance();
        for offset in (1..8).cycle().take(7 * ROUNDS as usize) {
            // SAFETY: the shims keep the registers that they must, and call the work.
            unsafe { hazard_odd_rbp(black_box(place + offset), allocate) };
            progress();
        }
        black_box(words);
        assert_all_are_flagged(&verified(profiler), "hazard_odd_rbp", 7 * ROUNDS);
    });
}

const STACK_BYTES: usize = 256 << 10;
const GUARD_BYTES: usize = 4_096;

/// A stack that is never unmapped, with a page above that cannot be read: its top.
fn top_of_guarded_stack() -> usize {
    let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping at a place of the system's choice.
    let low = unsafe { libc::mmap(ptr::null_mut(), STACK_BYTES + GUARD_BYTES, access, kind, -1, 0) };
    assert_ne!(low, libc::MAP_FAILED);
    let top = low.wrapping_byte_add(STACK_BYTES);
    // SAFETY: the last page of the mapping, of which nothing is in use.
    assert_eq!(unsafe { libc::mprotect(top, GUARD_BYTES, libc::PROT_NONE) }, 0);
    top.expose_provenance()
}

fn s1_a_fiber_whose_top_word_is_below_a_guard_page_faults_nowhere() {
    watched(|| {
        let top = top_of_guarded_stack();
        // Without comparisons: the platform's unwinder trusts the tables and reads the guard page.
        let profiler = recording(0);
        for _ in 0..ROUNDS {
            // SAFETY: a stack of its own for the work, which the shim leaves again.
            unsafe { hazard_fiber(top, allocate) };
            progress();
        }
        assert_all_are_flagged(&verified(profiler), "allocate", ROUNDS);
    });
}

/// Whether the handler ran, and on the alternate stack.
static HANDLED: AtomicBool = AtomicBool::new(false);

extern "C" fn on_segment_fault(_: c_int, _: *mut libc::siginfo_t, _: *mut c_void) {
    allocate(0);
    let mut stack = MaybeUninit::<libc::stack_t>::zeroed();
    // SAFETY: asks only; a valid place for the answer.
    unsafe { libc::sigaltstack(ptr::null(), stack.as_mut_ptr()) };
    // SAFETY: all zero, or written by the call.
    let flags = unsafe { stack.assume_init() }.ss_flags;
    HANDLED.store(flags & libc::SS_ONSTACK != 0, Ordering::Relaxed);
}

/// Has the handler run instead of the one that the standard library installed, on the stacks that it allotted.
fn handle_segment_faults() {
    // SAFETY: all bytes zero is a valid value of this structure.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = on_segment_fault as *const () as usize;
    action.sa_flags = libc::SA_ONSTACK | libc::SA_SIGINFO;
    // SAFETY: a valid action.
    assert_eq!(unsafe { libc::sigaction(libc::SIGSEGV, &action, ptr::null_mut()) }, 0);
}

#[inline(never)]
fn interrupted() {
    // SAFETY: a signal to this thread, for which there is a handler that returns.
    black_box(unsafe { libc::raise(libc::SIGSEGV) });
}

fn r10_a_stack_first_captured_on_the_alternate_stack_of_a_thread_fits_it() {
    watched(|| {
        handle_segment_faults();
        // Without optimisation a comparison takes more stack than the standard library allots.
        let profiler = recording(if cfg!(debug_assertions) { 0 } else { 1 });
        thread::spawn(interrupted).join().expect("no panic");
        assert!(HANDLED.load(Ordering::Relaxed), "the handler ran on the alternate stack");
        if cfg!(debug_assertions) {
            // There is no room for a walk without optimisation: the block counts, and its stack is flagged.
            let missing = *profiler.stop().completeness();
            return assert_eq!((missing.truncated_stacks, missing.mismatched_stacks), (1, 0));
        }
        let profile = verified(profiler);
        let sites = profile.sites(Metric::TotalBlocks);
        let handlers = sites.iter().filter(|site| has(site, "on_segment_fault") && has(site, "interrupted"));
        assert_eq!(handlers.map(Site::value).sum::<u64>(), 1);
        assert_eq!(profile.completeness().truncated_stacks, 0);
    });
}
