//! `cargo heaplens export`: every format of a profile that is part of the repository, to a file and to standard output; and
//! `cargo heaplens diff`.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use support::{ended, text};

fn profile() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/orders.json")
}

/// A folder with a copy of the profile, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("cargo-heaplens-export-{test}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("writable");
        fs::copy(profile(), folder.join("orders.json")).expect("the profile is part of the repository");
        Self(folder)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(&[&["export", "orders.json"], arguments].concat())
    }

    fn command(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-heaplens"));
        command.current_dir(&self.0).args(arguments).output().expect("it was built")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const FORMATS: [(&str, &str); 7] = [
    ("--pprof", "orders.pb.gz"),
    ("--dhat", "orders.dhat.json"),
    ("--speedscope", "orders.speedscope.json"),
    ("--folded", "orders.total-bytes.folded"),
    ("--flamegraph", "orders.total-bytes.svg"),
    ("--csv", "orders.csv"),
    ("--json", "orders.export.json"),
];

#[test]
fn a_file_lies_beside_the_profile_and_is_what_standard_output_gets() {
    let folder = Folder::new("files");
    for (format, file) in FORMATS {
        assert_eq!(ended(0, &folder.run(&[format])).trim_end(), file);
        let written = fs::read(folder.0.join(file)).expect("written");
        assert!(folder.run(&[format, "-o", "-"]).stdout == written, "{format}");
        ended(0, &folder.run(&[format, "-o", "named"]));
        assert!(fs::read(folder.0.join("named")).expect("written") == written, "{format}");
    }
    let part = ended(0, &folder.run(&["--csv", "--scope", "index", "--thread", "worker-1"]));
    assert_eq!(part.trim_end(), "orders.scope-index.thread-worker-1.csv");
    let folded = ended(0, &folder.run(&["--folded", "--metric", "total-blocks"]));
    assert_eq!(folded.trim_end(), "orders.total-blocks.folded");
}

#[test]
fn wrong_usage_ends_with_2_and_leaves_what_is_there() {
    let folder = Folder::new("usage");
    fs::write(folder.0.join("taken"), "kept").expect("writable");
    for arguments in [
        &[][..],
        &["--csv", "--folded"],
        &["--csv", "--metric", "total-blocks"],
        &["--csv", "--scope", "nobody"],
        &["--csv", "-o", "missing/file"],
        &["--csv", "-o", "."],
    ] {
        let output = folder.run(arguments);
        ended(2, &output);
        assert!(!text(&output.stderr).is_empty(), "{arguments:?}");
    }
    fs::write(folder.0.join("orders.json"), "{").expect("writable");
    ended(2, &folder.run(&["--csv", "-o", "taken"]));
    assert_eq!(fs::read_to_string(folder.0.join("taken")).expect("readable"), "kept");
}

/// The oracle is Python's reader of such files, and a reader of JSON.
#[test]
fn the_table_is_read_by_another_reader_and_adds_up() {
    let folder = Folder::new("csv");
    let json: Value = serde_json::from_str(&ended(0, &folder.run(&["--json", "-o", "-"]))).expect("JSON");
    ended(0, &folder.run(&["--csv"]));
    let script = "import csv\n\
        rows = list(csv.DictReader(open('orders.csv', newline=''), strict=True))\n\
        for name in ['total_blocks', 'total_bytes', 'freed_blocks', 'freed_bytes', 'live_at_peak_bytes', 'temporary_blocks']:\n    \
            print(sum(int(row[name]) for row in rows))\n\
        assert all(None not in row and None not in row.values() for row in rows)";
    let Ok(output) = Command::new("python3").current_dir(&folder.0).args(["-c", script]).output() else { return };
    let names = ["total_blocks", "total_bytes", "freed_blocks", "freed_bytes", "peak_bytes", "temporary_blocks"];
    let expected: String = names.map(|name| format!("{}\n", json["stats"][name])).concat();
    assert_eq!(text(&output.stdout), expected, "{}", text(&output.stderr));
}

#[test]
fn a_difference_is_shown_in_every_form() {
    let folder = Folder::new("diff");
    let fluid = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/fluid.json");
    let fluid = fluid.to_str().expect("a plain path");
    let diff = |arguments: &[&str]| ended(0, &folder.command(&[&["diff", fluid, "orders.json"], arguments].concat()));
    let text = diff(&[]);
    assert!(text.lines().count() <= 25 && text.contains("  ... and 8 more, -34.1 kB together"), "{text}");
    assert!(diff(&["--top", "1", "--metric", "total-blocks"]).contains("blocks allocated"));
    let json: Value = serde_json::from_str(&diff(&["--json"])).expect("JSON");
    assert_eq!((&json["format"], &json["version"]), (&"heaplens-diff".into(), &1.into()));
    assert!(diff(&["--folded"]).lines().all(|line| line.rsplit(' ').take(2).all(|word| word.parse::<u64>().is_ok())));
    assert!(diff(&["--flamegraph"]).trim_end().ends_with("</svg>"));
    let same = ended(0, &folder.command(&["diff", "orders.json", "orders.json"]));
    assert!(same.ends_with("no call site changed by bytes allocated\n"), "{same}");
    ended(2, &folder.command(&["diff", "orders.json"]));
    ended(2, &folder.command(&["diff", "orders.json", "missing.json"]));
    ended(2, &folder.command(&["diff", "orders.json", "orders.json", "--json", "--folded"]));
}
