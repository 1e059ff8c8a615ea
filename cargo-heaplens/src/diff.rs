//! `cargo heaplens diff`: what changed from one profile to a later one.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::Args;
use heaplens::{Metric, Profile};

use crate::failure::{Failure, written};
use crate::part::Part;

/// Call sites unless `--top` says otherwise: with the figures of the whole they are 25 lines.
const DEFAULT_TOP: usize = 16;

/// Prints what changed from one profile to a later one, by call site.
#[derive(Args)]
#[command(after_help = "\
A call site is known again by the names of its functions, so that it is the
same in another build and after an edit further up in the file.

Examples:
  cargo heaplens diff before.json.gz after.json.gz
  cargo heaplens diff a.json.gz b.json.gz --metric live-at-peak-bytes --top 50
  cargo heaplens diff a.json.gz b.json.gz --flamegraph > changes.svg
  cargo heaplens diff a.json.gz b.json.gz --json | jq .sites")]
pub(crate) struct Diff {
    /// The earlier profile, as `Profile::save` wrote it
    before: PathBuf,
    /// The later profile
    after: PathBuf,
    /// By which figure, see `cargo heaplens flamegraph`
    #[arg(long, value_name = "METRIC", default_value = Metric::TotalBytes.name())]
    metric: Metric,
    /// Call sites [default: 16]
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// Writes every changed call site as JSON
    #[arg(long, conflicts_with = "top")]
    json: bool,
    /// Writes folded stacks with both figures
    #[arg(long, conflicts_with_all = ["top", "json"])]
    folded: bool,
    /// Writes an image: red has more than before, blue has less
    #[arg(long, conflicts_with_all = ["top", "json", "folded"])]
    flamegraph: bool,
    /// Shows the frames of the standard library too
    #[arg(long)]
    runtime_frames: bool,
    #[command(flatten)]
    part: Part,
}

impl Diff {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let before = self.part.load(&self.before)?.with_runtime_frames(self.runtime_frames);
        let after = self.part.load(&self.after)?.with_runtime_frames(self.runtime_frames);
        let diff = Profile::diff(&before, &after);
        let mut terminal = BufWriter::new(io::stdout().lock());
        written(if self.json {
            diff.write_json(&mut terminal).and_then(|()| writeln!(terminal))
        } else if self.folded {
            diff.write_folded(self.metric, terminal)
        } else if self.flamegraph {
            diff.write_flamegraph(self.metric, terminal)
        } else {
            terminal.write_all(diff.report(self.metric, self.top.unwrap_or(DEFAULT_TOP)).as_bytes())
        })
    }
}
