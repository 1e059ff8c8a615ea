//! The frames of a profile that stand for scopes or for threads, found by name.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::profile::{FrameId, Profile, Stack};
use crate::symbolize::{Frame, Origin};

/// Bytes that systems keep of the name of a thread: Linux, and others.
const KEPT_BYTES: [usize; 2] = [15, 63];

/// What a frame without code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Scope,
    Thread,
}

/// The frames of one kind in a profile.
pub(super) struct Named<'p> {
    kind: Kind,
    /// Each name once.
    pub(super) names: Vec<&'p str>,
    /// For each frame of the profile the place of its name.
    of_frame: Vec<Option<usize>>,
}

impl<'p> Named<'p> {
    pub(super) fn of(profile: &'p Profile, kind: Kind) -> Self {
        let origin = match kind {
            Kind::Scope => Origin::Scope,
            Kind::Thread => Origin::Thread,
        };
        let (mut names, mut places) = (Vec::new(), HashMap::new());
        let mut place_of = |name: &'p str| {
            *places.entry(name).or_insert_with(|| {
                names.push(name);
                names.len() - 1
            })
        };
        let of_frame =
            profile.frames.iter().map(|frame| (frame.origin == origin).then(|| place_of(&frame.function))).collect();
        Self { kind, names, of_frame }
    }

    /// The name nearest to the leaf of a stack.
    pub(super) fn innermost(&self, stack: &Stack) -> Option<usize> {
        stack.frames.iter().find_map(|id| self.place(*id))
    }

    /// Every name in a stack, each once.
    pub(super) fn around(&self, stack: &Stack) -> Vec<usize> {
        let mut names: Vec<usize> = stack.frames.iter().filter_map(|id| self.place(*id)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The places of a name; where there is none, of those that reports show so, or that the system cut to less.
    pub(super) fn called(&self, name: &str) -> Vec<usize> {
        let is_shown = |known: &str| Frame::scope(known).shown_name() == name;
        let is_cut = |known: &str| self.kind == Kind::Thread && KEPT_BYTES.iter().any(|kept| cut(name, *kept) == known);
        let tests: [&dyn Fn(&str) -> bool; 3] = [&|known| known == name, &is_shown, &is_cut];
        let places = |is_it: &dyn Fn(&str) -> bool| -> Vec<usize> {
            (0..self.names.len()).filter(|place| is_it(self.names[*place])).collect()
        };
        tests.into_iter().map(places).find(|found| !found.is_empty()).unwrap_or_default()
    }

    fn place(&self, id: FrameId) -> Option<usize> {
        self.of_frame[id.0 as usize]
    }
}

/// The name of a thread in a profile of a system that keeps so many bytes of it.
fn cut(name: &str, kept: usize) -> Cow<'_, str> {
    String::from_utf8_lossy(name.as_bytes().get(..kept).unwrap_or(name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(names: &[&str], kind: fn(&str) -> Frame) -> Profile {
        let mut frames: Vec<Frame> = names.iter().map(|name| kind(name)).collect();
        frames.sort_unstable();
        Profile { frames, ..Profile::default() }
    }

    fn found(profile: &Profile, kind: Kind, name: &str) -> Vec<String> {
        let named = Named::of(profile, kind);
        named.called(name).into_iter().map(|place| named.names[place].to_owned()).collect()
    }

    #[test]
    fn a_name_is_found_as_it_is_or_as_it_is_shown() {
        let scopes = profile(&["a", "a\n", "b\n", "", " "], Frame::scope);
        assert_eq!(found(&scopes, Kind::Scope, "a"), ["a"]);
        assert_eq!(found(&scopes, Kind::Scope, "b"), ["b\n"]);
        assert_eq!(found(&scopes, Kind::Scope, ""), [""]);
        assert_eq!(found(&scopes, Kind::Scope, "(unnamed)"), ["", " "]);
        assert!(found(&scopes, Kind::Scope, "c").is_empty() && found(&scopes, Kind::Thread, "a").is_empty());
    }

    #[test]
    fn a_long_name_of_a_thread_is_found_as_the_system_cut_it() {
        let threads = profile(&["writer of the l", "writer", "fourteen bytes\u{fffd}"], Frame::thread);
        assert_eq!(found(&threads, Kind::Thread, "writer of the log"), ["writer of the l"]);
        assert_eq!(found(&threads, Kind::Thread, "fourteen bytesäöü"), ["fourteen bytes\u{fffd}"]);
        assert!(found(&threads, Kind::Thread, "fourteen bytes and more").is_empty());
        let scopes = profile(&["writer of the l"], Frame::scope);
        assert!(found(&scopes, Kind::Scope, "writer of the log").is_empty());
    }
}
