//! What a call site is called in one line: the function in the user's code, and where.

use crate::profile::{Profile, Site};
use crate::report::fit::shorten;
use crate::symbolize::{Frame, visible};

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
    let location = shorten_location(&profile.location(frame).unwrap_or_default(), frame.line);
    let room = width.saturating_sub(if location.is_empty() { 0 } else { location.chars().count() + 2 });
    let name = match via {
        None => shorten(&frame.to_string(), room),
        Some(via) => {
            let (name, via) = (frame.to_string(), via.to_string());
            let via = shorten(without_shared_path(&via, &name), room / 2);
            let left = room.saturating_sub(via.chars().count() + " via ".len());
            format!("{} via {via}", shorten(&name, left))
        }
    };
    if location.is_empty() { name } else { format!("{name}  {location}") }
}

/// The name without the modules that it shares with another: beside `app::grid::new`, `app::grid::grow` is `grow`.
fn without_shared_path<'n>(name: &'n str, other: &str) -> &'n str {
    let same = name.chars().zip(other.chars()).take_while(|(a, b)| a == b && *a != '<');
    let shared: usize = same.map(|(character, _)| character.len_utf8()).sum();
    name[..shared].rfind("::").map_or(name, |end| &name[end + "::".len()..])
}

/// A location that fits, with its line number whole.
fn shorten_location(location: &str, line: Option<u32>) -> String {
    let line = line.map(|line| format!(":{line}")).unwrap_or_default();
    let file = location.strip_suffix(&line).unwrap_or(location);
    shorten(&visible(file), LOCATION_WIDTH - line.len()) + &line
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
    fn a_second_name_leaves_out_the_modules_of_the_first() {
        assert_eq!(without_shared_path("app::grid::grow", "app::grid::new"), "grow");
        assert_eq!(without_shared_path("serde::de", "app::grid::new"), "serde::de");
        assert_eq!(without_shared_path("app::größe", "app::größer"), "größe");
        assert_eq!(without_shared_path("<app::A as app::B>::f", "<app::A as app::C>::f"), "<app::A as app::B>::f");
    }

    #[test]
    fn a_line_number_is_never_cut() {
        let long = format!("/home/{}/main.rs:1234", "x".repeat(80));
        let short = shorten_location(&long, Some(1234));
        assert!(short.ends_with("/main.rs:1234"), "{short}");
        assert_eq!(short.chars().count(), LOCATION_WIDTH);
        assert_eq!(shorten_location("src/main.rs", None), "src/main.rs");
    }
}
