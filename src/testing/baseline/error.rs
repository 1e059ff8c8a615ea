//! Why a baseline file cannot be used.

use core::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a baseline file cannot be used. The text names the file, and the line where there is one, and says what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum BaselineError {
    /// The file cannot be read or written.
    Io {
        /// The file or its folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file holds the marks of a merge that nobody finished.
    Conflict {
        /// The file.
        path: PathBuf,
        /// The line of the first mark.
        line: usize,
    },
    /// The file was written by a later version of heaplens.
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        schema: u64,
    },
    /// The file is no baseline, or a damaged one.
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// Two measurements of one test would have the same entry.
    Twice {
        /// The entry.
        name: String,
    },
}

impl BaselineError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

impl fmt::Display for BaselineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Conflict { path, line } => {
                write!(f, "{}:{line}: the marks of a merge: choose one side, or bless again", path.display())
            }
            Self::Newer { path, schema } => write!(
                f,
                "{}: version {schema} of the baseline file, written by a later heaplens: this one reads version {}; update it",
                path.display(),
                super::file::SCHEMA
            ),
            Self::Malformed { path, line, reason } => {
                write!(f, "{}:{line}: not a baseline file: {reason}; restore it from version control", path.display())
            }
            Self::Twice { name } => write!(
                f,
                "two measurements would both be the baseline \"{}\": give their scopes different names",
                name.escape_debug()
            ),
        }
    }
}

impl core::error::Error for BaselineError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
