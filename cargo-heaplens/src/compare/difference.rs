//! Two sets of results: the tests that need more or less, and those that are in one of them only.

use std::collections::BTreeMap;
use std::path::PathBuf;

use heaplens::testing::{BaselineEntry, SiteChange, TestRecord};

/// What was measured of one revision.
pub(super) struct Side {
    pub(super) records: Vec<TestRecord>,
    /// Whether cargo was content.
    pub(super) has_succeeded: bool,
    /// The folder of its files, which is not the other's.
    pub(super) root: PathBuf,
}

/// What differs between two revisions.
#[derive(Default)]
pub(super) struct Difference {
    /// The tests that need more or less, in the order of packages and tests.
    pub(super) changed: Vec<ChangedTest>,
    /// How many need the same.
    pub(super) unchanged: usize,
    /// Tests that only the earlier has.
    pub(super) gone: Vec<String>,
    /// Tests that only the later has.
    pub(super) new: Vec<String>,
    /// Whether a side lacks a test that the other has, and cargo failed there: perhaps it failed before it was measured.
    pub(super) is_incomplete: bool,
}

/// A test that needs more or less.
pub(super) struct ChangedTest {
    pub(super) name: String,
    pub(super) figures: Vec<ChangedFigure>,
    pub(super) sites: Vec<SiteChange>,
    /// What the two were measured with, if it is not the same.
    pub(super) with: Option<[String; 2]>,
}

/// A figure before and after.
pub(super) struct ChangedFigure {
    pub(super) name: String,
    pub(super) before: u64,
    pub(super) after: u64,
}

/// Figures that are shown of every test that changed; the others only if they changed themselves.
const ALWAYS: [&str; 3] = ["total_blocks", "total_bytes", "peak_bytes"];

impl Difference {
    pub(super) fn between(before: Side, after: Side) -> Self {
        let have_succeeded = [before.has_succeeded, after.has_succeeded];
        let (mut before, after) = (before.by_name(), after.by_name());
        let mut difference = Self::default();
        for (name, after) in after {
            match before.remove(&name) {
                None => difference.new.push(name.1),
                Some(before) if before.figures == after.figures => difference.unchanged += 1,
                Some(before) => difference.changed.push(ChangedTest::of(name.1, &before, &after)),
            }
        }
        difference.gone = before.into_keys().map(|name| name.1).collect();
        let lack = [!difference.new.is_empty(), !difference.gone.is_empty()];
        difference.is_incomplete =
            lack.iter().zip(have_succeeded).any(|(lacks, has_succeeded)| *lacks && !has_succeeded);
        difference
    }

    /// Whether any figure is more than it was.
    pub(super) fn has_grown(&self) -> bool {
        self.changed.iter().flat_map(|test| &test.figures).any(|figure| figure.after > figure.before)
    }
}

impl Side {
    /// The measurements by package and test; of several of one name, that with the highest peak.
    fn by_name(self) -> BTreeMap<(PathBuf, String), BaselineEntry> {
        let peak = |entry: &BaselineEntry| entry.figures.get("peak_bytes").copied();
        let mut entries = BTreeMap::<_, BaselineEntry>::new();
        for record in self.records {
            let package = record.package.strip_prefix(&self.root).unwrap_or(&record.package).to_owned();
            let name = (package, record.entry_name());
            let is_more = entries.get(&name).is_none_or(|known| peak(&record.measured) > peak(known));
            if is_more {
                entries.insert(name, record.measured);
            }
        }
        entries
    }
}

impl ChangedTest {
    fn of(name: String, before: &BaselineEntry, after: &BaselineEntry) -> Self {
        let figure = |name: &str| ChangedFigure {
            name: name.to_owned(),
            before: before.figures.get(name).copied().unwrap_or_default(),
            after: after.figures.get(name).copied().unwrap_or_default(),
        };
        let others = after.figures.keys().filter(|name| !ALWAYS.contains(&name.as_str())).map(|name| figure(name));
        let others = others.filter(|figure| figure.before != figure.after);
        Self {
            name,
            figures: ALWAYS.into_iter().map(figure).chain(others).collect(),
            sites: before.site_changes(after),
            with: (before.with != after.with).then(|| [before.with.clone(), after.with.clone()]),
        }
    }
}
