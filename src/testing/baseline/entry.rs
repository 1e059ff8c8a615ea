//! What is written down of one test.

use super::environment;
use super::slack::Slack;
use crate::profile::{Metric, Profile};
use crate::scope::Measurement;
use crate::symbolize::{ShortName, visible};
use crate::testing::figure::Figure;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The figures of which a baseline is kept. How many bytes a reallocation moves depends on the allocator, and what is freed
/// follows from the others.
pub(super) const FIGURES: [Figure; 9] = [
    Figure::TotalBlocks,
    Figure::TotalBytes,
    Figure::PeakBlocks,
    Figure::PeakBytes,
    Figure::LiveBlocks,
    Figure::LiveBytes,
    Figure::Reallocations,
    Figure::TemporaryBlocks,
    Figure::LargestBlockBytes,
];

/// Bytes differ a little between systems (paths, the length of a number in a text); blocks do not.
const SLACK_OF_BYTES: Slack = Slack::Share(100);

/// Call sites that are kept; what the others allocate together is one more.
const MOST_SITES: usize = 40;

/// What is written down of one test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BaselineEntry {
    /// What it was measured with: compiler, target, allocator, build profile.
    pub with: String,
    /// The figures by name.
    #[serde(deserialize_with = "super::unique::map")]
    pub figures: BTreeMap<String, u64>,
    /// How far each may be off, by its name; those that are not here have to be the same.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "super::unique::map")]
    pub slack: BTreeMap<String, Slack>,
    /// The call sites in the user's code, the largest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<BaselineSite>,
}

/// What one place in the user's code allocated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BaselineSite {
    /// Where it was, such as `src/parse.rs:12`.
    pub at: String,
    /// The function.
    pub function: String,
    /// Blocks allocated.
    pub total_blocks: u64,
    /// Bytes allocated.
    pub total_bytes: u64,
}

impl BaselineEntry {
    /// Of a measurement, with what the user said of the slack.
    pub(in crate::testing) fn of(measurement: &Measurement, slack: &[(Figure, Slack)]) -> Self {
        let figures = FIGURES.map(|figure| (figure.name().to_owned(), figure.of(measurement)));
        let usual = FIGURES.into_iter().filter(|figure| figure.is_bytes()).map(|figure| (figure, SLACK_OF_BYTES));
        let all = usual.chain(slack.iter().copied()).map(|(figure, slack)| (figure.name().to_owned(), slack));
        Self {
            with: environment::described(),
            figures: figures.into(),
            slack: all.collect::<BTreeMap<_, _>>().into_iter().filter(|(_, slack)| *slack != Slack::NONE).collect(),
            sites: measurement.sites().map(|profile| sites(&profile)).unwrap_or_default(),
        }
    }

    /// What makes the entry useless to compare with: a figure that is missing or unknown.
    pub(super) fn flaw(&self) -> Option<String> {
        let names = FIGURES.map(Figure::name);
        let missing = names.iter().find(|name| !self.figures.contains_key(**name));
        let unknown = self.figures.keys().chain(self.slack.keys()).find(|name| !names.contains(&name.as_str()));
        missing
            .map(|name| format!("has no `{name}`"))
            .or_else(|| unknown.map(|name| format!("is of a figure that is not kept: there is no figure `{name}`")))
    }

    /// Whether its call sites are known: it has some, or there is nothing that one would have allocated.
    pub(super) fn has_sites(&self) -> bool {
        !self.sites.is_empty() || self.figures.get(Figure::TotalBlocks.name()) == Some(&0)
    }

    pub(super) fn slack_of(&self, figure: Figure) -> Slack {
        self.slack.get(figure.name()).copied().unwrap_or(Slack::NONE)
    }
}

impl BaselineSite {
    /// The file of the place.
    pub(super) fn file(&self) -> &str {
        self.at.rsplit_once(':').map_or(&self.at, |(file, _)| file)
    }

    /// The line of the place; 0 where it is not known.
    pub(super) fn line(&self) -> i64 {
        self.at.rsplit_once(':').and_then(|(_, line)| line.parse::<u32>().ok()).unwrap_or(0).into()
    }

    fn is_at(&self, other: &Self) -> bool {
        self.at == other.at && self.function == other.function
    }
}

/// The places in the user's code, the largest first.
fn sites(profile: &Profile) -> Vec<BaselineSite> {
    let mut sites: Vec<BaselineSite> = Vec::new();
    for site in profile.sites(Metric::TotalBlocks) {
        let frame = site.first_user_frame();
        let found = BaselineSite {
            at: frame.and_then(|frame| profile.location(frame)).map(|at| visible(&at).into_owned()).unwrap_or_default(),
            function: frame.map(|frame| ShortName::of(frame).with_owner()).unwrap_or_default(),
            total_blocks: site.stats().total_blocks,
            total_bytes: site.stats().total_bytes,
        };
        match sites.iter_mut().find(|known| known.is_at(&found)) {
            Some(known) => known.add(&found),
            None => sites.push(found),
        }
    }
    sites.sort_by(|a, b| {
        (b.total_bytes, b.total_blocks, &a.at, &a.function).cmp(&(a.total_bytes, a.total_blocks, &b.at, &b.function))
    });
    if sites.len() > MOST_SITES {
        let rest = sites.split_off(MOST_SITES);
        let mut others = BaselineSite { function: "(others)".to_owned(), ..BaselineSite::nowhere() };
        rest.iter().for_each(|site| others.add(site));
        sites.push(others);
    }
    sites
}

impl BaselineSite {
    fn nowhere() -> Self {
        Self { at: String::new(), function: String::new(), total_blocks: 0, total_bytes: 0 }
    }

    fn add(&mut self, other: &Self) {
        self.total_blocks += other.total_blocks;
        self.total_bytes += other.total_bytes;
    }
}
