//! What a call site is called in one line: the function in the user's code, and where.

use crate::profile::{Profile, Site};
use crate::report::fit::shorten;
use crate::symbolize::Frame;

/// The most that a location takes of a line.
const LOCATION_WIDTH: usize = 36;

/// One label for each site, in at most `width` characters. Sites that would read the same get the frame in which they
/// differ.
pub(super) fn labels(profile: &Profile, sites: &[Site<'_>], width: usize) -> Vec<String> {
    let plain: Vec<String> = sites.iter().map(|site| label(profile, site, None, width)).collect();
    let mut labels = plain.clone();
    for (position, site) in sites.iter().enumerate() {
        let twin = (0..sites.len()).find(|other| *other != position && plain[*other] == plain[position]);
        if let Some(frame) = twin.and_then(|twin| first_difference(site, &sites[twin])) {
            labels[position] = label(profile, site, Some(frame), width);
        }
    }
    labels
}

fn label(profile: &Profile, site: &Site<'_>, via: Option<&Frame>, width: usize) -> String {
    let Some(frame) = site.first_user_frame() else {
        return "(no stack)".to_owned();
    };
    let location = profile.location(frame).map(|location| shorten_location(&location)).unwrap_or_default();
    let room = width.saturating_sub(if location.is_empty() { 0 } else { location.chars().count() + 2 });
    let name = match via {
        None => shorten(&frame.to_string(), room),
        Some(via) => {
            let via = shorten(&via.to_string(), room / 3);
            let left = room.saturating_sub(via.chars().count() + " via ".len());
            format!("{} via {via}", shorten(&frame.to_string(), left))
        }
    };
    if location.is_empty() { name } else { format!("{name}  {location}") }
}

/// A location that fits, with its line number whole.
fn shorten_location(location: &str) -> String {
    let location = crate::symbolize::visible(location);
    let (file, line) = location.rsplit_once(':').unwrap_or((&location, ""));
    if line.is_empty() {
        return shorten(file, LOCATION_WIDTH);
    }
    format!("{}:{line}", shorten(file, LOCATION_WIDTH.saturating_sub(line.chars().count() + 1)))
}

/// The frame nearest to the leaf at which a stack leaves the way of another.
fn first_difference<'p>(site: &Site<'p>, other: &Site<'_>) -> Option<&'p Frame> {
    let position = site.frames().iter().zip(other.frames()).position(|(a, b)| a != b);
    site.frames().get(position.unwrap_or(other.frames().len())).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_number_is_never_cut() {
        let long = format!("/home/{}/main.rs:1234", "x".repeat(80));
        let short = shorten_location(&long);
        assert!(short.ends_with("/main.rs:1234"), "{short}");
        assert_eq!(short.chars().count(), LOCATION_WIDTH);
        assert_eq!(shorten_location("src/main.rs"), "src/main.rs");
    }
}
