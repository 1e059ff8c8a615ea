//! From "here" to the return addresses of the callers.
//!
//! One small interface: a [`Caller`] says where an allocation was called from, and each thread's [`Trace`] turns it into a
//! [`Capture`]. It has two implementations:
//!
//! ```text
//! heaplens_rules   x86_64 Linux with glibc: rules of our own, incremental     tens of nanoseconds
//! otherwise        the platform's unwinder                                    microseconds
//! ```
//!
//! It runs inside every recorded allocation: it allocates nothing, takes no lock, and keeps nothing for each call site but
//! the one word that the recorder asks it to remember. `docs/design/stack-capture.md` tells the idea.

#![cfg_attr(not(test), deny(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types))]

#[cfg(feature = "stacks")]
mod path;
#[cfg(feature = "stacks")]
mod portable;

#[cfg(heaplens_rules)]
mod buffers;
#[cfg(heaplens_rules)]
mod full;
#[cfg(heaplens_rules)]
mod incremental;
#[cfg(heaplens_rules)]
mod remembered;
#[cfg(heaplens_rules)]
mod rule;
#[cfg(heaplens_rules)]
mod rules;
#[cfg(heaplens_rules)]
mod stepping;
#[cfg(heaplens_rules)]
mod tables;
#[cfg(heaplens_rules)]
mod walk;
#[cfg(heaplens_rules)]
mod wide;
#[cfg(heaplens_rules)]
mod words;

#[cfg(heaplens_rules)]
pub(crate) use {full::End, full::full, incremental::Trace};

#[cfg(all(feature = "stacks", not(heaplens_rules)))]
pub(crate) use portable::Trace;

#[cfg(feature = "stacks")]
pub(crate) use path::{Capture, Frames, Label, Path};
#[cfg(feature = "stacks")]
pub(crate) use portable::walk as platform_walk;

/// Where an allocation was called from: the registers of the caller as they are after the call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    /// The return address into the caller; zero if it is not known.
    pub(crate) pc: u64,
    pub(crate) sp: u64,
    pub(crate) bp: u64,
}

impl Caller {
    /// Not known but for the place on the stack: the capture leaves out the frames inside of the calling function's.
    #[inline(always)]
    pub(crate) fn around_here() -> Self {
        let here = 0_u8;
        Self { pc: 0, sp: core::hint::black_box(&raw const here).addr() as u64, bp: 0 }
    }
}

/// Makes ready what a capture needs and must not do itself. Called before stacks are switched on, never by an event.
#[cfg(feature = "stacks")]
pub(crate) fn prepare() {
    #[cfg(heaplens_rules)]
    crate::sys::modules::prepare();
}
