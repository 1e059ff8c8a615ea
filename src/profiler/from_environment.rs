//! Recording without a line of code: `HEAPLENS=stacks` in the environment of a program that has heaplens installed.
//!
//! The recording begins before `main` and ends when the process exits: by returning from `main`, by
//! `std::process::exit`, and after a panic. The profile goes to `$HEAPLENS_OUT/<program>.<pid>.json.gz`, `heaplens/`
//! unless given. With `HEAPLENS_BY_THREAD=1` its call stacks lie under their threads. The program's output and exit code
//! stay as they are; one line on the standard error says where the profile is, or why there is none. A set-user-id program
//! ignores all of these variables.

use super::process::{Profiler, program_name};
use crate::record::own_work::OwnWork;
use crate::record::self_check;
use crate::sys::{environment, exit};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Mutex;

/// The recording that the environment asked for.
static PROFILER: Mutex<Option<Profiler>> = Mutex::new(None);

/// The loader calls this before `main`.
#[used]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
static BEFORE_MAIN: extern "C" fn() = begin;

extern "C" fn begin() {
    if let Some(wish) = environment::variable(c"HEAPLENS_VERIFY") {
        set_self_check(wish.to_bytes());
    }
    let Some(wish) = environment::variable(c"HEAPLENS") else { return };
    let _own = OwnWork::begin();
    match wish.to_bytes() {
        b"" => {}
        b"stacks" => start(),
        other => say(&format!(
            "HEAPLENS={} is not known: use HEAPLENS=stacks to record call stacks, or unset it",
            String::from_utf8_lossy(other).escape_debug()
        )),
    }
}

/// Sets how often captured stacks are compared with a full unwind, unless a profiler says otherwise.
fn set_self_check(wish: &[u8]) {
    match core::str::from_utf8(wish).ok().and_then(|number| number.parse().ok()) {
        Some(every) => self_check::compare_every(every),
        None if wish.is_empty() => {}
        None => {
            let _own = OwnWork::begin();
            say(&format!(
                "HEAPLENS_VERIFY={} is not a number: n compares every n-th captured stack with a full unwind, 0 none",
                String::from_utf8_lossy(wish).escape_debug()
            ));
        }
    }
}

/// Whether stacks are to lie under their threads.
fn is_by_thread() -> bool {
    match environment::variable(c"HEAPLENS_BY_THREAD").map_or(&b""[..], |wish| wish.to_bytes()) {
        b"1" => true,
        b"" | b"0" => false,
        other => {
            say(&format!(
                "HEAPLENS_BY_THREAD={} is not known: 1 keeps call stacks apart by the names of threads, 0 does not",
                String::from_utf8_lossy(other).escape_debug()
            ));
            false
        }
    }
}

fn start() {
    let profiler = Profiler::builder();
    match if is_by_thread() { profiler.by_thread() } else { profiler }.start() {
        Ok(profiler) => {
            if let Ok(mut place) = PROFILER.lock() {
                *place = Some(profiler);
            }
            if !exit::at_exit(write) {
                say("the profile cannot be written when the program exits: the system takes no more exit handlers");
            }
        }
        Err(error) => say(&format!("HEAPLENS=stacks: {error}")),
    }
}

/// Ends the recording and writes the profile. Called by `exit`, where nothing may unwind.
extern "C" fn write() {
    let _own = OwnWork::begin();
    let Some(profiler) = PROFILER.try_lock().ok().and_then(|mut place| place.take()) else { return };
    let written = std::panic::catch_unwind(|| {
        let profile = profiler.stop();
        let directory = output_directory();
        std::fs::create_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
        let name = program_name().unwrap_or_else(|| "program".to_owned());
        let path = directory.join(format!("{name}.{}.json.gz", std::process::id()));
        profile.save(&path).map_err(|error| error.to_string())?;
        Ok::<PathBuf, String>(path)
    });
    match written {
        Ok(Ok(path)) => say(&format!("profile written, see: cargo heaplens report {}", path.display())),
        Ok(Err(error)) => say(&format!("the profile could not be written: {error} (HEAPLENS_OUT names the directory)")),
        Err(_) => say("the profile could not be written because of a mistake in heaplens"),
    }
}

fn output_directory() -> PathBuf {
    environment::variable(c"HEAPLENS_OUT")
        .map_or_else(|| PathBuf::from("heaplens"), |given| PathBuf::from(OsStr::from_bytes(given.to_bytes())))
}

/// One line on the standard error, if it can be written at all.
fn say(what: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "heaplens: {what}");
}
