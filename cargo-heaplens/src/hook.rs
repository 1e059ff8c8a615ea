//! Freedom from the git hook, or the command of git, that this command is run by.
//!
//! Git tells the programs that it runs by variables which repository, work tree and index they are for. A git or cargo that
//! works on another work tree has to do without them: `git worktree add` would write its files into the index of the hook.

use std::process::Command;

/// What `git rev-parse --local-env-vars` lists, but for `GIT_CONFIG_PARAMETERS` and `GIT_CONFIG_COUNT`: these hold settings, such
/// as the access to private dependencies, and name no repository.
pub(crate) const VARIABLES: [&str; 13] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// A program that knows nothing of the hook.
pub(crate) fn free(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command
}
