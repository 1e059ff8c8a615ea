//! Why a command ends without success, and with which exit code.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// A test, a budget or a baseline failed.
pub(crate) const FAILED: u8 = 1;

use heaplens::{Profile, ProfileError};

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
    /// Prints the reason as one line and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        let (reason, code) = match self {
            Self::Failed(reason) => (reason, FAILED),
            Self::Usage(reason) => (reason, 2),
            Self::Tool(reason) => (reason, 3),
        };
        // The exit code still tells when nobody reads the error.
        let _ = writeln!(io::stderr(), "error: {reason}");
        ExitCode::from(code)
    }
}

/// What [`Profile::save_flamegraph`] says names the file already.
impl From<ProfileError> for Failure {
    fn from(error: ProfileError) -> Self {
        Self::Usage(error.to_string())
    }
}

/// Loads a profile, with its path in every reason for which that fails.
pub(crate) fn load(path: &Path) -> Result<Profile, Failure> {
    Profile::load(path).map_err(|error| match error {
        ProfileError::Io { .. } => error.into(),
        other => in_file(path, other),
    })
}

/// A reason that does not name the profile by itself.
pub(crate) fn in_file(path: &Path, error: ProfileError) -> Failure {
    Failure::Usage(format!("{}: {error}", path.display()))
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
