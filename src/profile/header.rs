//! Who was measured, when, and by what.

use serde::{Deserialize, Serialize};

/// The facts about a measurement that are no figures of the program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// The name of the scope, or of the program.
    pub(crate) name: String,
    /// The command line of the process.
    pub(crate) command: String,
    /// The directory in which the process ran; views show files below it relative to it.
    pub(crate) directory: String,
    /// The id of the process.
    pub(crate) pid: u32,
    /// When the measurement began, in seconds since 1970 (UTC).
    pub(crate) started_unix_seconds: u64,
    /// How long the measurement took.
    pub(crate) elapsed_nanoseconds: u64,
    /// The version of heaplens that measured.
    pub(crate) heaplens_version: String,
    /// Memory that heaplens took for itself.
    pub(crate) overhead_bytes: u64,
}
