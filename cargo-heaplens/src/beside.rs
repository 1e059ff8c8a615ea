//! What a file is called that is made from a profile, where nobody says.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The name beside the profile: `app.json.gz` becomes `app.total-bytes.svg`, with the part between them.
pub(crate) fn beside(profile: &Path, part: &str, ending: &str) -> PathBuf {
    let mut stem = profile.to_owned();
    for ending in ["gz", "json"] {
        if stem.extension().is_some_and(|found| found == ending) {
            stem.set_extension("");
        }
    }
    let mut name = OsString::from(stem.file_name().unwrap_or_default());
    name.push(format!("{part}.{ending}"));
    stem.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_its_profile_and_what_it_is() {
        let name = |profile| beside(Path::new(profile), "", "total-bytes.svg");
        assert_eq!(name("/tmp/app.json.gz"), Path::new("/tmp/app.total-bytes.svg"));
        assert_eq!(name("app.v2.json"), Path::new("app.v2.total-bytes.svg"));
        assert_eq!(name("profile"), Path::new("profile.total-bytes.svg"));
        let of_part = beside(Path::new("app.json"), ".scope-parse", "total-bytes.svg");
        assert_eq!(of_part, Path::new("app.scope-parse.total-bytes.svg"));
    }
}
