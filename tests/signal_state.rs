//! S2: recording installs no signal handler, blocks no signal, and leaves the alternate stack alone.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/process_per_case.rs"]
mod process_per_case;
#[path = "support/watchdog.rs"]
mod watchdog;

use heaplens::Profiler;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::ptr;
use watchdog::{progress, watched};

heaplens::install!();

claims::claims!(s2_a_hundred_thousand_captures_change_no_handler_no_mask_and_no_alternate_stack);

/// All that the kernel keeps about the signals of this thread.
#[derive(Debug, PartialEq, Eq)]
struct SignalState {
    /// Address and flags of each handler.
    handlers: Vec<Option<(usize, i32)>>,
    blocked: Vec<bool>,
    alternate_stack: (usize, i32, usize),
}

impl SignalState {
    fn now() -> Self {
        let numbers = 1..=64;
        let mask = mask();
        // SAFETY: a valid set and numbers that only have to be in its range.
        let blocked = numbers.clone().map(|number| unsafe { libc::sigismember(&mask, number) } == 1).collect();
        Self { handlers: numbers.map(handler).collect(), blocked, alternate_stack: alternate_stack() }
    }
}

fn handler(signal: i32) -> Option<(usize, i32)> {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: asks only; a valid place for the answer. The numbers that the C library keeps to itself are refused.
    let known = unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) } == 0;
    // SAFETY: all zero, or written by the call.
    let action = unsafe { action.assume_init() };
    known.then_some((action.sa_sigaction, action.sa_flags))
}

fn mask() -> libc::sigset_t {
    let mut mask = MaybeUninit::zeroed();
    // SAFETY: asks only; a valid place for the answer.
    assert_eq!(unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), mask.as_mut_ptr()) }, 0);
    // SAFETY: written by the call.
    unsafe { mask.assume_init() }
}

fn alternate_stack() -> (usize, i32, usize) {
    let mut stack = MaybeUninit::<libc::stack_t>::zeroed();
    // SAFETY: asks only; a valid place for the answer.
    assert_eq!(unsafe { libc::sigaltstack(ptr::null(), stack.as_mut_ptr()) }, 0);
    // SAFETY: written by the call.
    let stack = unsafe { stack.assume_init() };
    (stack.ss_sp.addr(), stack.ss_flags, stack.ss_size)
}

fn s2_a_hundred_thousand_captures_change_no_handler_no_mask_and_no_alternate_stack() {
    watched(|| {
        let before = SignalState::now();
        let profiler = Profiler::builder().verify_every(1_000).start().expect("the first profiler");
        let mut meanwhile = Vec::with_capacity(100);
        for round in 0..100 {
            (0..1_000_u64).for_each(|number| drop(black_box(Box::new(number + round))));
            meanwhile.push(SignalState::now());
            progress();
        }
        let profile = profiler.stop();
        assert!(profile.stats().total_blocks >= 100_000);
        assert!(meanwhile.iter().all(|state| *state == before), "while it records");
        assert_eq!(SignalState::now(), before, "thereafter");
    });
}
