//! From a return address to the functions it lies in.
//!
//! Addresses repeat in nearly every stack, and reading debug information is slow, so each address is looked up once. The
//! lookup reads the files of the running process: it works for addresses of this process only.

use core::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::symbolize::module::qualified;
use crate::symbolize::{Frame, Origin};

/// Names the frames of return addresses, and remembers them.
#[derive(Default)]
pub(crate) struct Symbolizer {
    known: HashMap<usize, Rc<[Frame]>>,
}

/// What to write into `Cargo.toml` when functions of the program have names but no lines.
const NO_DEBUG_INFORMATION: &str =
    "no file and line: set `debug = \"limited\"` under `[profile.release]` in Cargo.toml";
/// What to write into `Cargo.toml` when the program has no names at all.
const NO_SYMBOLS: &str =
    "no function names: remove `strip` and set `debug = \"limited\"` under `[profile.release]` in Cargo.toml";

impl Symbolizer {
    /// The frames at a return address, the innermost inlined one first. Never empty: an address that nobody knows gives
    /// one frame with the address as its name.
    pub(crate) fn frames(&mut self, return_address: usize) -> Rc<[Frame]> {
        let frames = self.known.entry(return_address).or_insert_with(|| look_up(return_address));
        Rc::clone(frames)
    }

    /// As [`frames`](Self::frames), for code of a module that can be unloaded. If it was, the frame is named after the
    /// module's file and the offset in it.
    pub(crate) fn frames_of_module(&mut self, return_address: usize, module: u16) -> Rc<[Frame]> {
        match file_of_gone(return_address, module) {
            None => self.frames(return_address),
            Some((file, offset)) => {
                let name = format!("{file}+{offset:#x}");
                Rc::from([Frame { origin: Origin::Dependency, ..Frame::code(name, None, None) }])
            }
        }
    }

    /// What the user can change to see more, if the debug information leaves out most of the program's own functions.
    pub(crate) fn note(&self) -> Option<String> {
        let frames = || self.known.values().flat_map(|frames| frames.iter());
        let unnamed = frames().filter(|frame| is_unnamed(frame)).count();
        let own = frames().filter(|frame| frame.origin != Origin::Runtime && !is_unnamed(frame)).count();
        let own_without_file = frames().filter(|frame| frame.origin == Origin::User && frame.file.is_none()).count();
        if unnamed > own {
            Some(NO_SYMBOLS.to_owned())
        } else if 2 * own_without_file > own {
            Some(NO_DEBUG_INFORMATION.to_owned())
        } else {
            None
        }
    }
}

/// The name of the file, and the offset in it, of an address in a module that was unloaded since.
#[cfg(heaplens_rules)]
fn file_of_gone(return_address: usize, module: u16) -> Option<(String, u64)> {
    let (path, offset) = crate::sys::modules::gone(return_address as u64, module)?;
    let path = String::from_utf8_lossy(path);
    Some((path.rsplit('/').next().unwrap_or(&path).to_owned(), offset))
}

#[cfg(not(heaplens_rules))]
fn file_of_gone(_: usize, _: u16) -> Option<(String, u64)> {
    None
}

/// The frames at a return address, from the debug information of the running process.
fn look_up(return_address: usize) -> Rc<[Frame]> {
    let mut frames = Vec::new();
    // A return address is the instruction after the call, which may belong to the next line or the next function.
    // `resolve` takes it as such, and looks up the byte before it.
    backtrace::resolve(core::ptr::without_provenance_mut(return_address), |symbol| {
        if let Some(name) = symbol.name() {
            let file = symbol.filename().map(|file| file.to_string_lossy().into_owned());
            // The alternate form leaves out the hash that the compiler appends.
            frames.push(named_frame(format!("{name:#}"), file, symbol.lineno()));
        }
    });
    if frames.is_empty() {
        frames.push(unnamed_frame(return_address));
    }
    frames.into()
}

thread_local! {
    static GUESSED_CRATES: Cell<u64> = const { Cell::new(0) };
}

/// How often this thread has met a function outside of the standard library whose debug information does not name its crate. Who
/// wants to know it of one profile looks before and after naming that: another thread's functions say nothing of it.
pub(crate) fn guessed_crates() -> u64 {
    GUESSED_CRATES.get()
}

/// A frame whose origin is judged by the name as the compiler wrote it.
fn named_frame(name: String, file: Option<String>, line: Option<u32>) -> Frame {
    let mut frame = Frame::code(name, file, line);
    let qualified = qualified(frame.function.clone(), frame.file.as_deref());
    if qualified != frame.function {
        if matches!(frame.origin, Origin::User | Origin::Dependency) {
            GUESSED_CRATES.set(GUESSED_CRATES.get() + 1);
        }
        frame.function = qualified;
    }
    frame
}

/// A frame for an address that nobody knows: generated code, or a library without symbols.
fn unnamed_frame(address: usize) -> Frame {
    Frame { origin: Origin::Dependency, ..Frame::code(format!("{address:#x}"), None, None) }
}

fn is_unnamed(frame: &Frame) -> bool {
    frame.function.starts_with("0x")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[inline(never)]
    fn return_addresses() -> Vec<usize> {
        let mut addresses = Vec::new();
        backtrace::trace(|frame| {
            addresses.push(frame.ip() as usize);
            true
        });
        addresses
    }

    #[test]
    fn a_function_of_this_program_gets_its_name_file_and_line() {
        let mut symbolizer = Symbolizer::default();
        let frames: Vec<Frame> =
            return_addresses().iter().flat_map(|address| symbolizer.frames(*address).to_vec()).collect();
        let is_here = |frame: &&Frame| frame.file.as_ref().is_some_and(|file| file.ends_with("resolve.rs"));
        let here = frames.iter().find(is_here).expect("its file is known");
        assert!(here.function.contains("::return_addresses"), "{}", here.function);
        assert!(here.line.is_some_and(|line| line > 1));
        assert!(!here.function.contains("::h"), "the hash is left out: {}", here.function);
        assert!(frames.iter().any(|frame| frame.origin == Origin::Runtime));
        assert_eq!(symbolizer.note(), None);
    }

    #[test]
    fn an_address_is_looked_up_as_that_of_the_call_before_it() {
        // What returns to the first instruction of a function was called by whatever lies before it.
        let start = return_addresses as fn() -> Vec<usize> as usize;
        let is_named = |address| {
            let frames = Symbolizer::default().frames(address);
            frames.iter().any(|frame| frame.function.ends_with("::return_addresses"))
        };
        assert!(is_named(start + 1));
        assert!(!is_named(start));
    }

    #[test]
    fn an_unknown_address_is_one_frame_and_the_answer_is_remembered() {
        let mut symbolizer = Symbolizer::default();
        let first = symbolizer.frames(0x10);
        assert_eq!(first.len(), 1);
        assert_eq!((first[0].function.as_str(), first[0].origin), ("0x10", Origin::Dependency));
        assert!(Rc::ptr_eq(&first, &symbolizer.frames(0x10)));
        assert_eq!(symbolizer.frames(0).len(), 1);
    }

    #[test]
    fn a_note_names_the_line_of_cargo_toml_that_is_missing() {
        let note = |frames: &[Frame]| Symbolizer { known: HashMap::from([(1, frames.into())]) }.note();
        assert_eq!(note(&[]), None);
        let without_file = named_frame("app::main".to_owned(), None, None);
        let with_file = named_frame("app::main".to_owned(), Some("/home/me/app/src/main.rs".to_owned()), Some(3));
        assert_eq!(note(&[with_file]), None);
        assert!(note(&[without_file]).expect("a note").contains("debug = \"limited\""));
        assert!(note(&[unnamed_frame(16)]).expect("a note").contains("strip"));
    }
}
