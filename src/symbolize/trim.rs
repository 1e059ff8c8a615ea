//! Which frames of a stack are worth showing.
//!
//! Between the user's call and the allocator lie a dozen frames of the standard library, and as many between the start of
//! the process and `main`. They are the same in every stack, so views leave them out; the profile keeps them.
//!
//! ```text
//! leaf                                                                                       root
//! __rust_alloc RawVec::grow Vec::push | app::parse Iterator::map app::main | call_once lang_start _start | [scope]
//! folded: runtime                     | kept, whatever is between          | folded                      | kept
//! ```

use core::ops::Range;

use crate::symbolize::{Frame, Origin};

/// Inside this frame is user code, outside of it is the start of the process, of a thread, or of a test.
const START_OF_USER_CODE: &str = "__rust_begin_short_backtrace";

/// The parts of a stack, leaf first, that views show: a range of functions, and the range of scopes and remarks outside.
///
/// A stack of nothing but runtime frames keeps them all, since an empty stack would tell less.
pub(crate) fn trim(stack: &[&Frame]) -> (Range<usize>, Range<usize>) {
    let code_end = stack.iter().rposition(|frame| frame.origin.is_code()).map_or(0, |last| last + 1);
    let outside = code_end..stack.len();
    let start = stack[..code_end].iter().position(|frame| is_start_of_user_code(frame)).unwrap_or(code_end);
    let shown = |frame: &&Frame| frame.origin != Origin::Runtime;
    match (stack[..start].iter().position(shown), stack[..start].iter().rposition(shown)) {
        (Some(first), Some(last)) => (first..last + 1, outside),
        _ => (0..code_end, outside),
    }
}

fn is_start_of_user_code(frame: &Frame) -> bool {
    frame.origin == Origin::Runtime && frame.function.contains(START_OF_USER_CODE)
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
        let stack: Vec<&Frame> = frames.iter().collect();
        let (code, outside) = trim(&stack);
        stack[code].iter().chain(&stack[outside]).map(ToString::to_string).collect()
    }

    #[test]
    fn runtime_frames_fold_at_both_ends_and_stay_inside() {
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
        assert_eq!(shown(&stack), ["app::parse", "core::iter::Iterator::map", "app::main"]);
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
