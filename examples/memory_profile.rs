//! Where does the memory of a real program go? Parses the sources of this workspace's own dependencies with `syn`, counts
//! their items, writes the counts as JSON, and profiles all of it.
//!
//! ```sh
//! cargo run --release --example memory_profile
//! ```
//!
//! Leaves one flame graph for each metric, the profile, and the counts under `target/heaplens/`.
//! An argument says how many kilobytes of source are read at most: `-- 500`.

use heaplens::{Metric, Profile, Profiler};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

heaplens::install!();

/// Kilobytes of source that are read unless an argument says otherwise.
const SOURCE_KB: u64 = 2_000;

/// Items by crate and kind.
type Counts = BTreeMap<String, BTreeMap<String, usize>>;

/// A source file and the crate that it belongs to.
struct Source {
    krate: String,
    path: PathBuf,
    bytes: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let limit = source_limit()?;
    let sources = dependency_sources(limit)?;
    let folder = output_folder()?;
    let bytes: u64 = sources.iter().map(|source| source.bytes).sum();
    println!("parsing {} files, {:.1} MB of source", sources.len(), bytes as f64 / 1e6);

    let progress = progress_bar(bytes);
    let profiler = Profiler::builder().name("memory_profile").start()?;
    let counts = count_all(&sources, &progress);
    let json = heaplens::measure("serialise", || serde_json::to_string_pretty(&counts)).0?;
    heaplens::exclude(|| show_step(&progress, "naming the functions of all call stacks"));
    let profile = profiler.stop();

    fs::write(folder.join("items.json"), json)?;
    save_all(&profile, &folder, &progress)?;
    progress.finish_and_clear();

    println!("{}", profile.summary());
    println!("flame graphs and the profile are in {}", folder.display());
    println!("open {}", folder.join("memory_profile.live-at-peak-bytes.svg").display());
    Ok(())
}

/// Writes the profile, and a flame graph for each metric.
fn save_all(profile: &Profile, folder: &Path, progress: &ProgressBar) -> Result<(), Box<dyn Error>> {
    show_step(progress, "writing memory_profile.json.gz");
    profile.save(folder.join("memory_profile.json.gz"))?;
    for metric in Metric::ALL {
        let name = format!("memory_profile.{metric}.svg");
        show_step(progress, &format!("writing {name}"));
        profile.save_flamegraph(metric, folder.join(name))?;
    }
    Ok(())
}

/// Parses every file and counts its items.
fn count_all(sources: &[Source], progress: &ProgressBar) -> Counts {
    let mut counts = Counts::new();
    for source in sources {
        // What the bar allocates is no part of the work.
        heaplens::exclude(|| progress.inc(source.bytes));
        if let Some(file) = parse(&source.path) {
            count_items(&file.items, counts.entry(source.krate.clone()).or_default());
        }
    }
    counts
}

/// A file as a syntax tree, unless it is not a module by itself (a part to be included, or a test of the compiler).
fn parse(path: &Path) -> Option<syn::File> {
    let text = fs::read_to_string(path).ok()?;
    syn::parse_file(&text).ok()
}

fn count_items(items: &[syn::Item], counts: &mut BTreeMap<String, usize>) {
    for item in items {
        *counts.entry(kind(item).to_owned()).or_default() += 1;
        if let syn::Item::Mod(module) = item
            && let Some((_, inner)) = &module.content
        {
            count_items(inner, counts);
        }
    }
}

fn kind(item: &syn::Item) -> &'static str {
    match item {
        syn::Item::Const(_) => "const",
        syn::Item::Enum(_) => "enum",
        syn::Item::Fn(_) => "fn",
        syn::Item::Impl(_) => "impl",
        syn::Item::Macro(_) => "macro",
        syn::Item::Mod(_) => "mod",
        syn::Item::Static(_) => "static",
        syn::Item::Struct(_) => "struct",
        syn::Item::Trait(_) => "trait",
        syn::Item::Type(_) => "type",
        syn::Item::Use(_) => "use",
        _ => "other",
    }
}

/// Source files of the dependencies in order of name, up to the limit.
fn dependency_sources(limit_bytes: u64) -> Result<Vec<Source>, Box<dyn Error>> {
    let metadata = cargo_metadata::MetadataCommand::new().manifest_path(manifest()).exec()?;
    let mut sources = Vec::new();
    for package in metadata.packages.iter().filter(|package| package.source.is_some()) {
        if let Some(root) = package.manifest_path.parent() {
            collect(root.join("src").as_std_path(), package.name.as_str(), &mut sources)?;
        }
    }
    if sources.is_empty() {
        return Err("no dependency has sources on this machine: run `cargo fetch` first".into());
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    let mut read = 0;
    sources.retain(|source| {
        read += source.bytes;
        read <= limit_bytes
    });
    Ok(sources)
}

fn collect(folder: &Path, krate: &str, sources: &mut Vec<Source>) -> std::io::Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if path.is_dir() {
            collect(&path, krate, sources)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            sources.push(Source { krate: krate.to_owned(), bytes: entry.metadata()?.len(), path });
        }
    }
    Ok(())
}

fn manifest() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")
}

/// `target/heaplens/`, wherever cargo keeps `target`.
fn output_folder() -> Result<PathBuf, Box<dyn Error>> {
    let metadata = cargo_metadata::MetadataCommand::new().manifest_path(manifest()).no_deps().exec()?;
    let folder = metadata.target_directory.join("heaplens").into_std_path_buf();
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn source_limit() -> Result<u64, Box<dyn Error>> {
    let Some(argument) = std::env::args().nth(1) else { return Ok(SOURCE_KB * 1_000) };
    let kilobytes: u64 =
        argument.parse().map_err(|_| format!("`{argument}` is not a number of kilobytes of source to read"))?;
    Ok(kilobytes * 1_000)
}

/// A bar on a terminal; nothing where the output goes to a file.
fn progress_bar(bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes}  {elapsed}, {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// Puts what the program does in place of the bar. Nothing moves while it does it, since a thread that redraws would
/// allocate beside it.
fn show_step(bar: &ProgressBar, step: &str) {
    if let Ok(style) = ProgressStyle::with_template("{elapsed:>4}  {msg} ...") {
        bar.set_style(style);
    }
    bar.set_message(step.to_owned());
    bar.force_draw();
}
