//! Ctrl-C during a comparison: cargo ends by itself, and what was put into the repository is taken out again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::SIGINT;

use crate::failure::Failure;

/// Whether Ctrl-C was pressed.
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From here on Ctrl-C ends the programs that this one has started, and not this one.
    pub(super) fn watch() -> Result<Self, Failure> {
        let flag = Arc::new(AtomicBool::new(false));
        let refused = |error| Failure::Tool(format!("Ctrl-C cannot be watched: {error}"));
        signal_hook::flag::register(SIGINT, Arc::clone(&flag)).map_err(refused)?;
        Ok(Self(flag))
    }

    /// Fails if Ctrl-C was pressed.
    pub(super) fn check(&self) -> Result<(), Failure> {
        // ORDERING: nothing else is read by the flag.
        match self.0.load(Ordering::Relaxed) {
            true => Err(Failure::Tool("interrupted".to_owned())),
            false => Ok(()),
        }
    }
}
