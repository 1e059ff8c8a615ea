//! The formats by their names, for whoever lets a person choose one.

use core::fmt;
use std::io::{self, Write};
use std::path::Path;

use crate::profile::{Access, Metric, Profile, ProfileError, replace_file};
use crate::record::own_work::OwnWork;

/// A format of another tool that a profile can be written in.
///
/// ```
/// use heaplens::{ExportFormat, Metric};
///
/// let profile = heaplens::Profile::default();
/// let mut text = Vec::new();
/// profile.export(ExportFormat::Csv, Metric::TotalBytes, &mut text)?;
/// assert!(text.starts_with(b"total_blocks,"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExportFormat {
    /// [`Profile::write_dhat`]: for Valgrind's viewer.
    Dhat,
    /// [`Profile::write_pprof`]: for `go tool pprof` and all that takes its format.
    Pprof,
    /// [`Profile::write_speedscope`]: a flame graph of every metric.
    Speedscope,
    /// [`Profile::write_folded`]: a line for each stack, of one metric.
    Folded,
    /// [`Profile::write_flamegraph`]: an image, of one metric.
    #[cfg(feature = "flamegraph")]
    Flamegraph,
    /// [`Profile::write_csv`]: a line for each call site.
    Csv,
    /// [`Profile::write_json`]: the profile itself.
    Json,
}

impl ExportFormat {
    /// The name, such as `folded`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dhat => "dhat",
            Self::Pprof => "pprof",
            Self::Speedscope => "speedscope",
            Self::Folded => "folded",
            #[cfg(feature = "flamegraph")]
            Self::Flamegraph => "flamegraph",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// How a file of this format ends, such as `total-bytes.folded`: with the metric, where it has just one.
    #[must_use]
    pub fn ending(self, metric: Metric) -> String {
        match self {
            Self::Dhat => "dhat.json".to_owned(),
            Self::Pprof => "pb.gz".to_owned(),
            Self::Speedscope => "speedscope.json".to_owned(),
            Self::Folded => format!("{metric}.folded"),
            #[cfg(feature = "flamegraph")]
            Self::Flamegraph => format!("{metric}.svg"),
            Self::Csv => "csv".to_owned(),
            // Beside the profile, which may be called `app.json` itself.
            Self::Json => "export.json".to_owned(),
        }
    }
}

/// The [name](ExportFormat::name).
impl fmt::Display for ExportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Profile {
    /// Writes the profile in a format; `metric` is for those that have just one figure.
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn export(&self, format: ExportFormat, metric: Metric, writer: impl Write) -> io::Result<()> {
        match format {
            ExportFormat::Dhat => self.write_dhat(writer),
            ExportFormat::Pprof => self.write_pprof(writer),
            ExportFormat::Speedscope => self.write_speedscope(writer),
            ExportFormat::Folded => self.write_folded(metric, writer),
            #[cfg(feature = "flamegraph")]
            ExportFormat::Flamegraph => self.write_flamegraph(metric, writer),
            ExportFormat::Csv => self.write_csv(writer),
            ExportFormat::Json => self.write_json(writer),
        }
    }

    /// Writes a file in a format, whole or not at all: after a failure the file that was there is still there.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Io`] with the path and what the operating system said.
    pub fn save_export(
        &self,
        format: ExportFormat,
        metric: Metric,
        path: impl AsRef<Path>,
    ) -> Result<(), ProfileError> {
        let _own = OwnWork::begin();
        replace_file(path.as_ref(), Access::Usual, |writer| self.export(format, metric, writer))
    }
}
