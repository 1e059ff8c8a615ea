//! The tests as JUnit XML, which build servers read: a suite for each package, a case for each test and scope.
//!
//! A baseline that no test asked for is a case that was skipped, and a run that failed for another reason than a check an error.
//! The form is that of the schema which Jenkins publishes for its xUnit plugin. XML has no way to write most control
//! characters, so that they stand there as in a terminal, such as `\u{1b}`.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use heaplens::testing::Check;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::failure::Failure;
use crate::judge::{Judged, Row, Verdict};
use crate::printable::{line, lines};
use crate::project::Project;
use crate::stale::StaleEntry;

type Xml = Writer<Vec<u8>>;

/// The document.
pub(crate) fn text(project: &Project, judged: &Judged) -> Result<String, Failure> {
    let written = document(project, judged).map_err(|error| Failure::Tool(format!("XML: {error}")))?;
    String::from_utf8(written).map_err(|error| Failure::Tool(format!("XML: {error}")))
}

fn document(project: &Project, judged: &Judged) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let stale: Vec<&StaleEntry> = judged.stale.iter().collect();
    let rows: Vec<&Row> = judged.rows.iter().collect();
    let totals = Totals { rows: &rows, stale: &stale, has_failed_elsewhere: judged.has_failed_elsewhere };
    let element = with(xml.create_element("testsuites"), "name", "memory of the tests");
    with_all(element, &totals.attributes()).write_inner_content(|xml| {
        let packages: BTreeSet<&str> = rows
            .iter()
            .map(|row| row.package.as_str())
            .chain(stale.iter().map(|stale| stale.package.as_str()))
            .collect();
        for package in packages {
            let rows: Vec<&Row> = rows.iter().copied().filter(|row| row.package == package).collect();
            let stale: Vec<&StaleEntry> = stale.iter().copied().filter(|stale| stale.package == package).collect();
            suite(xml, project, package, &Totals { rows: &rows, stale: &stale, has_failed_elsewhere: false })?;
        }
        if judged.has_failed_elsewhere { failed_run(xml) } else { Ok(()) }
    })?;
    let mut written = xml.into_inner();
    written.push(b'\n');
    Ok(written)
}

fn suite(xml: &mut Xml, project: &Project, package: &str, of: &Totals<'_>) -> io::Result<()> {
    let element = with(xml.create_element("testsuite"), "name", &line(package));
    let element = with(with_all(element, &of.attributes()), "skipped", &of.stale.len().to_string());
    element.write_inner_content(|xml| {
        of.rows.iter().try_for_each(|row| case(xml, project, row))?;
        of.stale.iter().try_for_each(|stale| left_out(xml, project, stale))
    })?;
    Ok(())
}

/// A stale baseline: a test that is expected and did not run.
fn left_out(xml: &mut Xml, project: &Project, stale: &StaleEntry) -> io::Result<()> {
    let element = named(xml, &stale.entry).write_inner_content(|xml| {
        let message = format!("no test asked for its baseline in {}", line(&project.shown(&stale.file)));
        with(xml.create_element("skipped"), "message", &message).write_empty().map(drop)
    });
    element.map(drop)
}

/// A suite of one case for a run that no check explains.
fn failed_run(xml: &mut Xml) -> io::Result<()> {
    let totals = Totals { rows: &[], stale: &[], has_failed_elsewhere: true };
    let element = with(xml.create_element("testsuite"), "name", "cargo");
    with_all(element, &totals.attributes()).write_inner_content(|xml| {
        with(xml.create_element("testcase"), "name", "cargo test").write_inner_content(|xml| {
            let message = "cargo test failed for another reason than a check of heaplens: see what it has printed";
            with(xml.create_element("error"), "message", message).write_empty().map(drop)
        })?;
        Ok(())
    })?;
    Ok(())
}

fn case(xml: &mut Xml, project: &Project, row: &Row) -> io::Result<()> {
    let element = with(named(xml, &row.name()), "time", &seconds(row.record.elapsed_nanoseconds));
    element.write_inner_content(|xml| {
        properties(xml, project, row)?;
        match row.verdict {
            Verdict::Failed => failure(xml, "failure", row),
            Verdict::Refused => failure(xml, "error", row),
            Verdict::Passed | Verdict::Expected | Verdict::Blessed => Ok(()),
        }
    })?;
    Ok(())
}

/// A case with its name in two parts, `module` and `test [scope]`.
fn named<'a>(xml: &'a mut Xml, entry: &str) -> Element<'a> {
    let test = entry.split_once(" [").map_or(entry, |(test, _)| test);
    let (class, _) = test.rsplit_once("::").unwrap_or_default();
    let name = entry[class.len()..].trim_start_matches("::");
    with(with(xml.create_element("testcase"), "name", &line(name)), "classname", &line(class))
}

fn properties(xml: &mut Xml, project: &Project, row: &Row) -> io::Result<()> {
    let figures = row.record.measured.figures.iter().map(|(name, value)| (line(name), value.to_string()));
    let mut all: Vec<_> = figures.collect();
    all.push(("change".to_owned(), row.change.to_string()));
    if row.record.check == Check::Baseline {
        all.push(("baseline".to_owned(), line(&project.shown(&row.record.baseline_file()))));
    }
    xml.create_element("properties").write_inner_content(|xml| {
        all.iter().try_for_each(|(name, value)| {
            with(with(xml.create_element("property"), "name", name), "value", value).write_empty().map(drop)
        })
    })?;
    Ok(())
}

fn failure(xml: &mut Xml, kind: &str, row: &Row) -> io::Result<()> {
    let text = lines(&row.text);
    let element = with(xml.create_element(kind), "message", text.lines().next().unwrap_or_default());
    let check = match row.record.check {
        Check::Baseline => "baseline",
        Check::Leak => "leak",
        _ => "budget",
    };
    with(element, "type", check).write_text_content(BytesText::new(&text))?;
    Ok(())
}

/// What the attributes of a suite count.
struct Totals<'a> {
    rows: &'a [&'a Row],
    stale: &'a [&'a StaleEntry],
    has_failed_elsewhere: bool,
}

impl Totals<'_> {
    /// How many cases there are, and what came of them.
    fn attributes(&self) -> Vec<(&'static str, String)> {
        let of = |verdict| self.rows.iter().filter(|row| row.verdict == verdict).count();
        let time = self.rows.iter().map(|row| row.record.elapsed_nanoseconds).fold(0, u64::saturating_add);
        let others = self.stale.len() + usize::from(self.has_failed_elsewhere);
        vec![
            ("tests", (self.rows.len() + others).to_string()),
            ("failures", of(Verdict::Failed).to_string()),
            ("errors", (of(Verdict::Refused) + usize::from(self.has_failed_elsewhere)).to_string()),
            ("time", seconds(time)),
        ]
    }
}

fn seconds(nanoseconds: u64) -> String {
    format!("{:.9}", Duration::from_nanos(nanoseconds).as_secs_f64())
}

type Element<'a> = quick_xml::writer::ElementWriter<'a, Vec<u8>>;

fn with<'a>(element: Element<'a>, name: &str, value: &str) -> Element<'a> {
    element.with_attribute((name, value))
}

fn with_all<'a>(element: Element<'a>, attributes: &[(&str, String)]) -> Element<'a> {
    attributes.iter().fold(element, |element, (name, value)| with(element, name, value))
}
