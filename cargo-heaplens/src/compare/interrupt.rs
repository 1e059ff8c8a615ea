//! Ctrl-C during a comparison: cargo ends by itself, and what was put into the repository is taken out again.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::Failure;

static IS_INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From here on Ctrl-C ends the programs that this one has started, and not this one.
pub(super) fn watch() -> Result<(), Failure> {
    // ORDERING: nothing else is read by the flag.
    ctrlc::set_handler(|| IS_INTERRUPTED.store(true, Ordering::Relaxed))
        .map_err(|error| Failure::Tool(format!("Ctrl-C cannot be watched: {error}")))
}

/// Fails if Ctrl-C was pressed.
pub(super) fn check() -> Result<(), Failure> {
    match IS_INTERRUPTED.load(Ordering::Relaxed) {
        true => Err(Failure::Tool("interrupted".to_owned())),
        false => Ok(()),
    }
}
