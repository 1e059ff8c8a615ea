//! `cargo heaplens flamegraph`: the profile as SVG images.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use heaplens::testing::wording::visible;
use heaplens::{Metric, Profile};

use crate::beside::beside;
use crate::failure::{Failure, written};
use crate::part::Part;

/// The name that stands for every metric.
const ALL: &str = "all";

/// Draws a profile as a flame graph: an SVG image for a browser.
#[derive(Args)]
#[command(after_help = "\
Metrics:
  total-bytes          bytes allocated
  total-blocks         blocks allocated
  live-at-peak-bytes   bytes held when the program held most
  live-at-end-bytes    bytes still held at the end
  temporary-blocks     blocks freed before their thread allocated again
  all                  one image for each of them

Examples:
  cargo heaplens flamegraph app.json.gz               writes app.total-bytes.svg
  cargo heaplens flamegraph app.json.gz --metric all  one image for each metric
  cargo heaplens flamegraph app.json.gz --scope parse
                                      writes app.scope-parse.total-bytes.svg
  cargo heaplens flamegraph app.json.gz -o - > a.svg  to standard output")]
pub(crate) struct Flamegraph {
    /// The profile, as `Profile::save` wrote it
    file: PathBuf,
    /// What the width of a frame means
    #[arg(
        long,
        value_name = "METRIC",
        default_value = Metric::TotalBytes.name(),
        value_parser = metrics_parser(),
        hide_possible_values = true
    )]
    metric: Metrics,
    /// The image, `-` for standard output [default: near FILE]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Shows the frames of the standard library too
    #[arg(long)]
    runtime_frames: bool,
    #[command(flatten)]
    part: Part,
}

/// One metric, or all of them.
#[derive(Clone)]
struct Metrics(Vec<Metric>);

fn metrics_parser() -> impl TypedValueParser<Value = Metrics> {
    let names = Metric::ALL.map(Metric::name).into_iter().chain([ALL]);
    PossibleValuesParser::new(names).try_map(|name| match name.as_str() {
        ALL => Ok(Metrics(Metric::ALL.to_vec())),
        name => name.parse().map(|metric| Metrics(vec![metric])),
    })
}

impl Flamegraph {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        if self.output.is_some() && self.metric.0.len() > 1 {
            return Err(Failure::Usage("--output names one image: leave it out with `--metric all`".to_owned()));
        }
        let profile = self.part.load(&self.file)?.with_runtime_frames(self.runtime_frames);
        self.metric.0.iter().try_for_each(|metric| self.draw(&profile, *metric))
    }

    fn draw(&self, profile: &Profile, metric: Metric) -> Result<(), Failure> {
        if profile.total(metric) == 0 {
            let part = profile.part().map(|part| format!(" {part}")).unwrap_or_default();
            // The image says so too.
            let note = format!("{}: no {}{part}", self.file.display(), metric.title());
            let _ = writeln!(io::stderr(), "note: {}", visible(&note));
        }
        let mut terminal = io::stdout().lock();
        if self.output.as_deref() == Some(Path::new("-")) {
            return written(profile.write_flamegraph(metric, terminal));
        }
        let image = self
            .output
            .clone()
            .unwrap_or_else(|| beside(&self.file, &self.part.in_file_name(), &format!("{metric}.svg")));
        profile.save_flamegraph(metric, &image)?;
        written(writeln!(terminal, "{}", image.display()))
    }
}
