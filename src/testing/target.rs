//! What cargo says of the code that a macro stands in: the package's folder, and which of its targets this is.

use crate::record::own_work::OwnWork;
use std::borrow::Cow;
use std::path::PathBuf;

/// The folder of the package whose tests run, as cargo says it, so that tests which were built elsewhere find what is beside them;
/// that of the package whose code this is, as it was when it was compiled, where nobody says.
#[must_use]
pub fn package_folder(compiled: &str) -> PathBuf {
    let _own = OwnWork::begin();
    std::env::var_os("CARGO_MANIFEST_DIR").filter(|folder| !folder.is_empty()).unwrap_or_else(|| compiled.into()).into()
}

/// The path of a test with the kind of its target behind the crate's name, `app.bin::tests::parse`, where that name is the
/// package's: a library, its program, and a file of `tests` can have the same, and tests of the same path.
#[must_use]
pub fn test_of_target(
    path: &'static str,
    package: &str,
    program: Option<&str>,
    folder_of_integration_tests: Option<&str>,
) -> Cow<'static, str> {
    let kind = match (program, folder_of_integration_tests) {
        (Some(_), _) => "bin",
        (None, Some(_)) => "test",
        (None, None) => return Cow::Borrowed(path),
    };
    let is_package =
        |name: &str| name.chars().eq(package.chars().map(|letter| if letter == '-' { '_' } else { letter }));
    match path.split_once("::") {
        Some((name, rest)) if is_package(name) => {
            let _own = OwnWork::begin();
            Cow::Owned(format!("{name}.{kind}::{rest}"))
        }
        _ => Cow::Borrowed(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_of_the_same_name_are_told_apart() {
        let of = |program, folder| test_of_target("my_app::tests::a", "my-app", program, folder);
        assert_eq!(of(None, None), "my_app::tests::a");
        assert_eq!(of(Some("my-app"), None), "my_app.bin::tests::a");
        assert_eq!(of(None, Some("target/tmp")), "my_app.test::tests::a");
        assert_eq!(test_of_target("memory::a", "my-app", None, Some("target/tmp")), "memory::a");
    }
}
