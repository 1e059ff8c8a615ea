//! The repository, by its command `git`: the commit of a revision, and a work tree that is gone again at its end.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use super::place::Place;
use crate::failure::Failure;
use crate::hook;

/// The repository of the present folder.
pub(super) struct Repository {
    /// The folder of its work tree.
    pub(super) root: PathBuf,
    /// The present folder in it.
    pub(super) inside: PathBuf,
}

impl Repository {
    pub(super) fn here() -> Result<Self, Failure> {
        let here = std::env::current_dir().and_then(fs::canonicalize);
        let here = here.map_err(|error| Failure::Tool(format!("the present folder: {error}")))?;
        let output = git(&here, ["rev-parse", "--show-toplevel"])?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let root = fs::canonicalize(printed.trim_end_matches(['\r', '\n'])).unwrap_or_default();
        match here.strip_prefix(&root) {
            Ok(inside) if output.status.success() => Ok(Self { inside: inside.to_owned(), root }),
            _ => Err(Failure::file(&here, "not in a git repository, which has the revisions")),
        }
    }

    /// The full name of a revision's commit.
    pub(super) fn commit(&self, revision: &str) -> Result<String, Failure> {
        let name = format!("{revision}^{{commit}}");
        let output = git(&self.root, ["rev-parse", "--verify", "--quiet", "--end-of-options", &name])?;
        let printed = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        match output.status.success() && printed.chars().all(|letter| letter.is_ascii_hexdigit()) {
            true => Ok(printed),
            false => Err(Failure::Usage(format!(
                "there is no revision \"{}\" in {}: name a branch, a tag or a commit (`git fetch` may be needed)",
                revision.escape_debug(),
                self.root.display()
            ))),
        }
    }

    /// Whether files differ from the commit that is checked out.
    pub(super) fn is_changed(&self) -> Result<bool, Failure> {
        Ok(!done(git(&self.root, ["status", "--porcelain"])?, "git status")?.stdout.is_empty())
    }
}

/// The files of a commit, and its entry in the repository's list of work trees, until it is dropped.
pub(super) struct WorkTree<'a> {
    repository: &'a Repository,
    pub(super) path: PathBuf,
    /// Dropped, and with it removed, after the work tree.
    _place: Place,
}

impl<'a> WorkTree<'a> {
    /// Checks the commit out. What a run that was killed has left there is removed first.
    pub(super) fn add(repository: &'a Repository, commit: &str, place: Place) -> Result<Self, Failure> {
        let tree = Self { repository, path: place.tree(), _place: place };
        tree.remove();
        let arguments = ["worktree", "add", "--quiet", "--force", "--detach"].map(OsStr::new);
        let arguments = arguments.into_iter().chain([tree.path.as_os_str(), OsStr::new(commit)]);
        done(git(&repository.root, arguments)?, "git worktree add")?;
        Ok(tree)
    }

    fn remove(&self) {
        let arguments = ["worktree", "remove", "--force", "--force"].map(OsStr::new);
        let _ = git(&self.repository.root, arguments.into_iter().chain([self.path.as_os_str()]));
        if fs::remove_dir_all(&self.path).is_ok() {
            let _ = git(&self.repository.root, ["worktree", "prune"]);
        }
    }
}

impl Drop for WorkTree<'_> {
    fn drop(&mut self) {
        self.remove();
    }
}

fn git<T: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = T>) -> Result<Output, Failure> {
    let output = hook::free("git").args(arguments).current_dir(folder).output();
    output.map_err(|error| Failure::Tool(format!("git cannot be started: {error}")))
}

/// The output of a command of git that has to succeed.
fn done(output: Output, what: &str) -> Result<Output, Failure> {
    if output.status.success() {
        return Ok(output);
    }
    Err(Failure::Tool(format!("{what}: {}", String::from_utf8_lossy(&output.stderr).trim())))
}
