//! The whole stack by the rules, with nothing remembered: what the self-check compares a capture with.

use super::walk::{Next, State, Walk};
use super::{Caller, Trace};

/// How a full walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// At the outermost frame, or when the visitor had seen enough.
    Reached,
    /// Nothing vouched for the next caller.
    Cut,
    /// At a frame without a rule, so that the platform's unwinder has to say.
    NoRule,
}

/// The longest stack that is walked: where nothing vouches for an end, a stack may lead back to itself.
const LONGEST: u32 = 1 << 20;

/// Calls `visit` with the key of each frame, the innermost first, until it answers `false`. Of the thread's trace only the
/// bounds of the stack are used.
pub(crate) fn full(trace: &Trace, caller: Caller, mut visit: impl FnMut(u64) -> bool) -> End {
    let mut walk = Walk { bounds: trace.bounds(), late: None };
    let Caller { pc, sp, bp } = caller;
    let mut state = State { pc, sp, bp };
    for _ in 0..LONGEST {
        let (key, end) = match walk.step(state.pc, state.sp, state.bp) {
            Next::NoRule => return End::NoRule,
            Next::End { key, .. } => (key, Some(End::Reached)),
            Next::Cut { key, .. } => (key, Some(End::Cut)),
            Next::Caller(step) => {
                state = step.state;
                (step.key, None)
            }
        };
        let goes_on = visit(key);
        match end {
            Some(end) => return end,
            None if !goes_on => return End::Reached,
            None => {}
        }
    }
    End::Cut
}
