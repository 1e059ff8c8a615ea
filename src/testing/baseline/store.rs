//! Where baselines lie, and how an entry is blessed while other processes bless theirs.

use super::entry::BaselineEntry;
use super::error::BaselineError;
use super::file::BaselineFile;
use crate::testing::given::given;
use crate::testing::test_name::{TestName, file_name};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The folder beside the `Cargo.toml` of a package.
const FOLDER: &str = "memory-baselines";

/// What this process has blessed: an entry's name with what became of it.
static BLESSED: Mutex<BTreeMap<(PathBuf, String), BaselineEntry>> = Mutex::new(BTreeMap::new());

/// The file of a test's suite in a package's folder.
pub(in crate::testing) fn file_in(package: &Path, test: &TestName) -> PathBuf {
    let file = format!("{}.json", file_name(test.suite()));
    package.join(FOLDER).join(file)
}

/// Whether entries are to be written instead of compared.
///
/// # Errors
///
/// If `HEAPLENS_BLESS` says neither.
pub(super) fn is_blessing() -> Result<bool, String> {
    match given("HEAPLENS_BLESS") {
        None => Ok(false),
        Some(wish) if wish == "1" => Ok(true),
        Some(wish) if wish == "0" => Ok(false),
        Some(wish) => Err(format!(
            "HEAPLENS_BLESS={} is not known: 1 writes new baselines, 0 compares with them",
            wish.to_string_lossy().escape_debug()
        )),
    }
}

/// Writes an entry into its file. Processes that do so at the same time wait for each other.
pub(super) fn bless(path: &Path, name: &str, entry: BaselineEntry) -> Result<(), BaselineError> {
    let mut blessed = BLESSED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let known = (path.to_owned(), name.to_owned());
    if blessed.get(&known).is_some_and(|before| before.figures != entry.figures) {
        return Err(BaselineError::Twice { name: name.to_owned() });
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let refused = |source| BaselineError::io(folder, source);
    fs::create_dir_all(folder).map_err(refused)?;
    let lock = File::open(folder).map_err(refused)?;
    lock.lock().map_err(refused)?;
    let mut file = BaselineFile::read(path)?;
    if file.put(name, entry.clone()) {
        file.write(path)?;
    }
    blessed.insert(known, entry);
    Ok(())
}
