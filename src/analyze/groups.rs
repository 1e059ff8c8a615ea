//! A profile by crate or by module: whose code asks for memory, and below whose code it is asked for.
//!
//! ```text
//! leaf                                      root
//! Vec::push | serde_json::parse | app::load | std::rt      own: serde_json    inclusive: serde_json, app
//! ```
//!
//! Every stack is the own of one group, so that the own figures add up to the whole.

use core::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::profile::{Metric, Profile, Site, SiteStats};
use crate::record::own_work::OwnWork;
use crate::symbolize::{Frame, Origin, ShortName};

/// By what call sites are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Grouping {
    /// By crate: `serde_json`.
    Crate,
    /// By module: `serde_json::de`.
    Module,
}

/// What a crate or a module allocates: [`Profile::groups`] gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    name: Option<String>,
    own: SiteStats,
    inclusive: SiteStats,
}

impl Group {
    /// The crate or module; `None` for what no code of a crate is known of, such as C code and "(before recording)".
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The figures of call sites whose frame nearest to the allocation that is not of the standard library is of this group. Those
    /// of all groups add up to the whole profile.
    #[must_use]
    pub fn own(&self) -> &SiteStats {
        &self.own
    }

    /// The figures of all call sites that have a frame of this group, each once.
    #[must_use]
    pub fn inclusive(&self) -> &SiteStats {
        &self.inclusive
    }
}

impl Profile {
    /// The profile by crate or by module, the one that allocates most bytes of its own first; at the end what is of none.
    ///
    /// The standard library counts for whoever calls it. Names are as exact as the debug information: where that is line tables
    /// alone, the crate of some functions is told by the path of their file; without any, a function that was inlined counts for
    /// the function that it is in.
    ///
    /// Cost: one pass over all call sites.
    ///
    /// ```
    /// # let profile = heaplens::Profile::default();
    /// for group in profile.groups(heaplens::Grouping::Crate) {
    ///     println!("{:?}: {} bytes", group.name(), group.own().total_bytes);
    /// }
    /// ```
    #[must_use]
    pub fn groups(&self, by: Grouping) -> Vec<Group> {
        let _own = OwnWork::begin();
        let mut names = Names { by, known: HashMap::new() };
        let mut groups: BTreeMap<Option<String>, [SiteStats; 2]> = BTreeMap::new();
        for site in self.sites(Metric::TotalBlocks) {
            let (own, around) = names.of_site(&site);
            let is_of_none = own.is_none();
            groups.entry(own).or_default()[0].add(site.stats());
            for name in around {
                groups.entry(Some(name)).or_default()[1].add(site.stats());
            }
            if is_of_none {
                groups.entry(None).or_default()[1].add(site.stats());
            }
        }
        let group = |(name, [own, inclusive]): (_, [SiteStats; 2])| Group { name, own, inclusive };
        let mut groups: Vec<Group> = groups.into_iter().map(group).collect();
        groups.sort_by_key(|group| {
            (group.name.is_none(), Reverse(group.own.total_bytes), Reverse(group.inclusive.total_bytes))
        });
        groups
    }
}

/// The group of each frame.
struct Names {
    by: Grouping,
    /// A profile holds each distinct frame once, so that its address stands for it.
    known: HashMap<*const Frame, Option<String>>,
}

impl Names {
    /// The group whose own a site is, and all groups around it.
    fn of_site(&mut self, site: &Site<'_>) -> (Option<String>, BTreeSet<String>) {
        let is_code = |frame: &&&Frame| matches!(frame.origin, Origin::User | Origin::Dependency);
        let mut code = site.frames().iter().filter(is_code).map(|frame| self.of_frame(frame)).peekable();
        let own = code.peek().cloned().flatten();
        (own, code.flatten().collect())
    }

    fn of_frame(&mut self, frame: &Frame) -> Option<String> {
        let by = self.by;
        let name = || match by {
            Grouping::Crate => ShortName::of(frame).crate_name(),
            Grouping::Module => ShortName::of(frame).module_path(),
        };
        self.known.entry(core::ptr::from_ref(frame)).or_insert_with(name).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::completeness::Completeness;
    use crate::profile::{Header, ProfileBuilder};
    use crate::stats::MemoryStats;

    const DEPENDENCY: &str = "/home/me/.cargo/registry/src/index-1949cf8c6b5b557f/json-1.0.0/src/de.rs";
    const STD: &str = "/rustc/59807616e1fa/library/alloc/src/vec/mod.rs";

    fn profile(sites: &[(&[(&str, &str)], u64)]) -> Profile {
        let mut builder = ProfileBuilder::new(Header::default(), MemoryStats::default(), Completeness::default());
        for (frames, total_bytes) in sites {
            let frame =
                |(name, file): &(&str, &str)| Frame::code((*name).to_owned(), Some((*file).to_owned()), Some(1));
            let ids = frames.iter().map(|named| builder.frame(&frame(named))).collect();
            builder.stack(ids, SiteStats { total_blocks: 1, total_bytes: *total_bytes, ..SiteStats::default() });
        }
        builder.build()
    }

    fn figures(profile: &Profile, by: Grouping) -> Vec<(String, u64, u64)> {
        let figures = |group: &Group| {
            let name = group.name().unwrap_or("none").to_owned();
            (name, group.own().total_bytes, group.inclusive().total_bytes)
        };
        profile.groups(by).iter().map(figures).collect()
    }

    fn example() -> Profile {
        let (user, main) = (("app::load::rows", "/app/src/load.rs"), ("app::main", "/app/src/main.rs"));
        profile(&[
            (&[("alloc::vec::Vec<T>::push", STD), ("json::de::parse", DEPENDENCY), user, main], 100),
            (&[("json::de::parse", DEPENDENCY), ("json::de::parse", DEPENDENCY), main], 10),
            (&[user, main], 7),
            (&[("alloc::vec::Vec<T>::push", STD)], 1),
        ])
    }

    #[test]
    fn own_figures_are_those_of_the_code_that_asks_and_inclusive_ones_of_all_around_it() {
        let expected = [("json", 110, 110), ("app", 7, 117), ("none", 1, 1)];
        let expected = expected.map(|(name, own, inclusive)| (name.to_owned(), own, inclusive));
        assert_eq!(figures(&example(), Grouping::Crate), expected);
    }

    #[test]
    fn modules_are_told_apart_and_everything_adds_up() {
        let expected = [("json::de", 110, 110), ("app::load", 7, 107), ("app", 0, 117), ("none", 1, 1)];
        let expected = expected.map(|(name, own, inclusive)| (name.to_owned(), own, inclusive));
        assert_eq!(figures(&example(), Grouping::Module), expected);
        for by in [Grouping::Crate, Grouping::Module] {
            let sum: u64 = example().groups(by).iter().map(|group| group.own().total_bytes).sum();
            assert_eq!(sum, example().stats().total_bytes);
        }
    }
}
