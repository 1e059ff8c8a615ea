//! Why a profile could not be saved or loaded.

use core::fmt;
use std::io;
use std::path::PathBuf;

use crate::profile::Metric;
use crate::profile::json::VERSION;

/// Why a profile could not be written or read. Each text says what to do next.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProfileError {
    /// The operating system refused to read or write.
    Io {
        /// The file, or `None` for a reader that is no file.
        path: Option<PathBuf>,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file ends too early: the program that wrote it was stopped, or a copy is incomplete.
    Truncated,
    /// The file is something else.
    NotAProfile,
    /// A later version of heaplens wrote the file.
    NewerVersion {
        /// The version of the format in the file.
        found: u32,
        /// The latest version of the format that this heaplens reads.
        known: u32,
    },
    /// The file is a profile with contents that no measurement can have.
    Damaged {
        /// What is wrong with it.
        what: String,
    },
    /// The name belongs to no [`Metric`].
    UnknownMetric {
        /// The name that was asked for.
        name: String,
    },
    /// The profile has no scope of this name.
    UnknownScope {
        /// The name that was asked for.
        name: String,
        /// What the profile is a part of a recording by, see [`Profile::part`](crate::Profile::part).
        part: Option<String>,
        /// The names that there are, those with most bytes first.
        known: Vec<String>,
    },
    /// The profile has no thread of this name.
    UnknownThread {
        /// The name that was asked for.
        name: String,
        /// What the profile is a part of a recording by, see [`Profile::part`](crate::Profile::part).
        part: Option<String>,
        /// The names that there are, those with most bytes first.
        known: Vec<String>,
    },
    /// The recording did not tell threads apart.
    NoThreads,
}

impl ProfileError {
    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }

    pub(super) fn newer(found: u32) -> Self {
        Self::NewerVersion { found, known: VERSION }
    }
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path: Some(path), source } => write!(f, "{}: {source}", path.display()),
            Self::Io { path: None, source } => write!(f, "{source}"),
            Self::Truncated => f.write_str("the profile ends too early: save or copy it again"),
            Self::NotAProfile => {
                f.write_str("this is not a heaplens profile: give a file that `Profile::save` or HEAPLENS=stacks wrote")
            }
            Self::NewerVersion { found, known } => write!(
                f,
                "the profile has format version {found}, this heaplens reads up to {known}: \
                 update heaplens, and the command with `cargo install cargo-heaplens`"
            ),
            Self::Damaged { what } => write!(f, "the profile is damaged ({what}): save or copy it again"),
            Self::UnknownMetric { name } => {
                let names = Metric::ALL.map(Metric::name).join(", ");
                write!(f, "there is no metric {name:?}: choose one of {names}")
            }
            Self::UnknownScope { name, part: Some(part), known } => not_in_part(f, "in scope", name, part, known),
            Self::UnknownThread { name, part: Some(part), known } => not_in_part(f, "on thread", name, part, known),
            Self::UnknownScope { name, known, .. } if known.is_empty() => write!(
                f,
                "there is no scope {name:?}, and no other: name a piece of work with \
                 `heaplens::measure(name, || work)` or `MemoryScope::enter(name)` and record again"
            ),
            Self::UnknownScope { name, known, .. } => {
                write!(f, "there is no scope {name:?}: choose one of {}", names(known))
            }
            Self::UnknownThread { name, known, .. } => {
                write!(f, "there is no thread {name:?}: choose one of {}", names(known))
            }
            Self::NoThreads => f.write_str(
                "the profile does not tell threads apart: record with `Profiler::builder().by_thread()`, \
                 or with HEAPLENS_BY_THREAD=1 beside HEAPLENS=stacks",
            ),
        }
    }
}

/// A part has the names of its own call sites only: whether the recording has others, it cannot say.
fn not_in_part(f: &mut fmt::Formatter<'_>, kind: &str, name: &str, part: &str, known: &[String]) -> fmt::Result {
    write!(f, "of what was allocated {part}, nothing was {kind} {name:?}")?;
    if known.is_empty() { Ok(()) } else { write!(f, ": choose one of {}", names(known)) }
}

/// The first of so many names, each in quotes.
fn names(known: &[String]) -> String {
    const NAMED: usize = 12;
    let mut names: Vec<String> = known.iter().take(NAMED).map(|name| format!("\"{name}\"")).collect();
    if known.len() > NAMED {
        names.push(format!("{} more", known.len() - NAMED));
    }
    names.join(", ")
}

impl std::error::Error for ProfileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
