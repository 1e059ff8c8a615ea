//! What a measurement was made with. Figures move with compilers, build profiles and targets.

use crate::record::inner_type::inner_allocator;

/// What separates that with which figures can be compared all the same from that which makes them others.
const SEPARATOR: &str = "; ";

/// This program in one line, such as `rustc 1.95.0, std::alloc::System; x86_64-unknown-linux-gnu, debug, opt-level 0`.
pub(super) fn described() -> String {
    let allocator = inner_allocator().unwrap_or("no allocator");
    let build = concat!(env!("HEAPLENS_TARGET"), ", ", env!("HEAPLENS_PROFILE"));
    format!("{}, {allocator}{SEPARATOR}{build}", env!("HEAPLENS_RUSTC"))
}

/// What differs between a description and this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Difference {
    None,
    /// Only the compiler or the allocator: the figures can be compared, and may have moved with it.
    Slight,
    /// The figures say nothing about each other.
    More,
}

pub(super) fn difference(theirs: &str) -> Difference {
    between(&described(), theirs)
}

/// What differs between two descriptions.
pub(super) fn between(ours: &str, theirs: &str) -> Difference {
    let rest = |text: &str| text.split_once(SEPARATOR).map(|(_, rest)| rest.to_owned());
    if ours == theirs {
        Difference::None
    } else if rest(ours) == rest(theirs) {
        Difference::Slight
    } else {
        Difference::More
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_compiler_is_told_from_another_target() {
        let ours = described();
        assert!(ours.starts_with("rustc 1."), "{ours}");
        assert_eq!(difference(&ours), Difference::None);
        let (_, rest) = ours.split_once(SEPARATOR).expect("two parts");
        assert_eq!(difference(&format!("rustc 1.0.0; {rest}")), Difference::Slight);
        assert_eq!(difference(&ours.replace("opt-level", "opt")), Difference::More);
        assert_eq!(difference(""), Difference::More);
    }
}
