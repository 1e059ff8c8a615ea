//! Why a baseline file cannot be used.

use crate::symbolize::visible;
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
    /// The file is of another version of the format.
    Schema {
        /// The file.
        path: PathBuf,
        /// The line of the version.
        line: usize,
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
        let at = |path: &Path, line: usize| format!("{}:{line}", visible(&path.to_string_lossy()));
        match self {
            Self::Io { path, source } => write!(f, "{}: {source}", visible(&path.to_string_lossy())),
            Self::Conflict { path, line } => {
                write!(f, "{}: the marks of a merge: take one side, and bless it if both changed", at(path, *line))
            }
            Self::Schema { path, line, schema } => write!(
                f,
                "{}: version {schema} of the baseline file, and this heaplens reads version {}: take the heaplens that wrote it, \
                 or delete the file and bless anew",
                at(path, *line),
                super::file::SCHEMA
            ),
            Self::Malformed { path, line, reason } => write!(
                f,
                "{}: not a baseline file: {}; restore it from version control",
                at(path, *line),
                visible(reason)
            ),
            Self::Twice { name } => write!(
                f,
                "two measurements would both be the baseline \"{}\": give their scopes different names (an entry is named after the \
                 function that the macro stands in, and the scope)",
                visible(name)
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
