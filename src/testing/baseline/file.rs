//! The file: one for each suite, readable in a review, the same bytes for the same figures.
//!
//! ```text
//! { "schema": 1, "tests": { "suite::module::test": { "with": .., "figures": {..}, "slack": {..}, "sites": [..] } } }
//! ```
//!
//! Keys are sorted, numbers whole, an entry's lines its own, so that two branches that change different tests merge.

use super::entry::BaselineEntry;
use super::error::BaselineError;
use crate::profile::{Access, ProfileError, replace_file};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

/// The version of the format.
pub(super) const SCHEMA: u64 = 1;

/// The baselines of one suite, as [`read`](Self::read) from its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineFile {
    schema: u64,
    #[serde(deserialize_with = "super::unique::map")]
    tests: BTreeMap<String, BaselineEntry>,
}

/// What every version of the file has.
#[derive(Deserialize)]
struct Versioned {
    schema: u64,
}

impl Default for BaselineFile {
    fn default() -> Self {
        Self { schema: SCHEMA, tests: BTreeMap::new() }
    }
}

impl BaselineFile {
    /// Reads a file; one that is not there is one without entries.
    ///
    /// # Errors
    ///
    /// [`BaselineError`] says what is wrong with the file, and where.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, BaselineError> {
        let path = path.as_ref();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(BaselineError::io(path, error)),
        }
    }

    fn parse(text: &str, path: &Path) -> Result<Self, BaselineError> {
        const MARKS: [&str; 3] = ["<<<<<<<", "=======", ">>>>>>>"];
        let is_mark = |line: &str| MARKS.iter().any(|mark| line.starts_with(mark));
        if let Some(line) = text.lines().position(is_mark) {
            return Err(BaselineError::Conflict { path: path.to_owned(), line: line + 1 });
        }
        let malformed = |error: serde_json::Error| BaselineError::Malformed {
            path: path.to_owned(),
            line: error.line(),
            reason: error.to_string(),
        };
        let Versioned { schema } = serde_json::from_str(text).map_err(malformed)?;
        if schema != SCHEMA {
            return Err(BaselineError::Newer { path: path.to_owned(), schema });
        }
        serde_json::from_str(text).map_err(malformed)
    }

    /// Writes the file whole, or leaves the old one.
    pub(super) fn write(&self, path: &Path) -> Result<(), BaselineError> {
        let write = |writer: &mut io::BufWriter<std::fs::File>| {
            serde_json::to_writer_pretty(&mut *writer, self)?;
            writer.write_all(b"\n")
        };
        replace_file(path, Access::Usual, write).map_err(|error| match error {
            ProfileError::Io { source, .. } => BaselineError::io(path, source),
            other => BaselineError::io(path, io::Error::other(other)),
        })
    }

    /// The entries by the names of their tests.
    #[must_use]
    pub fn tests(&self) -> &BTreeMap<String, BaselineEntry> {
        &self.tests
    }

    /// Puts an entry in the place of the one of that name. Returns whether that changed anything.
    pub(super) fn put(&mut self, name: &str, entry: BaselineEntry) -> bool {
        let changes = self.tests.get(name) != Some(&entry);
        self.tests.insert(name.to_owned(), entry);
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<BaselineFile, String> {
        BaselineFile::parse(text, Path::new("memory-baselines/app.json")).map_err(|error| error.to_string())
    }

    const ENTRY: &str = r#"{ "with": "rustc", "figures": { "total_blocks": 3 } }"#;

    #[test]
    fn what_cannot_be_used_is_refused_with_file_and_line() {
        let whole = format!("{{\n \"schema\": 1,\n \"tests\": {{\n \"a\": {ENTRY} }} }}");
        assert_eq!(parse(&whole).expect("a baseline").tests()["a"].figures["total_blocks"], 3);
        let twice = whole.replace(ENTRY, &format!("{ENTRY},\n \"a\": {ENTRY}"));
        assert!(
            parse(&twice)
                .expect_err("twice")
                .contains("memory-baselines/app.json:5: not a baseline file: `a` stands here twice")
        );
        let conflict = whole.replace(" \"tests\"", "<<<<<<< HEAD\n \"tests\"");
        assert!(
            parse(&conflict).expect_err("a conflict").starts_with("memory-baselines/app.json:3: the marks of a merge")
        );
        let newer = whole.replace("\"schema\": 1", "\"schema\": 2, \"more\": []");
        assert!(parse(&newer).expect_err("a newer one").contains("version 2 of the baseline file"));
        assert!(parse("{").expect_err("cut").contains("app.json:1: not a baseline file"));
        assert!(parse(&whole.replace("3", "-3")).is_err() && parse(&whole.replace("with", "whith")).is_err());
    }
}
