//! Where the files of a revision lie while it is measured: outside of the repository, whose workspace and settings of cargo would
//! else be theirs too.
//!
//! ```text
//! $XDG_CACHE_HOME or ~/.cache/heaplens/compare/<repository>-<hash>/tree      the same in the next comparison
//! <temporary folder>/heaplens-compare-<process>-<time>/tree                  where there is no such folder
//! ```

use std::env;
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::failure::Failure;

/// A folder for one work tree, gone at its end if that is.
pub(super) struct Place(PathBuf);

impl Place {
    /// For a repository. The lock of the build folder keeps other comparisons out, so that each build folder has a place.
    pub(super) fn outside(repository: &Path, build: &Path) -> Result<Self, Failure> {
        let cached = cache().and_then(|cache| create(&cache.join(name(repository, build)), repository).ok());
        match cached {
            Some(folder) => Ok(Self(folder)),
            None => private(repository),
        }
    }

    /// The path of the work tree.
    pub(super) fn tree(&self) -> PathBuf {
        self.0.join("tree")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

/// The user's folder for what can be made again: as in the XDG Base Directory Specification, a path that is not absolute is none.
fn cache() -> Option<PathBuf> {
    let stated = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || env::home_dir().filter(|path| path.is_absolute()).map(|home| home.join(".cache"));
    Some(stated.or_else(home)?.join("heaplens").join("compare"))
}

/// The repository's name, and a number for its path and that of the build folder.
fn name(repository: &Path, build: &Path) -> OsString {
    let mut hash = DefaultHasher::new();
    (repository, build).hash(&mut hash);
    let mut name = repository.file_name().unwrap_or_default().to_owned();
    name.push(format!("-{:016x}", hash.finish()));
    name
}

/// Creates a folder that is not in the repository, as it could be if that is the whole home folder, and gives its path without
/// links.
fn create(folder: &Path, repository: &Path) -> io::Result<PathBuf> {
    let inside = || io::Error::other("it is in the repository");
    if folder.starts_with(repository) {
        return Err(inside());
    }
    fs::create_dir_all(folder)?;
    let folder = fs::canonicalize(folder)?;
    if folder.starts_with(repository) { Err(inside()) } else { Ok(folder) }
}

/// A folder that nobody else can write into.
fn private(repository: &Path) -> Result<Place, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let folder = env::temp_dir().join(format!("heaplens-compare-{}-{now:x}", std::process::id()));
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder).map_err(|error| Failure::file(&folder, error))?;
    let place = Place(fs::canonicalize(&folder).map_err(|error| Failure::file(&folder, error))?);
    match place.0.starts_with(repository) {
        true => Err(Failure::file(&folder, "this is inside of the repository: name another folder in XDG_CACHE_HOME")),
        false => Ok(place),
    }
}
