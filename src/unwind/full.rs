//! The whole stack by the rules, with nothing remembered: what the self-check compares a capture with.

use super::Caller;
use super::walk::{Next, State, Walk};
use crate::sys::stack_bounds::StackBounds;

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

/// Calls `visit` with the key of each frame, the innermost first, until it answers `false`.
pub(crate) fn full(caller: Caller, mut visit: impl FnMut(u64) -> bool) -> End {
    let mut walk = Walk::new(StackBounds::of_this_thread());
    let mut state = State::of(caller);
    loop {
        let (key, end) = match walk.step(state) {
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
}
