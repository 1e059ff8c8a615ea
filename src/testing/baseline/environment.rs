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

/// Whether figures that were measured with the one can be compared with those of the other: nothing differs but the compiler or
/// the allocator.
pub(super) fn are_comparable(one: &str, other: &str) -> bool {
    let rest = |text: &str| text.split_once(SEPARATOR).map(|(_, rest)| rest.to_owned());
    one == other || rest(one).is_some_and(|of_one| rest(other) == Some(of_one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_compiler_is_told_from_another_target() {
        let ours = described();
        assert!(ours.starts_with("rustc 1."), "{ours}");
        assert!(are_comparable(&ours, &ours));
        let (_, rest) = ours.split_once(SEPARATOR).expect("two parts");
        assert!(are_comparable(&ours, &format!("rustc 1.0.0; {rest}")));
        assert!(!are_comparable(&ours, &ours.replace("opt-level", "opt")));
        assert!(!are_comparable(&ours, "") && !are_comparable("a", "b"));
    }
}
