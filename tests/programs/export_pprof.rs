//! Writes a pprof profile for `ci/pprof.sh`, and says what a client has to make of it.
//!
//! ```text
//! export_pprof <profile.json | hostile-1 .. hostile-200 | empty> <file.pb.gz> [fault]
//! ```
//!
//! prints the arguments of `ci/clients/pprof.sh` after the file, each on a line of its own.
//! With a fault the file is not what was written but something that the client has to notice.

#[path = "../support/hostile_profile.rs"]
mod hostile_profile;
#[path = "../support/pprof_message.rs"]
mod pprof_message;

use flate2::{Compression, write::GzEncoder};
use heaplens::{Metric, Origin, Profile};
use pprof_message::PprofProfile;
use prost::Message;
use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (profile, file, fault) = match &arguments[..] {
        [profile, file] => (profile, file, None),
        [profile, file, fault] => (profile, file, Some(fault)),
        _ => return Err("export_pprof <profile.json | hostile-1 .. hostile-200 | empty> <file.pb.gz> [fault]".into()),
    };
    let hostile = profile.strip_prefix("hostile-");
    let profile = match hostile {
        Some(number) => hostile_profile::profiles().nth(number.parse::<usize>()? - 1).ok_or("no such profile")?,
        None if profile == "empty" => Profile::default(),
        None => Profile::load(profile)?,
    };
    profile.write_pprof(File::create(file)?)?;
    if let Some(fault) = fault {
        let mut message = PprofProfile::of_file(&fs::read(file)?);
        plant(fault, &mut message)?;
        let encoder = GzEncoder::new(File::create(file)?, Compression::default());
        write_all(encoder, &message.encode_to_vec())?;
    }
    print_totals(&profile);
    // Hostile names are no arguments of a program: some are shown otherwise than they are called.
    if hostile.is_none() {
        print_parts(&profile)?;
        print_largest_function(&profile);
    }
    Ok(())
}

fn write_all(mut encoder: GzEncoder<File>, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    std::io::Write::write_all(&mut encoder, bytes)?;
    encoder.finish()?;
    Ok(())
}

fn plant(fault: &str, message: &mut PprofProfile) -> Result<(), Box<dyn Error>> {
    match fault {
        "objects-for-space" => message.sample.iter_mut().for_each(|sample| sample.value.swap(0, 1)),
        "peak-for-inuse" => message.sample.iter_mut().for_each(|sample| sample.value.swap(3, 5)),
        "lost-sample" => drop(message.sample.pop()),
        "root-first" => message.sample.iter_mut().for_each(|sample| sample.location_id.reverse()),
        "no-labels" => message.sample.iter_mut().for_each(|sample| sample.label.clear()),
        "no-default" => message.default_sample_type = 0,
        "system-names" => message.function.iter_mut().for_each(|function| function.system_name = function.name),
        _ => return Err(format!("no such fault: {fault}").into()),
    }
    Ok(())
}

fn print_totals(profile: &Profile) {
    let stats = profile.stats();
    let totals = [
        stats.total_bytes,
        stats.total_blocks,
        stats.live_bytes,
        stats.live_blocks,
        stats.peak_bytes,
        stats.peak_blocks,
    ];
    totals.iter().for_each(|total| println!("{total}"));
}

/// Names as exports show them: without one, something stands for it.
fn print_parts(profile: &Profile) -> Result<(), Box<dyn Error>> {
    let shown = |name: &str| if name.is_empty() { "(unnamed)".to_owned() } else { name.to_owned() };
    for name in profile.scopes().iter().filter_map(|scope| scope.name()) {
        println!("scope\n{}\n{}", shown(name), profile.in_scope(name)?.stats().total_bytes);
    }
    for name in profile.threads().unwrap_or_default().iter().filter_map(|thread| thread.name()) {
        println!("thread\n{}\n{}", shown(name), profile.on_thread(name)?.stats().total_bytes);
    }
    Ok(())
}

/// The leaf of a stack has the bytes by itself; those around it do not.
fn print_largest_function(profile: &Profile) {
    let mut by_function: BTreeMap<String, u64> = BTreeMap::new();
    for site in profile.sites(Metric::TotalBytes) {
        let leaf = site.frames().iter().find(|frame| !matches!(frame.origin, Origin::Scope | Origin::Thread));
        *by_function.entry(leaf.map_or_else(|| "(no stack)".to_owned(), ToString::to_string)).or_default() +=
            site.value();
    }
    if let Some((function, bytes)) = by_function.iter().max_by_key(|(_, bytes)| **bytes) {
        println!("self\n{function}\n{bytes}");
    }
}
