//! Why nothing can be recorded, with the remedy.

use crate::scope::ScopeError;
use core::fmt;

/// Why a recording could not begin.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfilerError {
    /// Nothing can be measured in this program.
    Scope(ScopeError),
    /// A [`Profiler`](crate::Profiler) runs already.
    AlreadyRunning,
}

impl From<ScopeError> for ProfilerError {
    fn from(error: ScopeError) -> Self {
        Self::Scope(error)
    }
}

impl fmt::Display for ProfilerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope(error) => error.fmt(f),
            Self::AlreadyRunning => f.write_str(
                "a Profiler records this process already (perhaps because of HEAPLENS=stacks in the environment), \
                 and there is one at a time: use `heaplens::profile(name, || work)` to profile a part of the program \
                 at the same time, or stop the other one first",
            ),
        }
    }
}

impl core::error::Error for ProfilerError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Scope(error) => Some(error),
            Self::AlreadyRunning => None,
        }
    }
}

/// The same text: `unwrap`, and `?` in `main` and in tests, print it, and it holds the remedy.
impl fmt::Debug for ProfilerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
