//! What a failure leaves in the build folder: the profile of the scope and its flame graph.

use super::test_name::{TestName, file_name};
use crate::profile::{Metric, Profile};
use std::path::{Path, PathBuf};

/// Where the files are, as the text of a failure names them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Artefacts {
    pub(super) profile: PathBuf,
    pub(super) flamegraph: Option<PathBuf>,
}

/// Writes the profile of a failed test, and its flame graph where that feature is on.
///
/// # Errors
///
/// If they cannot be written, with the path in the text.
pub(super) fn write(profile: &Profile, metric: Metric, test: Option<&TestName>) -> Result<Artefacts, String> {
    let folder = match test {
        Some(test) => output_folder().join(test.folder()),
        None => output_folder(),
    };
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let stem = file_name(profile.name());
    let path = folder.join(format!("{stem}.json.gz"));
    profile.save(&path).map_err(|error| error.to_string())?;
    Ok(Artefacts {
        flamegraph: flamegraph(profile, metric, &folder.join(format!("{stem}.{metric}.svg")))?,
        profile: shown(path),
    })
}

#[cfg(feature = "flamegraph")]
fn flamegraph(profile: &Profile, metric: Metric, path: &Path) -> Result<Option<PathBuf>, String> {
    profile.save_flamegraph(metric, path).map_err(|error| error.to_string())?;
    Ok(Some(shown(path.to_owned())))
}

#[cfg(not(feature = "flamegraph"))]
fn flamegraph(_: &Profile, _: Metric, _: &Path) -> Result<Option<PathBuf>, String> {
    Ok(None)
}

/// `HEAPLENS_OUT`, else `heaplens` in the build folder.
fn output_folder() -> PathBuf {
    match given("HEAPLENS_OUT") {
        Some(folder) => folder,
        None => build_folder().join("heaplens"),
    }
}

/// The build folder that the running program lies in; for a program elsewhere, such as a test in documentation, the one that the
/// environment names, else the nearest `target` around the present folder, else that folder itself.
fn build_folder() -> PathBuf {
    // Cargo marks its build folders for programs that make backups.
    let is_build_folder = |folder: &Path| folder.join("CACHEDIR.TAG").is_file();
    let program = std::env::current_exe().unwrap_or_default();
    let here = std::env::current_dir().unwrap_or_default();
    let around_program = program.ancestors().skip(1).find(|folder| is_build_folder(folder)).map(Path::to_owned);
    let around_here = || here.ancestors().map(|folder| folder.join("target")).find(|folder| folder.is_dir());
    around_program.or_else(|| given("CARGO_TARGET_DIR")).or_else(around_here).unwrap_or_default()
}

/// A path in the environment.
fn given(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Relative to the present folder where it lies below that.
fn shown(path: PathBuf) -> PathBuf {
    let below = std::env::current_dir().ok().and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    below.unwrap_or(path)
}
