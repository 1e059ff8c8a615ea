//! `cargo heaplens report`: the profile as text.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use crate::failure::{Failure, load, written};

/// Call sites of each metric unless `--top` says otherwise.
const DEFAULT_TOP: usize = 10;

/// Prints a profile: the figures, and the call sites that matter most.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo heaplens report app.json.gz                  the essentials
  cargo heaplens report app.json.gz --full           10 sites by each metric
  cargo heaplens report app.json.gz --full --top 50  more of them")]
pub(crate) struct Report {
    /// The profile, as `Profile::save` wrote it
    file: PathBuf,
    /// Prints call stacks, by every metric
    #[arg(long)]
    full: bool,
    /// Call sites of each metric [default: 10]; implies --full
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// Shows the frames of the standard library too
    #[arg(long)]
    runtime_frames: bool,
}

impl Report {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let profile = load(&self.file)?.with_runtime_frames(self.runtime_frames);
        let text = match self.top {
            Some(top) => profile.full_report(top),
            None if self.full => profile.full_report(DEFAULT_TOP),
            None => profile.summary(),
        };
        let mut terminal = io::stdout().lock();
        written(terminal.write_all(text.as_bytes()).and_then(|()| terminal.flush()))
    }
}
