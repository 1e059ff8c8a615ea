//! `cargo heaplens export`: the profile as a file of another tool.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use heaplens::testing::wording::visible;
use heaplens::{ExportFormat, Metric};

use crate::beside::beside;
use crate::failure::{Failure, written};
use crate::part::Part;

/// Writes a profile in the format of another tool.
#[derive(Args)]
#[command(
    group = ArgGroup::new("format").required(true),
    after_help = "\
Examples:
  cargo heaplens export app.json.gz --pprof        writes app.pb.gz
  cargo heaplens export app.json.gz --folded       writes app.total-bytes.folded
  cargo heaplens export app.json.gz --csv          writes app.csv
  cargo heaplens export app.json.gz --json -o - | jq .stats
  cargo heaplens export app.json.gz --folded --metric live-at-peak-bytes
  cargo heaplens export app.json.gz --csv --scope parse"
)]
pub(crate) struct Export {
    /// The profile, as `Profile::save` wrote it
    file: PathBuf,
    /// For `go tool pprof`, Pyroscope, Parca
    #[arg(long, group = "format")]
    pprof: bool,
    /// For Valgrind's dh_view.html
    #[arg(long, group = "format")]
    dhat: bool,
    /// For the viewer at speedscope.app
    #[arg(long, group = "format")]
    speedscope: bool,
    /// A line for each stack: flamegraph.pl, inferno, speedscope
    #[arg(long, group = "format")]
    folded: bool,
    /// An image for a browser
    #[arg(long, group = "format")]
    flamegraph: bool,
    /// A line for each call site: spreadsheets, data frames
    #[arg(long, group = "format")]
    csv: bool,
    /// The profile as heaplens saves it, not compressed
    #[arg(long, group = "format")]
    json: bool,
    /// The figure of --folded and --flamegraph, see `cargo heaplens flamegraph`
    #[arg(long, value_name = "METRIC", conflicts_with_all = ["pprof", "dhat", "speedscope", "csv", "json"], default_value = Metric::TotalBytes.name())]
    metric: Metric,
    /// The file, `-` for standard output [default: near FILE]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Keeps the frames of the standard library
    #[arg(long)]
    runtime_frames: bool,
    #[command(flatten)]
    part: Part,
}

impl Export {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let profile = self.part.load(&self.file)?.with_runtime_frames(self.runtime_frames);
        let format = self.format();
        let mut terminal = io::stdout().lock();
        if self.output.as_deref() == Some(Path::new("-")) {
            return written(profile.export(format, self.metric, BufWriter::new(terminal)));
        }
        let in_file_name = self.part.in_file_name();
        let file =
            self.output.clone().unwrap_or_else(|| beside(&self.file, &in_file_name, &format.ending(self.metric)));
        profile.save_export(format, self.metric, &file)?;
        written(writeln!(terminal, "{}", visible(&file.to_string_lossy())))
    }

    fn format(&self) -> ExportFormat {
        let chosen = [
            (self.pprof, ExportFormat::Pprof),
            (self.dhat, ExportFormat::Dhat),
            (self.speedscope, ExportFormat::Speedscope),
            (self.folded, ExportFormat::Folded),
            (self.flamegraph, ExportFormat::Flamegraph),
            (self.csv, ExportFormat::Csv),
        ];
        chosen.into_iter().find_map(|(is_chosen, format)| is_chosen.then_some(format)).unwrap_or(ExportFormat::Json)
    }
}
