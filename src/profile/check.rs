//! Whether the contents of a file can be those of a measurement.
//!
//! A profile file may be edited, cut or made up. Nothing in it is believed that can be checked: indices are in range,
//! no site frees more than it allocated, the sites add up to the figures, and a part is no more than its whole.

use crate::profile::json::Contents;
use crate::profile::{ProfileError, SiteStats};
use crate::stats::MemoryStats;

impl Contents<'_> {
    /// Refuses contents that contradict themselves.
    pub(super) fn check(&self) -> Result<(), ProfileError> {
        for (number, row) in self.spans.rows().iter().enumerate() {
            if let Some(reason) = row.contradiction() {
                return Err(ProfileError::damaged(format!("span row {number} {reason}")));
            }
        }
        let mut sum = SiteStats::default();
        for (number, stack) in self.stacks.iter().enumerate() {
            if let Some(id) = stack.frames.iter().find(|id| id.0 as usize >= self.frames.len()) {
                return Err(ProfileError::damaged(format!("site {number} names frame {}, which is not there", id.0)));
            }
            if let Some(reason) = contradiction(&stack.stats) {
                return Err(ProfileError::damaged(format!("site {number} {reason}")));
            }
            let too_large = || ProfileError::damaged("the sites add up to more than 64 bits hold");
            sum = sum.checked_add(&stack.stats).ok_or_else(too_large)?;
        }
        if let Some((figure, ..)) = figures(&self.stats, &sum).into_iter().find(|(_, whole, sites)| whole != sites) {
            return Err(ProfileError::damaged(format!("the sites do not add up to its {figure}")));
        }
        let whole = self.part.as_ref().map_or(&self.stats, |part| &part.whole);
        match figures(whole, &sum).into_iter().find(|(_, whole, sites)| whole < sites) {
            Some((figure, ..)) => Err(ProfileError::damaged(format!("its {figure} are more than those of the whole"))),
            None => Ok(()),
        }
    }
}

/// What a site claims that cannot be, if anything.
fn contradiction(stats: &SiteStats) -> Option<&'static str> {
    let reasons = [
        (stats.freed_blocks > stats.total_blocks, "freed more blocks than it allocated"),
        (stats.freed_bytes > stats.total_bytes, "freed more bytes than it allocated"),
        (stats.live_at_peak_blocks > stats.total_blocks, "held more blocks at the peak than it allocated"),
        (stats.live_at_peak_bytes > stats.total_bytes, "held more bytes at the peak than it allocated"),
        (stats.temporary_blocks > stats.freed_blocks, "has more temporary blocks than freed ones"),
    ];
    reasons.into_iter().find_map(|(wrong, reason)| wrong.then_some(reason))
}

/// The figures that both have: their name, that of the whole, and the sum of the sites.
fn figures(stats: &MemoryStats, sum: &SiteStats) -> [(&'static str, u64, u64); 9] {
    [
        ("total_blocks", stats.total_blocks, sum.total_blocks),
        ("total_bytes", stats.total_bytes, sum.total_bytes),
        ("freed_blocks", stats.freed_blocks, sum.freed_blocks),
        ("freed_bytes", stats.freed_bytes, sum.freed_bytes),
        ("live_blocks", stats.live_blocks, sum.live_blocks()),
        ("live_bytes", stats.live_bytes, sum.live_bytes()),
        ("peak_blocks", stats.peak_blocks, sum.live_at_peak_blocks),
        ("peak_bytes", stats.peak_bytes, sum.live_at_peak_bytes),
        ("temporary_blocks", stats.temporary_blocks, sum.temporary_blocks),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::profile::{Profile, ProfileError};

    fn no_stats() -> Value {
        serde_json::to_value(crate::MemoryStats::default()).expect("plain figures")
    }

    fn with(figures: &Value, changes: &str) -> Value {
        let changes: Value = serde_json::from_str(changes).expect("JSON of the test");
        let mut figures = figures.clone();
        for (figure, value) in changes.as_object().expect("an object") {
            figures[figure] = value.clone();
        }
        figures
    }

    /// A profile of one site, with the frames and figures given as JSON.
    fn contents(frames: &str, site: &str, whole: &str) -> Value {
        let no_site = serde_json::to_value(crate::SiteStats::default()).expect("plain figures");
        let empty = serde_json::to_value(Profile::default().header).expect("plain header");
        json!({
            "format": "heaplens-profile", "version": 1, "header": empty,
            "stats": with(&no_stats(), whole), "completeness": crate::Completeness::default(), "notes": [],
            "frames": [{"function": "a::f", "origin": "user"}],
            "sites": [{"frames": serde_json::from_str::<Value>(frames).expect("JSON of the test"),
                       "stats": with(&no_site, site)}],
        })
    }

    fn read(frames: &str, site: &str, whole: &str) -> Result<Profile, ProfileError> {
        Profile::read_json(contents(frames, site, whole).to_string().as_bytes())
    }

    fn damage(frames: &str, site: &str, whole: &str) -> String {
        match read(frames, site, whole) {
            Err(ProfileError::Damaged { what }) => what,
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    #[test]
    fn a_sound_site_is_read() {
        let figures = r#"{"total_bytes": 8, "total_blocks": 1}"#;
        let whole = r#"{"total_bytes": 8, "total_blocks": 1, "live_bytes": 8, "live_blocks": 1}"#;
        assert_eq!(read("[0, 0]", figures, whole).expect("sound").stats().live_bytes, 8);
    }

    #[test]
    fn a_frame_that_is_not_there_is_refused() {
        assert_eq!(damage("[0, 1]", "{}", "{}"), "site 0 names frame 1, which is not there");
    }

    #[test]
    fn a_site_that_contradicts_itself_is_refused() {
        for site in [
            r#"{"freed_blocks": 1}"#,
            r#"{"freed_bytes": 1}"#,
            r#"{"live_at_peak_blocks": 1}"#,
            r#"{"live_at_peak_bytes": 1}"#,
            r#"{"total_blocks": 1, "temporary_blocks": 1}"#,
        ] {
            assert!(damage("[0]", site, "{}").starts_with("site 0"), "{site}");
        }
    }

    #[test]
    fn a_part_that_is_more_than_its_whole_is_refused() {
        let figures = r#"{"total_bytes": 8, "total_blocks": 1, "live_bytes": 8, "live_blocks": 1}"#;
        let whole = |total_bytes: u64| {
            let part = json!({ "chosen": ["outside-scopes"], "whole": with(&no_stats(), figures) });
            let mut contents = contents("[0]", r#"{"total_bytes": 8, "total_blocks": 1}"#, figures);
            contents["part"] = part;
            contents["part"]["whole"]["total_bytes"] = json!(total_bytes);
            Profile::read_json(contents.to_string().as_bytes())
        };
        assert_eq!(whole(8).expect("sound").part().as_deref(), Some("outside every scope"));
        let error = whole(7).expect_err("a part of 8 bytes").to_string();
        assert!(error.contains("its total_bytes are more than those of the whole"), "{error}");
    }

    #[test]
    fn sites_that_do_not_add_up_to_the_whole_are_refused() {
        let site = r#"{"total_bytes": 8, "total_blocks": 1}"#;
        assert_eq!(damage("[0]", site, r#"{"total_bytes": 9}"#), "the sites do not add up to its total_blocks");
        let whole = r#"{"total_bytes": 8, "total_blocks": 1, "live_bytes": 8}"#;
        assert_eq!(damage("[0]", site, whole), "the sites do not add up to its live_blocks");
    }
}
