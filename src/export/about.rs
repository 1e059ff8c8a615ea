//! What an exported file has to say of its figures, in one line.
//!
//! Viewers of other tools have no place for a remark, so that it stands behind a title: which part of a recording the
//! figures are, how far the peak may be off, and what is missing.

use crate::export::number::{bytes, count};
use crate::profile::Profile;

/// The title, and behind semicolons whatever a reader of the figures must know.
pub(super) fn with_remarks(title: String, profile: &Profile) -> String {
    let mut texts = vec![title];
    if let Some(part) = profile.part() {
        texts.push(format!("only what was allocated {part}"));
    }
    match profile.stats().peak_error_bytes {
        0 => {}
        error => texts.push(format!("the true peak is at most {} higher", bytes(error))),
    }
    if !profile.completeness().is_complete() {
        let missing: Vec<String> =
            profile.completeness().reasons().map(|(number, reason)| format!("{} {reason}", count(number))).collect();
        texts.push(format!("incomplete: {}", missing.join(", ")));
    }
    texts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::completeness::Completeness;
    use crate::profile::{Header, ProfileBuilder};
    use crate::stats::MemoryStats;

    #[test]
    fn what_is_missing_stands_behind_the_title() {
        let stats = MemoryStats { peak_error_bytes: 512, ..MemoryStats::default() };
        let completeness = Completeness { overflowed_blocks: 1_207, ..Completeness::default() };
        let profile = ProfileBuilder::new(Header::default(), stats, completeness).build();
        let text = with_remarks("fluid".to_owned(), &profile);
        assert!(text.starts_with("fluid; the true peak is at most 512 B higher; incomplete: 1,207 "), "{text}");
        assert_eq!(with_remarks("fluid".to_owned(), &Profile::default()), "fluid");
    }
}
