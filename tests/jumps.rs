//! R7: a signal handler that interrupts the recorder and never returns, because it jumps out with `siglongjmp`.
//!
//! ```text
//! claim ─▶ with_landing ─▶ allocate, one instruction at a time ─▶ recorder ─▶ handler: inside the guard? jump
//!   ▲            ▲                                                                            │
//!   └── records ─┴────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! The event that was broken off may be half counted. Every later one is recorded again, with its stack, and the broken
//! ones are counted as `abandoned_events`.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

#[path = "support/claims.rs"]
mod claims;
#[path = "support/count.rs"]
mod count;
#[path = "support/process_per_case.rs"]
mod process_per_case;
#[path = "support/random.rs"]
mod random;
#[path = "support/signal_safe_inner.rs"]
mod signal_safe_inner;
#[path = "support/single_step.rs"]
mod single_step;
#[path = "support/watchdog.rs"]
mod watchdog;

use heaplens::{Heaplens, Metric, Profiler};
use random::Random;
use signal_safe_inner::{ArenaOnly, SignalSafeInner};
use std::alloc::{Layout, alloc, dealloc, realloc};
use std::cell::UnsafeCell;
use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use watchdog::{progress, watched};

#[global_allocator]
static HEAP: Heaplens<SignalSafeInner> = Heaplens::wrapping(SignalSafeInner);

claims::claims!(
    r7_recording_resumes_after_each_jump_out_of_the_recorder,
    r7_recording_resumes_at_the_depth_of_the_broken_event,
);

const OUTER: Layout = Layout::new::<[u64; 11]>();
const BROKEN: Layout = Layout::new::<[u64; 5]>();
const GROWN_BYTES: usize = 72;

std::arch::global_asm!(
    // extern "C" fn(jump buffer, work) -> c_int: zero when the work returned, one after a jump.
    ".globl hazard_with_landing",
    ".hidden hazard_with_landing",
    ".type hazard_with_landing, @function",
    "hazard_with_landing:",
    ".cfi_startproc",
    "push rbx",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset rbx, -16",
    "mov rbx, rsi",
    "mov esi, 1",
    "call __sigsetjmp@PLT",
    "test eax, eax",
    "jne 2f",
    "call rbx",
    "xor eax, eax",
    "2:",
    "pop rbx",
    ".cfi_def_cfa_offset 8",
    "ret",
    ".cfi_endproc",
    ".size hazard_with_landing, . - hazard_with_landing",
);

unsafe extern "C" {
    fn hazard_with_landing(buffer: *mut c_void, work: extern "C" fn()) -> c_int;
    fn siglongjmp(buffer: *mut c_void, value: c_int) -> !;
}

/// More than a `sigjmp_buf` of glibc, which has 200 bytes.
#[repr(align(16))]
struct JumpBuffer(UnsafeCell<[u8; 512]>);

// SAFETY: used by one thread and its signal handler.
unsafe impl Sync for JumpBuffer {}

static LANDING: JumpBuffer = JumpBuffer(UnsafeCell::new([0; 512]));
/// Interruptions of the recorder until the jump.
static UNTIL_JUMP: AtomicU64 = AtomicU64::new(u64::MAX);
static INTERRUPTIONS: AtomicU64 = AtomicU64::new(0);
/// Which method of the allocator is interrupted.
static METHOD: AtomicU64 = AtomicU64::new(0);

fn uncaptured() -> u64 {
    heaplens::completeness().uncaptured_events
}

/// One block that comes and goes, which the handler may use as well.
fn come_and_go(layout: Layout) {
    // SAFETY: the size is not zero.
    let block = black_box(unsafe { alloc(black_box(layout)) });
    assert!(!block.is_null(), "the arena has room");
    // SAFETY: allocated above.
    unsafe { dealloc(block, black_box(layout)) };
}

/// At every instruction: an event that is not captured tells that the recorder was interrupted.
fn interrupt() {
    let before = uncaptured();
    come_and_go(Layout::new::<[u64; 3]>());
    if uncaptured() == before {
        return;
    }
    INTERRUPTIONS.fetch_add(1, Ordering::Relaxed);
    if UNTIL_JUMP.fetch_sub(1, Ordering::Relaxed) == 0 {
        // SAFETY: the buffer is that of `hazard_with_landing`, which is still on the stack. The frames between hold
        // nothing but the recorder's guard, which is what this is about.
        unsafe { siglongjmp(LANDING.0.get().cast(), 1) };
    }
}

/// A block is made, grown or freed one instruction at a time.
extern "C" fn interrupted_event() {
    let method = METHOD.load(Ordering::Relaxed) % 3;
    // SAFETY: the size is not zero.
    let made = || black_box(unsafe { alloc(black_box(BROKEN)) });
    let block = if method == 0 { std::ptr::null_mut() } else { made() };
    single_step::step_if(true, &mut || match method {
        0 => _ = made(),
        // SAFETY: allocated above, and used no more.
        1 => _ = black_box(unsafe { realloc(block, black_box(BROKEN), GROWN_BYTES) }),
        // SAFETY: allocated above, and used no more.
        _ => unsafe { dealloc(block, black_box(BROKEN)) },
    });
}

/// The same calls, without steps.
extern "C" fn whole_event() {
    come_and_go(OUTER);
}

/// Runs work from which a handler may jump. Whether it did.
fn jumps_out_of(work: extern "C" fn()) -> bool {
    // SAFETY: the buffer is large enough, and used by the innermost landing only.
    unsafe { hazard_with_landing(LANDING.0.get().cast(), work) != 0 }
}

/// Breaks an event off at the `number`-th instruction of the recorder, or at none if it has not so many.
fn broken_off_at(number: u64) -> bool {
    UNTIL_JUMP.store(number, Ordering::Relaxed);
    let jumped = jumps_out_of(interrupted_event);
    UNTIL_JUMP.store(u64::MAX, Ordering::Relaxed);
    METHOD.fetch_add(1, Ordering::Relaxed);
    jumped
}

fn recording_resumes(event: fn()) {
    let wanted = count::count("HEAPLENS_JUMPS", 1_000);
    println!("jumps");
    let profiler = Profiler::builder().verify_every(16).start().expect("the first profiler");
    single_step::handle_with(interrupt);
    let mut random = Random::of_seed(7);
    let (mut jumps, mut tries, mut not_recorded) = (0, 0, 0);
    {
        let _arena = ArenaOnly::begin();
        while jumps < wanted {
            // Early instructions more often than late ones: those before the stack is captured are few.
            jumps += u64::from(broken_off_at(random.size(11) as u64 - 1));
            tries += 1;
            let before = uncaptured();
            event();
            not_recorded += uncaptured() - before;
            // What was broken off leaves blocks behind that nobody knows.
            signal_safe_inner::forget_all();
            if random.once_in(16) {
                progress();
            }
        }
    }
    let profile = profiler.stop();
    let missing = profile.completeness();
    println!("{jumps} jumps in {tries} tries, {not_recorded} events thereafter not recorded, {missing}");
    assert_eq!(not_recorded, 0, "recording resumes");
    assert_eq!(missing.uncaptured_events, 2 * INTERRUPTIONS.load(Ordering::Relaxed), "only the handler's");
    assert_eq!(missing.abandoned_events, jumps);
    assert_eq!(missing.mismatched_stacks, 0);
    assert_eq!(blocks_of(&profile, "come_and_go", OUTER.size()), tries);
}

/// Blocks of a size, under call sites with a function.
fn blocks_of(profile: &heaplens::Profile, function: &str, size: usize) -> u64 {
    let sites = profile.sites(Metric::TotalBlocks);
    let has_it = |site: &&heaplens::Site<'_>| {
        site.frames().iter().any(|frame| frame.function.contains(function))
            && site.stats().total_bytes == site.value() * size as u64
    };
    sites.iter().filter(has_it).map(|site| site.value()).sum()
}

fn r7_recording_resumes_after_each_jump_out_of_the_recorder() {
    watched(|| recording_resumes(|| come_and_go(OUTER)));
}

/// The stack pointer of the next event is that of the one that was broken off.
fn r7_recording_resumes_at_the_depth_of_the_broken_event() {
    watched(|| recording_resumes(|| assert!(!jumps_out_of(whole_event))));
}
