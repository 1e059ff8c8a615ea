//! Why a command ends without success, and with which exit code.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use heaplens::testing::wording::visible;
use heaplens::{Profile, ProfileError};

use crate::printable;

/// A test, a budget or a baseline failed.
pub(crate) const FAILED: u8 = 1;

/// The reason for an exit code that is not 0.
pub(crate) enum Failure {
    /// Tests did not do what was asked for.
    Failed(String),
    /// Wrong usage, unreadable input, or an output that cannot be written: the person can do something about it.
    Usage(String),
    /// The tool itself failed.
    Tool(String),
}

impl Failure {
    /// Something about a file or folder, which the reason does not name by itself.
    pub(crate) fn file(path: &Path, reason: impl fmt::Display) -> Self {
        // A name with a line break in it stays on the line of its error.
        Self::Usage(visible(&format!("{}: {reason}", path.display())).into_owned())
    }

    /// Prints the reason, in which nothing acts on a terminal, and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        let (reason, code) = match self {
            Self::Failed(reason) => (reason, FAILED),
            Self::Usage(reason) => (reason, 2),
            Self::Tool(reason) => (reason, 3),
        };
        // The exit code still tells when nobody reads the error.
        let _ = writeln!(io::stderr(), "error: {}", printable::lines(&reason));
        ExitCode::from(code)
    }
}

/// What [`Profile::save_flamegraph`] says names the file already.
impl From<ProfileError> for Failure {
    fn from(error: ProfileError) -> Self {
        Self::Usage(visible(&error.to_string()).into_owned())
    }
}

/// Loads a profile, with its path in every reason for which that fails.
pub(crate) fn load(path: &Path) -> Result<Profile, Failure> {
    Profile::load(path).map_err(|error| match error {
        ProfileError::Io { .. } => error.into(),
        other => Failure::file(path, other),
    })
}

/// Makes a failure of writing to the terminal or a pipe. A reader who has seen enough, such as `head`, is none.
pub(crate) fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Tool(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}
