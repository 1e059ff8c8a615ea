//! `cargo heaplens report`: the profile as text.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use heaplens::{Grouping, Profile};

use crate::failure::{Failure, written};
use crate::part::Part;

/// Call sites of each metric unless `--top` says otherwise.
const DEFAULT_TOP: usize = 10;
/// Lines of a table unless `--top` says otherwise.
const DEFAULT_LINES: usize = 25;

/// Prints a profile: the figures, and the call sites that matter most.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo heaplens report app.json.gz                  the essentials
  cargo heaplens report app.json.gz --full           10 sites by each metric
  cargo heaplens report app.json.gz --full --top 50  more of them
  cargo heaplens report app.json.gz --by scope       a table of the scopes
  cargo heaplens report app.json.gz --scope parse    the essentials of one
  cargo heaplens report app.json.gz --by crate       whose code allocates
  cargo heaplens report app.json.gz --thread io --by scope

Threads are known if the program was recorded with HEAPLENS_BY_THREAD=1 beside
HEAPLENS=stacks, or with `Profiler::builder().by_thread()`.")]
pub(crate) struct Report {
    /// The profile, as `Profile::save` wrote it
    file: PathBuf,
    /// Prints call stacks, by every metric
    #[arg(long)]
    full: bool,
    /// Prints a table; WHAT is scope, thread, crate or module
    #[arg(long, value_name = "WHAT", conflicts_with = "full", hide_possible_values = true)]
    by: Option<By>,
    /// Call sites of each metric [default: 10], implies --full;
    /// with --by lines of the table [default: 25]
    #[arg(long, value_name = "N", verbatim_doc_comment)]
    top: Option<usize>,
    /// Shows the frames of the standard library too
    #[arg(long)]
    runtime_frames: bool,
    #[command(flatten)]
    part: Part,
}

/// What a table has a line for.
#[derive(Clone, Copy, ValueEnum)]
enum By {
    Scope,
    Thread,
    Crate,
    Module,
}

impl Report {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let profile = self.part.load(&self.file)?.with_runtime_frames(self.runtime_frames);
        let text = match (self.by, self.top) {
            (Some(by), top) => self.table(&profile, by, top.unwrap_or(DEFAULT_LINES))?,
            (None, Some(top)) => profile.full_report(top),
            (None, None) if self.full => profile.full_report(DEFAULT_TOP),
            (None, None) => profile.summary(),
        };
        let mut terminal = io::stdout().lock();
        written(terminal.write_all(text.as_bytes()).and_then(|()| terminal.flush()))
    }
    fn table(&self, profile: &Profile, by: By, lines: usize) -> Result<String, Failure> {
        match by {
            By::Scope => Ok(profile.scope_table(lines)),
            By::Crate => Ok(profile.group_table(Grouping::Crate, lines)),
            By::Module => Ok(profile.group_table(Grouping::Module, lines)),
            By::Thread => profile.thread_table(lines).map_err(|error| Failure::file(&self.file, error)),
        }
    }
}
