//! Profile files: what is saved is loaded again, and whatever else a file may hold is refused without a panic.
#![cfg(feature = "stacks")]

use std::fs;
use std::path::{Path, PathBuf};

use heaplens::{Metric, Profile, ProfileError};

/// A folder of one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("heaplens-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("the temporary folder can be written");
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("the folder is there");
        entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn golden(name: &str) -> Profile {
    Profile::load(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)).expect("committed")
}

fn fluid() -> Profile {
    golden("fluid.json")
}

fn json(profile: &Profile) -> String {
    let mut text = Vec::new();
    profile.write_json(&mut text).expect("memory can be written");
    String::from_utf8(text).expect("JSON is text")
}

/// The bytes of the sample as saved under this name.
fn saved(folder: &Folder, name: &str) -> Vec<u8> {
    fluid().save(folder.file(name)).expect("the folder can be written");
    fs::read(folder.file(name)).expect("just written")
}

fn load_bytes(folder: &Folder, bytes: &[u8]) -> Result<Profile, ProfileError> {
    let path = folder.file("under-test");
    fs::write(&path, bytes).expect("the folder can be written");
    Profile::load(path)
}

#[test]
fn what_is_saved_is_loaded_compressed_or_not() {
    let folder = Folder::new("round-trip");
    for name in ["p.json", "p.json.gz"] {
        saved(&folder, name);
        assert_eq!(Profile::load(folder.file(name)).expect("sound"), fluid());
    }
    let sizes = ["p.json", "p.json.gz"].map(|name| fs::metadata(folder.file(name)).expect("there").len());
    assert!(sizes[1] * 2 < sizes[0], "compressed: {sizes:?}");
    assert_eq!(folder.names().len(), 2, "no temporary file is left");
}

#[test]
fn every_prefix_of_a_file_is_refused() {
    let folder = Folder::new("prefix");
    let text = saved(&folder, "p.json");
    for length in 0..text.len() {
        let error = Profile::read_json(&text[..length]).expect_err("a prefix");
        assert!(matches!(error, ProfileError::Truncated), "{length}: {error}");
    }
    let compressed = saved(&folder, "p.json.gz");
    for length in 0..compressed.len() {
        let error = load_bytes(&folder, &compressed[..length]).expect_err("a prefix");
        let expected = if length == 1 { matches!(error, ProfileError::NotAProfile) } else { is_truncated(&error) };
        assert!(expected, "{length}: {error}");
    }
}

fn is_truncated(error: &ProfileError) -> bool {
    matches!(error, ProfileError::Truncated)
}

#[test]
fn no_changed_byte_makes_a_reader_panic() {
    let folder = Folder::new("changed");
    for name in ["p.json", "p.json.gz"] {
        let sound = saved(&folder, name);
        for position in (0..sound.len()).step_by(7) {
            let mut bytes = sound.clone();
            bytes[position] ^= 0x15;
            // Some changes leave a sound profile, such as one in a name; then its views have to work as well.
            if let Ok(profile) = load_bytes(&folder, &bytes) {
                assert!(!profile.summary().is_empty());
            }
        }
    }
}

#[test]
fn a_newer_version_asks_for_an_update() {
    let folder = Folder::new("newer");
    let text = String::from_utf8(saved(&folder, "p.json")).expect("JSON is text");
    let newer = text.replace("\"version\":1,", "\"version\":3,\"later\":{\"deep\":[1]},");
    let error = Profile::read_json(newer.as_bytes()).expect_err("newer");
    assert!(matches!(error, ProfileError::NewerVersion { found: 3, known: 2 }));
    assert!(error.to_string().contains("cargo install cargo-heaplens"), "{error}");
}

#[test]
fn a_field_of_a_later_heaplens_is_passed_over() {
    let folder = Folder::new("later");
    let text = String::from_utf8(saved(&folder, "p.json")).expect("JSON is text");
    let more = text.replace("\"version\":1,", "\"version\":1,\"later\":{\"deep\":[1]},");
    assert_eq!(Profile::read_json(more.as_bytes()).expect("sound"), fluid());
}

#[test]
fn a_file_has_the_lowest_version_that_can_say_what_it_holds() {
    let version = |profile: &Profile| json(profile).split(',').nth(1).expect("a version").to_owned();
    let scope = fluid().in_scope("simulate").expect("it is there");
    let versions = [&fluid(), &fluid().outside_scopes(), &scope, &golden("orders.json")].map(version);
    assert_eq!(versions, ["\"version\":1", "\"version\":2", "\"version\":2", "\"version\":2"]);
}

#[test]
fn a_part_is_loaded_as_it_was_saved() {
    let folder = Folder::new("part");
    let orders = golden("orders.json");
    let part = orders.in_scope("index").and_then(|part| part.on_thread("worker-0")).expect("both are there");
    for part in [part, orders.outside_scopes(), orders.scopes()[1].own_sites()] {
        part.save(folder.file("part.json.gz")).expect("the folder can be written");
        let loaded = Profile::load(folder.file("part.json.gz")).expect("sound");
        assert_eq!((&loaded, loaded.whole_stats()), (&part, orders.stats()));
        assert!(part.part().is_some());
    }
}

#[test]
fn a_part_of_what_is_not_known_or_more_than_its_whole_is_refused() {
    let part = json(&golden("orders.index.json"));
    let whole = format!("\"total_bytes\":{}", golden("orders.json").stats().total_bytes);
    for (sound, wrong) in [
        (whole.as_str(), "\"total_bytes\":1"),
        ("{\"in-scope\":\"index\"}", "{\"in-module\":\"index\"}"),
        ("{\"in-scope\":\"index\"}", "7"),
    ] {
        assert!(part.contains(sound), "{sound}");
        let error = Profile::read_json(part.replacen(sound, wrong, 1).as_bytes()).expect_err(wrong);
        assert!(matches!(error, ProfileError::Damaged { .. }), "{wrong}: {error}");
    }
}

#[test]
fn what_is_no_profile_is_refused() {
    let deep = "[".repeat(100_000);
    for text in ["\n", "0", "[]", "hello", "{}", "{\"format\":\"dhat\",\"version\":1}", "\u{feff}", deep.as_str()] {
        let error = Profile::read_json(text.as_bytes()).expect_err("no profile");
        assert!(matches!(error, ProfileError::NotAProfile), "{error}");
    }
    assert!(matches!(Profile::read_json(&[0xff, 0xfe, 0x00][..]), Err(ProfileError::NotAProfile)));
}

#[test]
fn figures_that_cannot_be_are_refused() {
    let folder = Folder::new("figures");
    let text = String::from_utf8(saved(&folder, "p.json")).expect("JSON is text");
    let peak = format!("\"peak_bytes\":{}", fluid().stats().peak_bytes);
    for (sound, wrong) in [
        (peak.as_str(), "\"peak_bytes\":1"),
        ("{\"frames\":[0", "{\"frames\":[4294967295"),
        ("{\"frames\":[0", "{\"frames\":[-1"),
        ("\"freed_blocks\":", "\"freed_blocks\":1"),
    ] {
        assert!(text.contains(sound), "{sound}");
        let error = Profile::read_json(text.replacen(sound, wrong, 1).as_bytes()).expect_err(wrong);
        assert!(matches!(error, ProfileError::Damaged { .. }), "{wrong}: {error}");
    }
}

#[test]
fn a_path_that_cannot_be_written_is_an_error_with_the_path_in_it() {
    let folder = Folder::new("unwritable");
    for path in [folder.file("missing/p.json"), folder.0.clone()] {
        let error = fluid().save(&path).expect_err("no such folder, and a folder");
        assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
    }
    assert!(folder.names().is_empty(), "nothing is left behind: {:?}", folder.names());
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_profile_and_a_link_stays_a_link() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new("mode");
    saved(&folder, "p.json");
    let mode = fs::metadata(folder.file("p.json")).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    symlink(folder.file("p.json"), folder.file("link.json")).expect("links are supported");
    Profile::default().save(folder.file("link.json")).expect("the folder can be written");
    assert!(folder.file("link.json").is_symlink());
    assert_eq!(Profile::load(folder.file("p.json")).expect("sound"), Profile::default());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported_and_a_device_is_not_replaced() {
    let error = fluid().save("/dev/full").expect_err("no space");
    assert!(error.to_string().starts_with("/dev/full: "), "{error}");
    assert!(!Path::new("/dev/full").is_file(), "the device is still a device");
}

#[test]
fn a_saved_profile_keeps_the_frames_that_views_hide() {
    let folder = Folder::new("hidden");
    saved(&folder, "p.json");
    let loaded = Profile::load(folder.file("p.json")).expect("sound");
    let leaf = |profile: &Profile| profile.sites(Metric::TotalBytes)[0].frames()[0].function.clone();
    assert!(leaf(&loaded).starts_with("fluid::"));
    assert_eq!(leaf(&loaded.with_runtime_frames(true)), "__rustc::__rust_alloc");
}
