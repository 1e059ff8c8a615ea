//! The tests as commands to GitHub's runner: annotations of lines of code.
//!
//! The form is that of "Workflow commands for GitHub Actions" in GitHub's documentation; what has to be escaped is what
//! `@actions/core` escapes.

use std::path::{Path, PathBuf};

use super::sections::{self, Kind};
use crate::judge::{Judged, Row};
use crate::printable;
use crate::project::Project;

/// The commands, a line each, and the totals.
pub(crate) fn text(project: &Project, judged: &Judged) -> String {
    let mut text = String::new();
    for row in judged.failures() {
        let message = printable::lines(&row.text);
        text.push_str(&command("error", place(project, row).as_ref(), &printable::line(&row.name()), &message));
    }
    for section in sections::of(project, judged).iter().filter(|section| section.kind == Kind::Improvements) {
        for item in &section.items {
            let message = format!("{}\n{}", item.lines.join("\n"), section.kind.remedy());
            text.push_str(&command("notice", None, &item.name, &message));
        }
    }
    for stale in &judged.stale {
        let line = line_of_entry(&stale.file, &stale.entry);
        let place = Place { file: relative(project, &stale.file), line };
        let message = "no test asked for this baseline: take it out of the file, or bring the test back";
        text.push_str(&command("warning", Some(&place), &printable::line(&stale.entry), message));
    }
    text.push_str(&format!("{}\n", sections::totals(judged)));
    text
}

/// A line of a file.
struct Place {
    file: String,
    line: Option<u64>,
}

fn command(kind: &str, place: Option<&Place>, name: &str, message: &str) -> String {
    let file = place.map(|place| format!("file={},", property(&place.file))).unwrap_or_default();
    let line = place.and_then(|place| place.line).map(|line| format!("line={line},")).unwrap_or_default();
    format!("::{kind} {file}{line}title={}::{}\n", property(&format!("memory: {name}")), data(message))
}

/// A text behind the command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A text as the value of one of the command's properties.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The largest call site that changed, or, without a baseline, the largest there is; if the file is there.
fn place(project: &Project, row: &Row) -> Option<Place> {
    let changed = row.sites.iter().map(|site| &site.at);
    let at = changed.chain(row.record.measured.sites.iter().map(|site| &site.at)).find(|at| !at.is_empty())?;
    let (file, line) = match at.rsplit_once(':') {
        Some((file, line)) if line.parse::<u64>().is_ok() => (file, line.parse().ok()),
        _ => (at.as_str(), None),
    };
    let folders = [&row.record.package, &project.root];
    let path = folders.into_iter().map(|folder| folder.join(file)).find(|path| path.is_file())?;
    Some(Place { file: relative(project, &path), line })
}

/// A path as GitHub knows it: from the folder of the checkout.
fn relative(project: &Project, path: &Path) -> String {
    let checkout = std::env::var_os("GITHUB_WORKSPACE").map(PathBuf::from);
    let below = checkout.and_then(|checkout| path.strip_prefix(checkout).ok());
    printable::line(&below.map_or_else(|| project.shown(path), |path| path.display().to_string()))
}

/// The line in a baseline file at which an entry starts.
fn line_of_entry(file: &Path, entry: &str) -> Option<u64> {
    let key = format!("{}: {{", serde_json::to_string(entry).ok()?);
    let text = std::fs::read_to_string(file).ok()?;
    text.lines().position(|line| line.trim_start() == key).map(|position| position as u64 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_stays_one_line_and_one_command() {
        let place = Place { file: "a,b:c%.rs".to_owned(), line: Some(7) };
        assert_eq!(
            command("error", Some(&place), "x,line=1::y", "50 %\r\n::error::z"),
            "::error file=a%2Cb%3Ac%25.rs,line=7,title=memory%3A x%2Cline=1%3A%3Ay::50 %25%0D%0A::error::z\n"
        );
    }
}
