//! One condition of a budget: a figure, a comparison and a limit, and what it is about.

use super::comparison::Comparison;
use super::figure::Figure;
use crate::export::number::{bytes, count, counted};
use crate::symbolize::visible;
use core::fmt;
use std::borrow::Cow;

/// From so many times as much on, a difference is told as a multiple instead of in percent.
pub(super) const TIMES: u64 = 11;

/// A condition on one figure, such as `peak_bytes <= 8_388_608`.
///
/// ```
/// use heaplens::testing::{Comparison, Condition, Figure, MIB};
///
/// let condition = Condition::new(Figure::PeakBytes, Comparison::AtMost, 8 * MIB);
/// assert_eq!(condition.to_string(), "peak_bytes <= 8,388,608");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub(super) subject: Subject,
    pub(super) figure: Figure,
    pub(super) comparison: Comparison,
    pub(super) limit: u64,
}

/// What a condition is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Subject {
    #[default]
    Whole,
    /// So many items were worked on: the limit is for each.
    Items(u64),
    /// Each call site by itself.
    EachSite,
    /// All call sites whose allocating code is of this crate.
    InCrate(Cow<'static, str>),
    /// More than one of these, which no limit can be about.
    Several,
}

impl Condition {
    /// A condition on a figure of the whole scope.
    #[must_use]
    pub const fn new(figure: Figure, comparison: Comparison, limit: u64) -> Self {
        Self { subject: Subject::Whole, figure, comparison, limit }
    }

    /// The limit is for each of so many items: the figure may be `items` times as much.
    #[must_use]
    pub fn per_item(self, items: u64) -> Self {
        self.about(Subject::Items(items))
    }

    /// The limit is for each call site.
    #[must_use]
    pub fn each_site(self) -> Self {
        self.about(Subject::EachSite)
    }

    /// The limit is for the blocks that code of this crate allocates, by the frame nearest to the allocation that is not of the
    /// standard library.
    #[must_use]
    pub fn in_crate(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.about(Subject::InCrate(name.into()))
    }

    fn about(self, subject: Subject) -> Self {
        let subject = if self.subject == Subject::Whole { subject } else { Subject::Several };
        Self { subject, ..self }
    }

    pub(super) fn needs_sites(&self) -> bool {
        matches!(self.subject, Subject::EachSite | Subject::InCrate(_))
    }

    /// What the figure is compared with.
    pub(super) fn whole_limit(&self) -> u64 {
        match self.subject {
            Subject::Items(items) => self.limit.saturating_mul(items),
            _ => self.limit,
        }
    }

    pub(super) fn amount(&self, value: u64) -> String {
        amount(self.figure, value)
    }
}

/// A number, whole, with its unit in short where it is one of bytes.
pub(super) fn amount(figure: Figure, value: u64) -> String {
    match figure.is_bytes() && value >= 1_000 {
        true => format!("{} bytes ({})", count(value), bytes(value)),
        false if figure.is_bytes() => format!("{value} bytes"),
        false => count(value),
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.figure, self.comparison, count(self.limit))?;
        match &self.subject {
            Subject::Whole => Ok(()),
            Subject::Items(items) => write!(f, " for each of {}", counted(*items, "item")),
            Subject::EachSite => f.write_str(" at each call site"),
            Subject::InCrate(name) => write!(f, " in crate {}", visible(name)),
            Subject::Several => f.write_str(" of several things"),
        }
    }
}

/// A condition that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The condition.
    pub condition: Condition,
    /// What was measured, of the whole or of the call site.
    pub actual: u64,
    /// The call site, where the condition is on each of them.
    pub site: Option<String>,
}

impl Violation {
    pub(super) fn of(condition: &Condition, actual: u64) -> Self {
        Self { condition: condition.clone(), actual, site: None }
    }

    /// How far from the limit, in percent of it or as a multiple.
    fn excess(&self) -> String {
        let limit = self.condition.whole_limit();
        let share = self.actual.abs_diff(limit) as f64 / limit as f64 * 100.0;
        match (limit, self.actual > limit) {
            (0, _) => String::new(),
            (_, true) if self.actual / limit >= TIMES => format!(", {} times as much", count(self.actual / limit)),
            (_, true) => format!(", {} over", percent(share)),
            (_, false) if self.actual < limit => format!(", {} under", percent(share)),
            _ => ", at the limit".to_owned(),
        }
    }
}

fn percent(share: f64) -> String {
    if share < 0.05 { "less than 0.1 %".to_owned() } else { format!("{share:.1} %") }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { condition, actual, site } = self;
        write!(f, "{condition}: it is {}{}", condition.amount(*actual), self.excess())?;
        if let Some(site) = site {
            write!(f, ", {}", visible(site))?;
        }
        Ok(())
    }
}
