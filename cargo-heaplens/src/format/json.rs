//! The tests as one JSON object, for other programs.
//!
//! | key | |
//! |---|---|
//! | `format`, `version` | `heaplens-tests`, 1 |
//! | `cargo_succeeded` | whether cargo test ended well |
//! | `tests` | an object for each test and scope |
//! | `tests[].package`, `.test`, `.scope` | what was measured |
//! | `tests[].outcome` | `passed`, `blessed`, `failed`, `refused`; `expected` if the check failed and its test passed |
//! | `tests[].figures` | blocks and bytes by name, as in a baseline file |
//! | `tests[].elapsed_nanoseconds` | how long the scope was open |
//! | `tests[].change` | `same`, `less`, `more`, `no baseline`, `not comparable` |
//! | `tests[].changes` | `figure`, `baseline` and `actual` of each figure beyond its slack |
//! | `tests[].text` | what the failed checks said; empty where none failed |
//! | `stale` | `package`, `file` and `entry` of each baseline that no test asked for |
//!
//! Numbers are whole. Control and direction characters in names are written as escapes of JSON.

use std::collections::BTreeMap;

use heaplens::testing::wording::visible;
use serde::Serialize;

use crate::change::Change;
use crate::failure::Failure;
use crate::judge::{Judged, Row};
use crate::project::Project;

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    cargo_succeeded: bool,
    tests: Vec<Test<'a>>,
    stale: Vec<Stale<'a>>,
}

#[derive(Serialize)]
struct Test<'a> {
    package: &'a str,
    test: &'a str,
    scope: &'a str,
    outcome: &'static str,
    figures: &'a BTreeMap<String, u64>,
    elapsed_nanoseconds: u64,
    change: &'static str,
    changes: Vec<FigureChange>,
    text: &'a str,
}

#[derive(Serialize)]
struct FigureChange {
    figure: &'static str,
    baseline: u64,
    actual: u64,
}

#[derive(Serialize)]
struct Stale<'a> {
    package: &'a str,
    file: String,
    entry: &'a str,
}

/// The document.
pub(crate) fn text(project: &Project, judged: &Judged) -> Result<String, Failure> {
    let stale = judged.stale.iter().map(|stale| Stale {
        package: &stale.package,
        file: project.shown(&stale.file),
        entry: &stale.entry,
    });
    let document = Document {
        format: "heaplens-tests",
        version: 1,
        cargo_succeeded: judged.has_succeeded,
        tests: judged.rows.iter().map(Test::of).collect(),
        stale: stale.collect(),
    };
    let text = serde_json::to_string_pretty(&document).map_err(|error| Failure::Tool(format!("JSON: {error}")))?;
    Ok(escaped(&text))
}

impl<'a> Test<'a> {
    fn of(row: &'a Row) -> Self {
        let changes = match &row.change {
            Change::Less(changes) | Change::More(changes) => changes.as_slice(),
            _ => &[],
        };
        let change = |change: &heaplens::testing::BaselineChange| FigureChange {
            figure: change.figure.name(),
            baseline: change.baseline,
            actual: change.actual,
        };
        Self {
            package: &row.package,
            test: &row.record.test,
            scope: &row.record.scope,
            outcome: row.verdict.name(),
            figures: &row.record.measured.figures,
            elapsed_nanoseconds: row.record.elapsed_nanoseconds,
            change: row.change.name(),
            changes: changes.iter().map(change).collect(),
            text: &row.text,
        }
    }
}

/// The same document in characters that only show. Those that do not are inside of strings, the line breaks between keys aside.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 1);
    for line in text.lines() {
        for character in line.chars() {
            let mut letters = [0; 4];
            let acts = matches!(visible(character.encode_utf8(&mut letters)), std::borrow::Cow::Owned(_));
            if acts {
                character.encode_utf16(&mut [0; 2]).iter().for_each(|unit| escaped.push_str(&format!("\\u{unit:04x}")));
            } else {
                escaped.push(character);
            }
        }
        escaped.push('\n');
    }
    escaped.replace("##[", "#\\u0023[")
}
