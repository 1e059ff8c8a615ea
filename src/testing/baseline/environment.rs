//! What a measurement was made with. Figures move with compilers, build profiles and targets.

/// What separates the compiler from the rest of a description.
const SEPARATOR: &str = "; ";

/// This program in one line, such as `rustc 1.95.0; x86_64-unknown-linux-gnu, debug, opt-level 0`.
pub(super) fn described() -> String {
    [env!("HEAPLENS_RUSTC"), concat!(env!("HEAPLENS_TARGET"), ", ", env!("HEAPLENS_PROFILE"))].join(SEPARATOR)
}

/// What differs between a description and this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Difference {
    None,
    /// Only the compiler: the figures can be compared, and may have moved with it.
    Compiler,
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
        Difference::Compiler
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
        assert_eq!(difference(&format!("rustc 1.0.0; {rest}")), Difference::Compiler);
        assert_eq!(difference(&ours.replace("opt-level", "opt")), Difference::More);
        assert_eq!(difference(""), Difference::More);
    }
}
