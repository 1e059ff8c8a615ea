//! What a call site is called in one line: where in the user's code, and which functions.
//!
//! The place comes first, since it is where a person goes next. Then the user's function, and after it the function of a
//! dependency that it ends in, if it does. Sites that would read the same get the function in which they differ.
//!
//! ```text
//! src/solver.rs:201     neighbours                   the user's code allocates
//! src/main.rs:76        parse › TokenBuffer::new2    a dependency that it calls allocates
//! src/solver.rs:201     neighbours, from pressure    the caller tells it from a site with the same name
//! ```

use crate::profile::{Profile, Site};
use crate::report::columns::columns;
use crate::report::fit::{pad, shorten, shorten_path};
use crate::symbolize::{Frame, ShortName, visible};

/// The most columns that a place takes of a line.
const PLACE_WIDTH: usize = 30;

/// How a site is named: two columns of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label {
    /// `src/main.rs:76`; empty where no file is known.
    place: String,
    /// What the name says, from the most detailed to the shortest.
    names: Vec<String>,
}

impl Label {
    pub(super) fn place_width(&self) -> usize {
        columns(&self.place)
    }

    /// The label in at most `width` columns, with its name beginning after `place_width` of them.
    pub(super) fn line(&self, place_width: usize, width: usize) -> String {
        let place = if self.place.is_empty() { String::new() } else { pad(&self.place, place_width) + "  " };
        let room = width.saturating_sub(columns(&place));
        let shortest = || shorten(self.names.last().map_or("", String::as_str), room);
        let name = self.names.iter().find(|name| columns(name) <= room).cloned().unwrap_or_else(shortest);
        (place + &name).trim_end().to_owned()
    }
}

/// A label for each site.
pub(super) fn labels(profile: &Profile, sites: &[Site<'_>]) -> Vec<Label> {
    let plain: Vec<Label> = sites.iter().map(|site| label(profile, site, None)).collect();
    let with_difference = |(position, site): (usize, &Site<'_>)| {
        let twins = (0..sites.len()).filter(|other| *other != position && plain[*other] == plain[position]);
        let twins: Vec<&Site<'_>> = twins.map(|twin| &sites[twin]).collect();
        match difference(site, &twins) {
            Some(place) => label(profile, site, Some(place)),
            None => plain[position].clone(),
        }
    };
    sites.iter().enumerate().map(with_difference).collect()
}

/// The label of a site; `telling` is the place in its stack of the frame that tells it from others.
fn label(profile: &Profile, site: &Site<'_>, telling: Option<usize>) -> Label {
    let frames = site.frames();
    let Some(user) = site.first_user_frame() else {
        return Label { place: String::new(), names: vec!["(no stack)".to_owned()] };
    };
    let position = frames.iter().position(|frame| *frame == user).unwrap_or(0);
    let short = ShortName::of(user);
    let names = match telling {
        Some(telling) if telling > position => {
            let caller = ShortName::of(frames[telling]);
            vec![
                format!("{}, from {}", short.with_owner(), caller.with_owner()),
                format!("{}, from {}", short.own, caller.own),
            ]
        }
        _ if position == 0 => vec![short.with_owner(), short.own],
        Some(telling) => through(&short, &[frames[telling], frames[0]]),
        None => through(&short, &[frames[0]]),
    };
    Label { place: place(profile, user), names }
}

/// The names of a site where the user's function ends in those of a dependency, of which the first matters most.
fn through(user: &ShortName, inner: &[&Frame]) -> Vec<String> {
    let mut inner: Vec<ShortName> = inner.iter().map(|frame| ShortName::of(frame)).collect();
    inner.dedup();
    let chain = |outer: &str, name: fn(&ShortName) -> String, inner: &[ShortName]| {
        let names = inner.iter().map(name);
        core::iter::once(outer.to_owned()).chain(names).collect::<Vec<_>>().join(" › ")
    };
    vec![
        chain(&user.with_owner(), ShortName::with_owner, &inner),
        chain(&user.own, ShortName::with_owner, &inner),
        chain(&user.own, ShortName::with_owner, &inner[..1]),
        chain(&user.own, |name| name.own.clone(), &inner[..1]),
    ]
}

/// Where a frame's call is written, with its line number whole.
fn place(profile: &Profile, frame: &Frame) -> String {
    let location = profile.location(frame).unwrap_or_default();
    let line = frame.line.map(|line| format!(":{line}")).unwrap_or_default();
    let file = location.strip_suffix(&line).unwrap_or(&location);
    if file.is_empty() { String::new() } else { shorten_path(&visible(file), PLACE_WIDTH - line.len()) + &line }
}

/// The place in a stack of the frame nearest to the allocation whose name tells it from other stacks: from all of them if
/// there is such a frame, else from the first.
fn difference(site: &Site<'_>, others: &[&Site<'_>]) -> Option<usize> {
    let name = |site: &Site<'_>, place: usize| site.frames().get(place).map(|frame| ShortName::of(frame).with_place());
    let tells = |place: &usize, other: &Site<'_>| name(other, *place) != name(site, *place);
    let mut places = 0..site.frames().len();
    let from_all = places.clone().find(|place| others.iter().all(|other| tells(place, other)));
    let first = others.first()?;
    from_all.or_else(|| places.find(|place| tells(place, first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_number_is_never_cut() {
        let line = 1234;
        let frame = Frame::code("app::f".to_owned(), Some(format!("/home/{}/main.rs", "x".repeat(80))), Some(line));
        assert_eq!(place(&Profile::default(), &frame), "/…/main.rs:1234");
        let frame = Frame::code("app::f".to_owned(), Some(format!("{}.rs", "x".repeat(80))), Some(line));
        let short = place(&Profile::default(), &frame);
        assert!(short.ends_with("xx.rs:1234") && columns(&short) == PLACE_WIDTH, "{short}");
        assert_eq!(place(&Profile::default(), &Frame::scope("step")), "");
    }

    #[test]
    fn a_name_loses_its_types_before_it_is_cut() {
        let names = through(&ShortName::of(&code("app::Tree::parse")), &[&code("syn::buffer::TokenBuffer::new2")]);
        let label = Label { place: "src/main.rs:7".to_owned(), names };
        let name = |width: usize| label.line(15, 17 + width)[17..].to_owned();
        assert_eq!(name(40), "Tree::parse › TokenBuffer::new2");
        assert_eq!(name(30), "parse › TokenBuffer::new2");
        assert_eq!(name(20), "parse › new2");
        assert_eq!(name(9), "par… new2");
    }

    #[test]
    fn a_site_without_a_place_begins_with_its_name() {
        let label = Label { place: String::new(), names: vec!["(before recording)".to_owned()] };
        assert_eq!(label.line(20, 60), "(before recording)");
    }

    fn code(name: &str) -> Frame {
        Frame::code(name.to_owned(), None, None)
    }
}
