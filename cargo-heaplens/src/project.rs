//! The workspace that the command runs in: its packages, its build folder, and where results lie.
//!
//! ```text
//! <target>/heaplens/results/<process>.jsonl   what the checks of the last run found
//! <target>/heaplens/results/run.json          what that run was
//! <target>/heaplens/lock                      held while a run uses them
//! ```

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand};
use heaplens::testing::BaselineFile;
use heaplens::testing::wording::visible;

use crate::failure::Failure;
use crate::hook;
use crate::judge::Baselines;

/// As <https://bford.info/cachedir/> defines it.
const CACHE_MARK: &str =
    "Signature: 8a477f597d28d172789f06886806bc55\n# The build folder of cargo, created by cargo heaplens.\n";

/// A workspace as cargo sees it from the present folder.
pub(crate) struct Project {
    /// The folder of the workspace.
    pub(crate) root: PathBuf,
    /// The folder of heaplens in the build folder.
    pub(crate) output: PathBuf,
    /// The packages of the workspace.
    pub(crate) packages: Vec<Package>,
}

/// A package of the workspace.
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    /// Whether cargo tests it here without being told to.
    pub(crate) is_default: bool,
}

impl Project {
    /// The workspace of the present folder, or the one that the arguments for cargo name.
    pub(crate) fn find(arguments: &[OsString]) -> Result<Self, Failure> {
        let mut command = MetadataCommand::new();
        command.no_deps();
        for variable in hook::VARIABLES {
            command.env_remove(variable);
        }
        if let Some(manifest) = value_of(arguments, "--manifest-path") {
            command.manifest_path(manifest);
        }
        Ok(Self::of(command.exec().map_err(refused)?))
    }

    /// The workspace of a folder.
    pub(crate) fn of(metadata: Metadata) -> Self {
        let is_default = |id| metadata.workspace_default_members.contains(id);
        let packages = metadata.workspace_packages().into_iter().map(|package| Package {
            name: package.name.to_string(),
            folder: package.manifest_path.parent().map(|folder| folder.as_std_path().to_owned()).unwrap_or_default(),
            is_default: is_default(&package.id),
        });
        Self {
            packages: packages.collect(),
            root: metadata.workspace_root.into_std_path_buf(),
            output: metadata.target_directory.into_std_path_buf().join("heaplens"),
        }
    }

    /// Whether a package of the workspace lies in that folder.
    pub(crate) fn has_package(&self, folder: &Path) -> bool {
        let is_same = |package: &Package| package.folder == folder || is_same_folder(&package.folder, folder);
        self.packages.iter().any(is_same)
    }

    /// The folder of the last run's results.
    pub(crate) fn results(&self) -> PathBuf {
        self.output.join("results")
    }

    /// Waits until no other run uses the results. The lock is held as long as the file.
    pub(crate) fn lock(&self) -> Result<File, Failure> {
        let path = self.output.join("lock");
        let refused = |error: io::Error| Failure::file(&path, error);
        self.create_output().map_err(refused)?;
        let file = File::create(&path).map_err(refused)?;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(refused(error)),
            Err(TryLockError::WouldBlock) => eprintln!("waiting for another `cargo heaplens` in this build folder"),
        }
        file.lock().map_err(refused)?;
        Ok(file)
    }

    /// Creates the folder of heaplens. Cargo marks a build folder only if it is the one to create it, and backups and the tests
    /// of heaplens know it by the mark.
    fn create_output(&self) -> io::Result<()> {
        let build = self.output.parent().unwrap_or(Path::new("."));
        if !build.exists() {
            fs::create_dir_all(build)?;
            fs::write(build.join("CACHEDIR.TAG"), CACHE_MARK)?;
        }
        fs::create_dir_all(&self.output)
    }

    /// Every baseline file of the workspace with what is in it. One that cannot be used is an error, each with its own line.
    pub(crate) fn baselines(&self) -> Result<Baselines, Failure> {
        let mut baselines = Baselines::new();
        let mut refusals = Vec::new();
        for path in self.packages.iter().map(Package::baseline_files).collect::<Result<Vec<_>, _>>()?.concat() {
            match BaselineFile::read(&path) {
                Ok(file) => drop(baselines.insert(path, file)),
                Err(error) => refusals.push(visible(&error.to_string()).into_owned()),
            }
        }
        if refusals.is_empty() { Ok(baselines) } else { Err(Failure::Usage(refusals.join("\nerror: "))) }
    }

    /// Fails if new baselines could not be written into a folder of baselines that is there.
    pub(crate) fn check_baselines_are_writable(&self) -> Result<(), Failure> {
        self.packages.iter().map(Package::baseline_folder).try_for_each(|folder| {
            check_is_writable(&folder)
                .map_err(|error| Failure::file(&folder, format!("baselines cannot be written here: {error}")))
        })
    }

    /// A path as a reader in the workspace's folder writes it.
    pub(crate) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}

impl Package {
    /// Where its baselines lie.
    pub(crate) fn baseline_folder(&self) -> PathBuf {
        self.folder.join("memory-baselines")
    }

    fn baseline_files(&self) -> Result<Vec<PathBuf>, Failure> {
        let folder = self.baseline_folder();
        let refused = |error: io::Error| Failure::file(&folder, error);
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(refused)?,
        };
        let paths = entries.map(|entry| entry.map(|entry| entry.path()).map_err(refused));
        let mut paths = paths.collect::<Result<Vec<_>, _>>()?;
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
        Ok(paths)
    }
}

/// Creates a file in a folder and removes it. A folder that is not there is created when it is needed; a link to none is not.
fn check_is_writable(folder: &Path) -> io::Result<()> {
    if fs::symlink_metadata(folder).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(());
    }
    let path = folder.join(format!(".heaplens-{}", std::process::id()));
    File::create_new(&path)?;
    fs::remove_file(&path)
}

/// Whether two paths lead to one folder that is there.
fn is_same_folder(one: &Path, other: &Path) -> bool {
    fs::canonicalize(one).is_ok_and(|one| fs::canonicalize(other).is_ok_and(|other| one == other))
}

/// A baseline file that cannot be used is an error of the input, with its name and line.
pub(crate) fn read(path: &Path) -> Result<BaselineFile, Failure> {
    BaselineFile::read(path).map_err(|error| Failure::Usage(visible(&error.to_string()).into_owned()))
}

/// The value of an argument, `--name value` or `--name=value`.
pub(crate) fn value_of(arguments: &[OsString], name: &str) -> Option<PathBuf> {
    let ours = arguments.split(|argument| argument == "--").next()?;
    ours.iter().enumerate().find_map(|(position, argument)| {
        let rest = argument.to_str()?.strip_prefix(name)?;
        match rest.strip_prefix('=') {
            Some(value) => Some(PathBuf::from(value)),
            None if rest.is_empty() => ours.get(position + 1).map(PathBuf::from),
            None => None,
        }
    })
}

fn refused(error: cargo_metadata::Error) -> Failure {
    match error {
        cargo_metadata::Error::CargoMetadata { stderr } => {
            let stderr = stderr.trim();
            Failure::Usage(stderr.strip_prefix("error: ").unwrap_or(stderr).to_owned())
        }
        cargo_metadata::Error::Io(error) => Failure::Tool(format!("cargo cannot be started: {error}")),
        other => Failure::Tool(format!("cargo metadata: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_of_cargo_is_found_in_both_forms() {
        let arguments = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        let manifest = |text: &str| value_of(&arguments(text), "--manifest-path");
        assert_eq!(manifest("-q --manifest-path a/Cargo.toml"), Some("a/Cargo.toml".into()));
        assert_eq!(manifest("--manifest-path=b.toml -q"), Some("b.toml".into()));
        assert_eq!(manifest("-q -- --manifest-path c.toml"), None);
        assert_eq!(manifest("--manifest-paths c.toml"), None);
    }
}
