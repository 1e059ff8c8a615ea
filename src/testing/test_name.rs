//! What a test is called, and the name of its folder.

use std::path::PathBuf;

/// The path of a test: `suite::module::test`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TestName(String);

/// What file systems take of one name.
const MOST_BYTES: usize = 120;

impl TestName {
    /// Of a path such as [`std::any::type_name`] gives it for a function in a test: closures and generic arguments left out.
    pub(super) fn of_path(path: &str) -> Self {
        Self(path.replace("::{{closure}}", ""))
    }

    /// The folder of its files: a relative path of one name.
    pub(super) fn folder(&self) -> PathBuf {
        PathBuf::from(file_name(&self.0))
    }
}

/// A text as a file's name on every system: letters, digits and a few signs, `::` as a point. Long ones, and ones that had to be
/// changed more, end with a number that tells them apart.
pub(super) fn file_name(text: &str) -> String {
    let pointed = text.replace("::", ".");
    let is_plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let plain: String = pointed.chars().map(|letter| if is_plain(letter) { letter } else { '-' }).collect();
    let plain = plain.trim_start_matches('.');
    if plain == pointed && plain.len() <= MOST_BYTES && !plain.is_empty() {
        return plain.to_owned();
    }
    let end = (0..=plain.len().min(MOST_BYTES)).rev().find(|end| plain.is_char_boundary(*end)).unwrap_or(0);
    format!("{}-{:08x}", &plain[..end], fnv(text))
}

/// FNV-1a of 32 bits (Fowler, Noll, Vo): tells names apart, and is the same in every run.
fn fnv(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_one_name() {
        assert_eq!(file_name("suite::tests::parse"), "suite.tests.parse");
        assert_eq!(TestName::of_path("suite::parse::{{closure}}").folder(), PathBuf::from("suite.parse"));
        let hostile = file_name("../../etc/passwd\u{1b}[31m");
        assert!(hostile.starts_with("-..-etc-passwd--31m-") && !hostile.contains('/'), "{hostile}");
        assert_ne!(file_name("a b"), file_name("a/b"));
        assert!(file_name(&"ä".repeat(500)).len() <= MOST_BYTES + 9);
        assert_eq!(file_name("").len(), 9);
    }
}
