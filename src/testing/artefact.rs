//! What a failure leaves in the build folder: the profile of the scope and its flame graph.

use super::given::given;
use super::test_name::{TestName, file_name};
use crate::profile::{Metric, Profile};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Writes the files of a failed test, and says in its text where they are.
pub(super) fn lines(profile: &Profile, metric: Metric, test: &TestName) -> Vec<String> {
    match write(profile, metric, &test.clone().with_case()) {
        Ok(files) => {
            let report = format!("whole call stacks: cargo heaplens report --full {}", files.profile.display());
            let image = files.flamegraph.map(|image| format!("flame graph: {}", image.display()));
            core::iter::once(report).chain(image).collect()
        }
        Err(error) => vec![format!("no profile was written: {error} (HEAPLENS_OUT names another folder)")],
    }
}

/// Where the files are, as the text of a failure names them.
struct Artefacts {
    profile: PathBuf,
    flamegraph: Option<PathBuf>,
}

/// Writes the profile of a failed test, and its flame graph where that feature is on.
///
/// # Errors
///
/// If they cannot be written, with the path in the text.
fn write(profile: &Profile, metric: Metric, test: &TestName) -> Result<Artefacts, String> {
    let folder = output_folder().join(test.folder(given("CARGO_PKG_NAME").as_deref()));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let stem = stem_of_its_own(folder.join(file_name(profile.name())));
    let with_ending = |ending: &str| {
        let mut path = stem.clone().into_os_string();
        path.push(ending);
        PathBuf::from(path)
    };
    let path = with_ending(".json.gz");
    profile.save(&path).map_err(|error| error.to_string())?;
    Ok(Artefacts {
        flamegraph: flamegraph(profile, metric, &with_ending(&format!(".{metric}.svg")))?,
        profile: shown(path),
    })
}

/// What the files of a failure are called without their endings: a later failure of the same name in this process has a number
/// behind it, so that the text of each names its own. The next run of the program begins anew.
fn stem_of_its_own(stem: PathBuf) -> PathBuf {
    static TAKEN: Mutex<BTreeMap<PathBuf, u32>> = Mutex::new(BTreeMap::new());
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let times = taken.entry(stem.clone()).or_default();
    *times += 1;
    match *times {
        1 => stem,
        times => {
            let mut numbered = stem.into_os_string();
            numbered.push(format!("-{times}"));
            numbered.into()
        }
    }
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
    given("HEAPLENS_OUT").map_or_else(|| build_folder().join("heaplens"), PathBuf::from)
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
    around_program.or_else(|| given("CARGO_TARGET_DIR").map(PathBuf::from)).or_else(around_here).unwrap_or_default()
}

/// Relative to the present folder where it lies below that.
fn shown(path: PathBuf) -> PathBuf {
    let below = std::env::current_dir().ok().and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    below.unwrap_or(path)
}
