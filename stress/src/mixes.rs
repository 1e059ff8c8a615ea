//! The mixes: which frames, or which work, stacks are captured in.

use crate::c_frames::{self, BY_FRAME_POINTER};
#[cfg(panic = "unwind")]
use crate::panics;
use crate::quota::{Quota, here};
use crate::rust_frames::{self, PLAIN};
use crate::walk::{Shape, Walk};
use crate::{directed, other_stacks, programs, scopes, signals, threads};

/// Allocations below frames of one kind or of several.
pub(crate) struct Mix {
    pub(crate) name: &'static str,
    /// Allocates until nothing is left of the quota.
    pub(crate) work: fn(&Quota),
    /// Whether stacks of the mix may be cut short.
    pub(crate) ends: Ends,
}

/// Where the stacks of a mix end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// At the outermost frame of the thread: each stack is whole.
    Outermost,
    /// Before it, in libgcc's view as well: on fibers, or because the stack is deeper than one that is captured whole.
    Early,
}

impl Mix {
    const fn whole(name: &'static str, work: fn(&Quota)) -> Self {
        Self { name, work, ends: Ends::Outermost }
    }

    const fn early(name: &'static str, work: fn(&Quota)) -> Self {
        Self { name, work, ends: Ends::Early }
    }

    /// The portable capture cuts a stack at 512 frames.
    const fn deep(name: &'static str, work: fn(&Quota)) -> Self {
        Self { name, work, ends: if cfg!(heaplens_portable) { Ends::Early } else { Ends::Outermost } }
    }
}

/// All mixes, in the order of the table.
pub(crate) const MIXES: &[Mix] = &[
    Mix::whole("nested alloca, directed", directed::nested_alloca),
    Mix::whole("alternating callers", directed::alternating_callers),
    Mix::whole("plain frames", |quota| quota.walk(PLAIN, here)),
    Mix::whole("realigned, pointers", |quota| quota.walk(RUST, here)),
    Mix::whole("iterators, sorting", |quota| quota.walk(CLOSURES, here)),
    Mix::whole("frames of 150 kB", |quota| quota.walk(HUGE, here)),
    #[cfg(panic = "unwind")]
    Mix::whole("caught panics", |quota| quota.walk(PANICS, here)),
    Mix::whole("C alloca, realigned", |quota| quota.walk(BY_FRAME_POINTER, here)),
    Mix::whole("C registers, Rust", |quota| quota.walk(REGISTERS, here)),
    Mix::whole("C longjmp", |quota| quota.walk(JUMPS, here)),
    Mix::early("ucontext fibers", |quota| quota.walk(FIBERS, here)),
    Mix::whole("stacker segments", |quota| quota.walk(SEGMENTS, here)),
    Mix::whole("signals", |quota| quota.walk(SIGNALS, here)),
    Mix::whole("coroutines", |quota| quota.walk(COROUTINES, here)),
    Mix::whole("short-lived threads", |quota| quota.walk(THREADS, here)),
    Mix::whole("scopes", |quota| quota.walk(SCOPES, here)),
    Mix::whole("125 frames deep", |quota| quota.walk(RUST, at_125_frames)),
    Mix::deep("1,000 frames deep", |quota| quota.walk(PLAIN, at_1000_frames)),
    Mix::early("everything", |quota| quota.walk(EVERYTHING, here)),
    Mix::whole("program: syn", programs::syntax_trees),
    Mix::whole("program: serde_json", programs::documents),
    Mix::whole("program: maps", programs::maps),
    Mix::whole("program: sorting", programs::sorting),
    Mix::whole("program: two threads", programs::two_threads),
];

const NARROW: Shape = rust_frames::narrow;
const MEDIUM: Shape = rust_frames::sized::<72>;
const WIDE: Shape = rust_frames::sized::<1_024>;

const RUST: &[Shape] =
    &[NARROW, MEDIUM, WIDE, rust_frames::realigned, rust_frames::trait_object, rust_frames::boxed_closure];
const CLOSURES: &[Shape] = &[NARROW, MEDIUM, rust_frames::iterators, rust_frames::sorting, rust_frames::boxed_closure];
const HUGE: &[Shape] = &[NARROW, MEDIUM, rust_frames::realigned, rust_frames::huge];
#[cfg(panic = "unwind")]
const PANICS: &[Shape] = &[NARROW, MEDIUM, WIDE, rust_frames::realigned, panics::caught];
const REGISTERS: &[Shape] =
    &[NARROW, MEDIUM, rust_frames::realigned, c_frames::registers, BY_FRAME_POINTER[0], BY_FRAME_POINTER[4]];
const JUMPS: &[Shape] = &[NARROW, MEDIUM, WIDE, rust_frames::realigned, c_frames::longjmp];
const FIBERS: &[Shape] = &[NARROW, MEDIUM, WIDE, rust_frames::realigned, c_frames::fiber];
const SEGMENTS: &[Shape] = &[NARROW, MEDIUM, WIDE, rust_frames::realigned, other_stacks::segment];
const SIGNALS: &[Shape] = &[NARROW, MEDIUM, WIDE, rust_frames::realigned, signals::here, signals::elsewhere];
const COROUTINES: &[Shape] = &[NARROW, MEDIUM, WIDE, rust_frames::realigned, other_stacks::coroutines];
const THREADS: &[Shape] = &[NARROW, MEDIUM, WIDE, rust_frames::realigned, BY_FRAME_POINTER[0], threads::short_lived];
const SCOPES: &[Shape] = &[NARROW, MEDIUM, WIDE, scopes::scope, scopes::guard, scopes::profile, scopes::excluded];

const EVERYTHING: &[Shape] = &[
    NARROW,
    MEDIUM,
    WIDE,
    rust_frames::narrow_again,
    rust_frames::realigned,
    rust_frames::trait_object,
    rust_frames::boxed_closure,
    rust_frames::iterators,
    rust_frames::sorting,
    #[cfg(panic = "unwind")]
    panics::caught,
    BY_FRAME_POINTER[0],
    BY_FRAME_POINTER[1],
    BY_FRAME_POINTER[2],
    BY_FRAME_POINTER[3],
    BY_FRAME_POINTER[4],
    c_frames::registers,
    c_frames::longjmp,
    c_frames::fiber,
    other_stacks::segment,
    other_stacks::coroutines,
    signals::here,
    signals::elsewhere,
    threads::short_lived,
    scopes::scope,
    scopes::guard,
];

/// Three levels are five frames.
fn at_125_frames(walk: &Walk) {
    rust_frames::descend(walk, 75, 12);
}

fn at_1000_frames(walk: &Walk) {
    rust_frames::descend(walk, 600, 12);
}
