//! Frames by number, for formats that write each frame once and stacks as numbers.
//!
//! ```text
//! sites: [f, main] [g, main]   --stack-->   [0, 1] [2, 1]   with the entries   f, main, g
//! ```
//!
//! Frames that are shown alike have one number, so that stacks that look alike are equal.

use core::hash::Hash;
use std::collections::HashMap;

use crate::symbolize::Frame;

/// What stands for a stack without frames.
pub(super) const NO_STACK: &str = "(no stack)";

/// Every frame that was asked for, as `show` shows it, numbered from 0 in the order of asking.
pub(super) struct FrameTable<Shown, Show> {
    show: Show,
    entries: Vec<Shown>,
    numbers: HashMap<Shown, usize>,
    /// The profile holds each distinct frame once, so that its address stands for it.
    known: HashMap<*const Frame, usize>,
}

impl<Shown: Clone + Eq + Hash, Show: Fn(&Frame) -> Shown> FrameTable<Shown, Show> {
    pub(super) fn new(show: Show) -> Self {
        Self { show, entries: Vec::new(), numbers: HashMap::new(), known: HashMap::new() }
    }

    /// The numbers of a stack's frames, in their order. At least one: without frames it is that of [`NO_STACK`].
    pub(super) fn stack(&mut self, frames: &[&Frame]) -> Vec<usize> {
        if frames.is_empty() {
            let none = (self.show)(&Frame::marker(NO_STACK));
            return vec![self.number(none)];
        }
        frames.iter().map(|frame| self.frame(frame)).collect()
    }

    /// What the numbers stand for.
    pub(super) fn into_entries(self) -> Vec<Shown> {
        self.entries
    }

    fn frame(&mut self, frame: &Frame) -> usize {
        let address: *const Frame = frame;
        if let Some(number) = self.known.get(&address) {
            return *number;
        }
        let number = self.number((self.show)(frame));
        self.known.insert(address, number);
        number
    }

    fn number(&mut self, shown: Shown) -> usize {
        let Self { entries, numbers, .. } = self;
        *numbers.entry(shown).or_insert_with_key(|shown| {
            entries.push(shown.clone());
            entries.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_that_are_shown_alike_have_one_number() {
        let frame = |line| Frame::code("app::f".to_owned(), Some("src/f.rs".to_owned()), Some(line));
        let (first, second, other) = (frame(1), frame(2), Frame::scope("load"));
        let mut table = FrameTable::new(ToString::to_string);
        assert_eq!(table.stack(&[&first, &other]), [0, 1]);
        assert_eq!(table.stack(&[&other, &second, &first]), [1, 0, 0]);
        assert_eq!(table.into_entries(), ["app::f", "[load]"]);
    }

    #[test]
    fn a_stack_without_frames_is_shown_as_such() {
        let mut table = FrameTable::new(ToString::to_string);
        assert_eq!((table.stack(&[]), table.stack(&[])), (vec![0], vec![0]));
        assert_eq!(table.into_entries(), [NO_STACK]);
    }
}
