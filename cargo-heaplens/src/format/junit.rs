//! The tests as JUnit XML, which build servers read: a suite for each package, a case for each test and scope.
//!
//! The form is that of the schema which Jenkins publishes for its xUnit plugin. XML has no way to write most control
//! characters, so that they stand there as in a terminal, such as `\u{1b}`.

use std::io;
use std::time::Duration;

use heaplens::testing::Check;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::failure::Failure;
use crate::judge::{Judged, Row, Verdict};
use crate::printable::{line, lines};
use crate::project::Project;

type Xml = Writer<Vec<u8>>;

/// The document.
pub(crate) fn text(project: &Project, judged: &Judged) -> Result<String, Failure> {
    let written = document(project, judged).map_err(|error| Failure::Tool(format!("XML: {error}")))?;
    String::from_utf8(written).map_err(|error| Failure::Tool(format!("XML: {error}")))
}

fn document(project: &Project, judged: &Judged) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let rows: Vec<&Row> = judged.rows.iter().collect();
    let attributes = totals(&rows);
    let element = with(xml.create_element("testsuites"), "name", "memory of the tests");
    with_all(element, &attributes).write_inner_content(|xml| {
        for suite in rows.chunk_by(|a, b| a.package == b.package) {
            self::suite(xml, project, suite)?;
        }
        Ok(())
    })?;
    let mut written = xml.into_inner();
    written.push(b'\n');
    Ok(written)
}

fn suite(xml: &mut Xml, project: &Project, rows: &[&Row]) -> io::Result<()> {
    let name = line(&rows[0].package);
    let element = with(xml.create_element("testsuite"), "name", &name);
    with_all(element, &totals(rows))
        .write_inner_content(|xml| rows.iter().try_for_each(|row| case(xml, project, row)))?;
    Ok(())
}

fn case(xml: &mut Xml, project: &Project, row: &Row) -> io::Result<()> {
    let (class, test) = row.record.test.rsplit_once("::").unwrap_or(("", &row.record.test));
    let element = xml.create_element("testcase");
    let element = with(element, "name", &line(&format!("{test} [{}]", row.record.scope)));
    let element = with(element, "classname", &line(class));
    let element = with(element, "time", &seconds(row.record.elapsed_nanoseconds));
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

/// How many cases there are, and what came of them.
fn totals(rows: &[&Row]) -> [(&'static str, String); 4] {
    let of = |verdict| rows.iter().filter(|row| row.verdict == verdict).count().to_string();
    let time = rows.iter().map(|row| row.record.elapsed_nanoseconds).fold(0, u64::saturating_add);
    [
        ("tests", rows.len().to_string()),
        ("failures", of(Verdict::Failed)),
        ("errors", of(Verdict::Refused)),
        ("time", seconds(time)),
    ]
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
