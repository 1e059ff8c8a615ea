//! Which frames of a stack are worth showing.
//!
//! Between the user's call and the allocator lie a dozen frames of the standard library, as many between the start of the
//! process and `main`, and more wherever a closure goes through an iterator. Views leave them out; the profile keeps them.
//!
//! ```text
//! leaf                                                                                        root
//! __rust_alloc RawVec::grow Vec::push | app::parse | Iterator::map | app::main | lang_start _start | [scope]
//! folded: runtime                     | kept       | folded        | kept      | folded            | kept
//! ```

use crate::symbolize::origin::{is_allocator_entry, is_own_file};
use crate::symbolize::{Frame, Origin};

/// Inside this frame is user code, outside of it is the start of the process, of a thread, or of a test.
const START_OF_USER_CODE: &str = "__rust_begin_short_backtrace";

/// What a frame means for the stacks it is in. Found once for each frame, as stacks share them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Code that views show.
    Shown,
    /// Code of the standard library, which views fold away unless there is nothing else.
    Folded,
    /// Code of heaplens and the allocator's entry points, which views fold away.
    Own,
    /// The frame outside of which nothing is the user's.
    StartOfUserCode,
    /// A scope, a thread or a remark, always shown.
    Note,
}

impl Part {
    pub(crate) fn of(frame: &Frame) -> Self {
        match frame.origin {
            Origin::Scope | Origin::Thread | Origin::Marker => Self::Note,
            Origin::Runtime if frame.function.contains(START_OF_USER_CODE) => Self::StartOfUserCode,
            Origin::Runtime if is_own(frame) => Self::Own,
            Origin::Runtime => Self::Folded,
            Origin::User | Origin::Dependency => Self::Shown,
        }
    }
}

fn is_own(frame: &Frame) -> bool {
    frame.file.as_deref().is_some_and(is_own_file) || is_allocator_entry(&frame.function)
}

/// The places of a stack, leaf first, that views show.
///
/// A stack of nothing but runtime frames keeps them all, since an empty stack would tell less.
pub(crate) fn trim(stack: &[Part]) -> impl Iterator<Item = usize> {
    let start = stack.iter().position(|part| *part == Part::StartOfUserCode).unwrap_or(stack.len());
    let nothing_to_show = !stack[..start].contains(&Part::Shown);
    stack.iter().enumerate().filter_map(move |(place, part)| {
        let shown = match part {
            Part::Note => true,
            Part::Shown if place < start => true,
            Part::Own => false,
            _ => nothing_to_show,
        };
        shown.then_some(place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(functions: &[&str]) -> Vec<String> {
        let frames: Vec<Frame> = functions
            .iter()
            .map(|name| match (name.strip_prefix('['), name.starts_with('(')) {
                (Some(scope), _) => Frame::scope(scope.trim_end_matches(']')),
                (None, true) => Frame::marker(name),
                (None, false) => Frame::code((*name).to_owned(), None, None),
            })
            .collect();
        let parts: Vec<Part> = frames.iter().map(Part::of).collect();
        trim(&parts).map(|place| frames[place].to_string()).collect()
    }

    #[test]
    fn runtime_frames_fold_wherever_they_are() {
        let stack = [
            "__rust_alloc",
            "alloc::vec::Vec<u8>::push",
            "app::parse",
            "core::iter::Iterator::map",
            "app::main",
            "core::ops::function::FnOnce::call_once",
            "std::sys::backtrace::__rust_begin_short_backtrace",
            "app::never_shown",
            "_start",
        ];
        assert_eq!(shown(&stack), ["app::parse", "app::main"]);
    }

    #[test]
    fn scopes_and_remarks_always_stay() {
        assert_eq!(
            shown(&["alloc::alloc", "app::f", "_start", "[inner]", "[outer]"]),
            ["app::f", "[inner]", "[outer]"]
        );
        assert_eq!(shown(&["(not captured)"]), ["(not captured)"]);
        assert_eq!(shown(&["(not captured)", "[outer]"]), ["(not captured)", "[outer]"]);
        assert_eq!(shown(&["alloc::alloc", "app::f", "(truncated)"]), ["app::f", "(truncated)"]);
    }

    #[test]
    fn a_stack_of_runtime_frames_stays_whole() {
        let stack = ["alloc::alloc", "std::rt::init", "_start", "[outer]"];
        assert_eq!(shown(&stack), stack);
        assert!(shown(&[]).is_empty());
    }

    #[test]
    fn a_test_harness_around_the_user_code_is_folded() {
        let stack = [
            "alloc::alloc",
            "app::tests::it_works",
            "std::test::__rust_begin_short_backtrace",
            "app::main",
            "std::sys::backtrace::__rust_begin_short_backtrace",
        ];
        assert_eq!(shown(&stack), ["app::tests::it_works"]);
    }
}
