//! Why nothing can be measured, with the remedy.

use crate::allocator;
use crate::record::scopes::Refused;
use core::fmt;

/// Why a scope could not be opened.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScopeError {
    /// Heaplens is not the global allocator of this program.
    NotInstalled,
    /// As many scopes are open, or closed with live blocks under an open one, as there can be.
    TooManyScopes,
    /// Too many scopes with stacks are open around this thread.
    TooDeep,
    /// More threads are alive than the recorder can tell apart, or this one is past its end.
    TooManyThreads,
    /// A signal handler interrupted an allocation.
    InsideAnAllocation,
}

impl ScopeError {
    /// The error that stands in the way of every measurement, if any.
    pub(crate) fn check() -> Result<(), Self> {
        if allocator::is_installed() { Ok(()) } else { Err(Self::NotInstalled) }
    }
}

impl From<Refused> for ScopeError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NoRecord => Self::TooManyScopes,
            Refused::TooDeep => Self::TooDeep,
            Refused::NoSlot => Self::TooManyThreads,
            Refused::InsideAnEvent => Self::InsideAnAllocation,
        }
    }
}

impl fmt::Display for ScopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotInstalled => {
                "heaplens is not the global allocator of this program, so there is nothing to measure: \
                 write `heaplens::install!();` at the top of the program's main file or of this test file \
                 (and link the standard library statically, which is the default)"
            }
            Self::TooManyScopes => {
                "16,384 memory scopes are open, or closed with live blocks under an open one, \
                 or the recorder's memory limit is reached: \
                 finish scopes that are no longer needed"
            }
            Self::TooDeep => {
                "8 scopes with call stacks are open around this thread: \
                 profile fewer levels at once, or use `measure` for the inner ones"
            }
            Self::TooManyThreads => {
                "this thread has no place of its own in the recorder: \
                 4,095 other threads are alive, or it is running the last of its destructors; \
                 measure on one of fewer threads, or earlier in its life"
            }
            Self::InsideAnAllocation => {
                "this signal handler interrupted an allocation: \
                 measure outside of signal handlers, or block the signal while the program allocates"
            }
        })
    }
}

impl core::error::Error for ScopeError {}

/// The same text: `unwrap`, and `?` in `main` and in tests, print it, and it holds the remedy.
impl fmt::Debug for ScopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
