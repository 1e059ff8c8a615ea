//! What a test is called, and the name of its folder.

use std::ffi::OsStr;
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

    /// The test that runs on the calling thread, by the names of the program and of the thread, which libtest gives its tests' own:
    /// for checks that do not know where they stand.
    pub(super) fn of_thread() -> Self {
        let program = std::env::current_exe().unwrap_or_default();
        let program = program.file_stem().unwrap_or_default().to_string_lossy();
        let thread = std::thread::current();
        Self(format!("{}::{}", suite_of(&program), thread.name().unwrap_or_default()))
    }

    /// The test with this path; without one that of the thread.
    pub(super) fn of_path_or_thread(path: Option<&str>) -> Self {
        path.map_or_else(Self::of_thread, Self::of_path)
    }

    /// With the case of it that the calling thread runs, where libtest knows cases of it.
    pub(super) fn with_case(self) -> Self {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or_default();
        let case = self.0.split_once("::").and_then(|(suite, test)| {
            let case = name.strip_prefix(test)?;
            case.starts_with("::").then(|| Self(format!("{suite}::{test}{case}")))
        });
        case.unwrap_or(self)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The crate that it is a test of.
    pub(super) fn suite(&self) -> &str {
        self.0.split_once("::").map_or(&self.0, |(suite, _)| suite)
    }

    /// The name of the entry for one of its scopes.
    pub(super) fn entry(&self, scope: &str) -> String {
        format!("{} [{scope}]", self.0)
    }

    /// The folder of its files: a relative path of one name. The package is in front, where its name is not that of the suite: the
    /// packages of a workspace share a build folder, and each can have a `tests/memory.rs`.
    pub(super) fn folder(&self, package: Option<&OsStr>) -> PathBuf {
        let package = package.map(|name| name.to_string_lossy().into_owned());
        let suite = self.suite().split('.').next().unwrap_or_default();
        let name = match package.filter(|package| package.replace('-', "_") != suite) {
            Some(package) => format!("{package}::{}", self.0),
            None => self.0.clone(),
        };
        PathBuf::from(file_name(&name))
    }
}

/// The crate of a test program that cargo built: its name without the hash.
fn suite_of(program: &str) -> String {
    let is_hash = |end: &str| end.len() == 16 && end.bytes().all(|byte| byte.is_ascii_hexdigit());
    let name = program.rsplit_once('-').filter(|(_, end)| is_hash(end)).map_or(program, |(name, _)| name);
    name.replace('-', "_")
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
    fn the_suite_is_the_program_without_its_hash() {
        assert_eq!(suite_of("steady-budgets-a66a56a4fb17630e"), "steady_budgets");
        assert_eq!(suite_of("steady-budgets"), "steady_budgets");
        let here = concat!("heaplens::", module_path!(), "::the_suite_is_the_program_without_its_hash");
        assert_eq!(TestName::of_thread().as_str(), here.replacen("heaplens::heaplens", "heaplens", 1));
    }

    #[test]
    fn a_case_is_part_of_the_name_of_its_test() {
        let named = |path: &str| {
            let run = std::thread::Builder::new().name("tests::parse::case_2".to_owned());
            let path = path.to_owned();
            run.spawn(move || TestName::of_path(&path).with_case().0).expect("a thread").join().expect("it ends well")
        };
        assert_eq!(named("app::tests::parse"), "app::tests::parse::case_2");
        assert_eq!(named("app::tests::par"), "app::tests::par");
        assert_eq!(named("app::tests::other"), "app::tests::other");
    }

    #[test]
    fn a_path_becomes_one_name() {
        assert_eq!(file_name("suite::tests::parse"), "suite.tests.parse");
        assert_eq!(TestName::of_path("suite::parse::{{closure}}").folder(None), PathBuf::from("suite.parse"));
        let in_package = |package: &str| TestName::of_path("my_app::parse").folder(Some(OsStr::new(package)));
        assert_eq!(in_package("my-app"), PathBuf::from("my_app.parse"));
        assert_eq!(in_package("other"), PathBuf::from("other.my_app.parse"));
        let hostile = file_name("../../etc/passwd\u{1b}[31m");
        assert!(hostile.starts_with("-..-etc-passwd--31m-") && !hostile.contains('/'), "{hostile}");
        assert_ne!(file_name("a b"), file_name("a/b"));
        assert!(file_name(&"ä".repeat(500)).len() <= MOST_BYTES + 9);
        assert_eq!(file_name("").len(), 9);
    }
}
