//! Leaving work out of the scopes around it.

use crate::record::{scopes, slots};

/// Runs `work` outside of every scope that is open on this thread.
///
/// What it allocates counts for the process, in no scope. Scopes that `work` opens itself are outermost ones.
///
/// ```
/// heaplens::install!();
///
/// fn main() {
///     let ((), used) = heaplens::measure("work", || {
///         let log = heaplens::exclude(|| String::from("a line that is not part of the work"));
///         drop(log);
///     });
///     assert_eq!(used.total_blocks, 0);
/// }
/// ```
pub fn exclude<R>(work: impl FnOnce() -> R) -> R {
    let _back = Back(slots::current().map(|slot| (slot, scopes::set_aside(slot))));
    work()
}

/// Goes back to the scopes that were left, also when the work panics.
struct Back(Option<(&'static crate::record::slot::Slot, crate::record::tag::Context)>);

impl Drop for Back {
    fn drop(&mut self) {
        if let Some((slot, context)) = self.0 {
            scopes::restore(slot, context);
        }
    }
}
