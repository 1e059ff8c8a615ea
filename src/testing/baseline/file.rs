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
            return Err(BaselineError::Schema { path: path.to_owned(), line: line_of(text, "\"schema\""), schema });
        }
        let file: Self = serde_json::from_str(text).map_err(malformed)?;
        match file.tests.iter().find_map(|(name, entry)| Some((name, entry.flaw()?))) {
            None => Ok(file),
            Some((name, flaw)) => Err(BaselineError::Malformed {
                path: path.to_owned(),
                line: line_of(text, &serde_json::to_string(name).unwrap_or_default()),
                reason: format!("`{name}` {flaw}"),
            }),
        }
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

/// The line of the first place where a text has this.
fn line_of(text: &str, part: &str) -> usize {
    let before = text.find(part).map_or("", |place| &text[..place]);
    before.matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::baseline::entry::FIGURES;

    fn parse(text: &str) -> Result<BaselineFile, String> {
        BaselineFile::parse(text, Path::new("memory-baselines/app.json")).map_err(|error| error.to_string())
    }

    /// A file with an entry in its fourth line.
    fn file(entry: &str) -> String {
        format!("{{\n \"schema\": 1,\n \"tests\": {{\n \"a\": {entry} }} }}")
    }

    fn entry() -> String {
        let figures = FIGURES.map(|figure| format!("\"{figure}\": 3")).join(", ");
        format!("{{ \"with\": \"rustc\", \"figures\": {{ {figures} }} }}")
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_file_and_line() {
        let (entry, whole) = (entry(), file(&entry()));
        assert_eq!(parse(&whole).expect("a baseline").tests()["a"].figures["total_blocks"], 3);
        let twice = whole.replace(&entry, &format!("{entry},\n \"a\": {entry}"));
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
        assert!(parse(&newer).expect_err("a newer one").contains("app.json:2: version 2 of the baseline file"));
        assert!(parse("{").expect_err("cut").contains("app.json:1: not a baseline file"));
        assert!(parse(&whole.replace("3", "-3")).is_err() && parse(&whole.replace("with", "whith")).is_err());
        assert!(!parse("{\"schema\": 1, \"tests\": {}, \"\\u001b[31m\": 1}").expect_err("more").contains('\u{1b}'));
    }

    #[test]
    fn an_entry_has_every_figure_and_no_other() {
        let refused = |from: &str, to: &str| parse(&file(&entry().replace(from, to))).expect_err(to);
        let missing = refused("\"total_blocks\": 3, ", "");
        assert!(missing.contains("app.json:4: not a baseline file: `a` has no `total_blocks`"), "{missing}");
        assert!(refused("peak_bytes", "peek_bytes").contains("`a` has no `peak_bytes`"));
        assert!(refused("{ \"total_blocks\"", "{ \"more\": 1, \"total_blocks\"").contains("there is no figure `more`"));
        let slack = refused("\"with\"", "\"slack\": { \"moved_bytes\": \"5 %\" }, \"with\"");
        assert!(slack.contains("there is no figure `moved_bytes`"), "{slack}");
    }
}
