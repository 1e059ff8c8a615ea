//! What is shown of the tests, a format a file, and where it goes.
//!
//! ```text
//! Judged ──▶ table, markdown: for people      json, junit, github: for machines      ──▶ standard output or a file
//! ```

mod github;
mod json;
mod junit;
mod markdown;
mod sections;
mod table;

pub(crate) use sections::site_line;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anstream::AutoStream;
use anstream::adapter::strip_str;
use clap::{Args, ValueEnum};

use crate::failure::{Failure, written};
use crate::judge::Judged;
use crate::project::Project;

/// How the tests are shown, and where.
#[derive(Args)]
pub(crate) struct Output {
    /// table (that is the default), json, github, junit, or
    /// markdown; with json, junit and markdown what cargo
    /// prints goes to standard error
    #[arg(
        long,
        value_enum,
        default_value = "table",
        hide_default_value = true,
        hide_possible_values = true,
        verbatim_doc_comment
    )]
    format: Format,
    /// The file to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
    Github,
    Junit,
    Markdown,
}

impl Output {
    /// Refuses a file that cannot be written before anything has run.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.format == Format::Github {
            drop(summary()?);
        }
        let Some(path) = &self.output else { return Ok(()) };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match path.is_dir() || !folder.is_dir() {
            true => Err(Failure::file(path, "--output names a file in a folder that is there")),
            false => Ok(()),
        }
    }

    /// Whether nothing else may be on standard output.
    pub(crate) fn is_for_machines_on_standard_output(&self) -> bool {
        self.output.is_none() && !matches!(self.format, Format::Table | Format::Github)
    }

    /// Shows the tests.
    pub(crate) fn write(&self, project: &Project, judged: &Judged) -> Result<(), Failure> {
        let text = match self.format {
            Format::Table => table::text(project, judged, columns(self.output.is_none())),
            Format::Json => json::text(project, judged)?,
            Format::Github => github::text(project, judged),
            Format::Junit => junit::text(project, judged)?,
            Format::Markdown => markdown::text(project, judged),
        };
        match &self.output {
            Some(path) => fs::write(path, strip_str(&text).to_string()).map_err(|error| Failure::file(path, error))?,
            None => {
                let mut terminal = AutoStream::auto(io::stdout()).lock();
                written(terminal.write_all(text.as_bytes()).and_then(|()| terminal.flush()))?;
            }
        }
        // The annotations come first: they are not lost if the summary cannot be written.
        if self.format == Format::Github { summarize(project, judged) } else { Ok(()) }
    }
}

/// `COLUMNS`, else the width of the terminal where standard output is one.
pub(crate) fn columns(is_standard_output: bool) -> usize {
    const WITHOUT_TERMINAL: usize = 100;
    let stated = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let terminal = || match is_standard_output {
        true => terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0)),
        false => None,
    };
    stated.or_else(terminal).filter(|columns| *columns > 0).unwrap_or(WITHOUT_TERMINAL)
}

/// Adds the Markdown to the summary of GitHub's job, where there is one.
fn summarize(project: &Project, judged: &Judged) -> Result<(), Failure> {
    let Some((mut file, path)) = summary()? else { return Ok(()) };
    let text = markdown::text(project, judged);
    file.write_all(text.as_bytes()).map_err(|error| Failure::file(&path, error))
}

/// The file of that summary, opened for more of it.
fn summary() -> Result<Option<(File, PathBuf)>, Failure> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else { return Ok(None) };
    let path = PathBuf::from(path);
    match OpenOptions::new().append(true).create(true).open(&path) {
        Ok(file) => Ok(Some((file, path))),
        Err(error) => Err(Failure::file(&path, error)),
    }
}
