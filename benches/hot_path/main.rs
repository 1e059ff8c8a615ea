//! What counting costs: each workload over the bare allocator, over a wrapper that does nothing, and over heaplens, in
//! turn, each in processes of its own.
//!
//! `cargo bench --bench hot_path` prints the table of `benches/README.md`. The machine may be noisy, and noise only adds:
//! the variants run interleaved, each process gives the median of its runs, and the fastest process of each variant is
//! compared with the fastest of the bare one.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;

const VARIANTS: [&str; 3] = ["hot_path_bare", "hot_path_pass_through", "hot_path_counting"];
/// Workloads, and the highest ratio of counting to bare (to pass-through for JSON) that is acceptable.
const WORKLOADS: [(&str, f64); 8] = [
    ("ring", 1.25),
    ("ring-two-threads", 1.25),
    ("json", 1.15),
    ("syn", 1.10),
    ("syn-table", 1.10),
    ("string-map", 1.10),
    ("hash-map", 1.10),
    ("boxes", 1.25),
];
/// Processes of each variant and workload unless `HEAPLENS_BENCH_ROUNDS` says otherwise.
const ROUNDS: usize = 15;

fn main() {
    let rounds = std::env::var("HEAPLENS_BENCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let workers = build_workers();
    let sources = [("syn", largest_source(Some(&library_dependencies()))), ("syn-table", largest_source(None))];
    for (workload, source) in &sources {
        let name = source.file_name().unwrap_or_default().to_string_lossy();
        println!("{workload} parses {name} ({} kB)", source.metadata().map_or(0, |file| file.len() / 1_000));
    }
    println!("{:<18}{:>12}{:>14}{:>12}{:>8}", "workload", "bare (ms)", "pass-through", "counting", "at most");
    let mut all = HashMap::new();
    for (workload, limit) in WORKLOADS {
        let source = &sources[usize::from(workload == "syn-table")].1;
        let mut times = [const { Vec::new() }; VARIANTS.len()];
        for round in 0..rounds {
            for turn in 0..VARIANTS.len() {
                let variant = (turn + round) % VARIANTS.len();
                times[variant].push(run(&workers[variant], workload, source));
            }
        }
        let fastest = times.map(|times| times.into_iter().fold(f64::INFINITY, f64::min));
        let pass_through = fastest[1] / fastest[0];
        let counting = if workload == "json" { fastest[2] / fastest[1] } else { fastest[2] / fastest[0] };
        println!("{workload:<18}{:>12.2}{pass_through:>14.3}{counting:>12.3}{limit:>8.2}", fastest[0] / 1e6);
        all.insert(workload, fastest);
    }
    let scaling = |variant: usize| all["ring"][variant] / all["ring-two-threads"][variant];
    println!(
        "scaling to two threads, heaplens to bare: {:.3} (at least 0.95); json is compared with pass-through",
        scaling(2) / scaling(0)
    );
}

/// Builds the workers as this program was built, and finds their files.
fn build_workers() -> Vec<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["bench", "--no-run", "--message-format=json"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    for variant in VARIANTS {
        cargo.args(["--bench", variant]);
    }
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut files = HashMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let message: serde_json::Value = serde_json::from_str(line).expect("cargo prints JSON");
        if let (Some(name), Some(file)) = (message["target"]["name"].as_str(), message["executable"].as_str()) {
            files.insert(name.to_owned(), PathBuf::from(file));
        }
    }
    VARIANTS.iter().map(|variant| files[*variant].clone()).collect()
}

/// The packages that the library itself depends on, with all features.
fn library_dependencies() -> HashSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--package", "heaplens", "--all-features", "--edges", "normal", "--prefix", "none"]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo runs");
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    lines.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// The largest source file among some dependencies, or all of them, which every machine that can build this has. Of all,
/// it is a generated table of more than a megabyte.
fn largest_source(of: Option<&HashSet<String>>) -> PathBuf {
    let metadata = cargo_metadata::MetadataCommand::new().exec().expect("cargo metadata runs");
    let mut files: Vec<(u64, PathBuf)> = Vec::new();
    for package in metadata.packages.iter().filter(|package| package.source.is_some()) {
        if of.is_some_and(|names| !names.contains(package.name.as_str())) {
            continue;
        }
        if let Some(root) = package.manifest_path.parent() {
            collect(root.join("src").as_std_path(), &mut files);
        }
    }
    files.into_iter().max().expect("there are dependencies").1
}

fn collect(folder: &Path, files: &mut Vec<(u64, PathBuf)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push((entry.metadata().map_or(0, |file| file.len()), path));
        }
    }
}

fn run(worker: &Path, workload: &str, source: &Path) -> f64 {
    let output = Command::new(worker).arg(workload).arg(source).output().expect("the worker runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    printed.trim().parse().unwrap_or_else(|_| panic!("{}: {workload}: {output:?}", worker.display()))
}
