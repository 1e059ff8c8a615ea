//! A program with heaplens that loads a plugin with another copy of it (hazard X1), given by its path.
//!
//! What is lawful is exact on both sides. A block that is freed on the wrong side is counted as foreign and changes no
//! figure; with the system's allocator on both sides nothing else comes of it. Ends with a failure if that is not so.

use std::ffi::{CStr, CString, c_void};
use std::mem::transmute_copy;
use std::sync::mpsc;
use std::thread;

heaplens::install!();

const BLOCKS: usize = 1_000;
const SIZE: usize = 500;

/// The plugin, loaded.
#[derive(Clone, Copy)]
struct Plugin {
    handle: *mut c_void,
    make: extern "C" fn(usize) -> *mut u8,
    give_back: unsafe extern "C" fn(*mut u8, usize),
    live_blocks: extern "C" fn() -> u64,
}

impl Plugin {
    fn load(path: &str) -> Self {
        let path = CString::new(path).expect("a path without a zero byte");
        // SAFETY: a valid path; the plugin's start-up code is this package's.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        assert!(!handle.is_null(), "{path:?} can be loaded");
        // SAFETY: the plugin has functions of these names and types.
        let make = unsafe { symbol(handle, c"plugin_make") };
        // SAFETY: as above.
        let give_back = unsafe { symbol(handle, c"plugin_give_back") };
        // SAFETY: as above.
        let live_blocks = unsafe { symbol(handle, c"plugin_live_blocks") };
        Self { handle, make, give_back, live_blocks }
    }
}

/// # Safety
///
/// The symbol is a function of type `F`.
unsafe fn symbol<F>(handle: *mut c_void, name: &CStr) -> F {
    // SAFETY: a handle of dlopen and a valid name.
    let address = unsafe { libc::dlsym(handle, name.as_ptr()) };
    assert!(!address.is_null(), "{name:?} is in the plugin");
    // SAFETY: by the caller's promise the address is that of such a function.
    unsafe { transmute_copy(&address) }
}

/// Blocks of the plugin go back to it: both copies are exact, and neither knows of the other.
fn lawful(plugin: Plugin) {
    let ((), used) = heaplens::measure("lawful", || {
        let before = (plugin.live_blocks)();
        let blocks: [*mut u8; BLOCKS] = core::array::from_fn(|_| (plugin.make)(SIZE));
        assert_eq!((plugin.live_blocks)() - before, BLOCKS as u64);
        for block in blocks {
            // SAFETY: made by the plugin, of this size.
            unsafe { (plugin.give_back)(block, SIZE) };
        }
        assert_eq!((plugin.live_blocks)(), before);
    });
    assert_eq!((used.total_blocks, used.freed_blocks), (0, 0), "{used}");
    assert!(used.completeness().is_complete(), "{used}");
}

/// Frees blocks of another allocator on this side. One in 256 passes for our own; the rest is counted as foreign.
fn unlawful(what: &'static str, make: impl Fn() -> *mut u8) {
    let before = heaplens::stats();
    let ((), used) = heaplens::measure(what, || {
        let blocks: [*mut u8; BLOCKS] = core::array::from_fn(|_| make());
        for block in blocks {
            let slice = core::ptr::slice_from_raw_parts_mut(block, SIZE);
            // SAFETY: against the rules: the block is another allocator's. Both are the system's underneath.
            drop(unsafe { Box::from_raw(slice) });
        }
    });
    let after = heaplens::stats();
    let foreign = used.completeness().foreign_frees;
    println!("{what}: {foreign} of {BLOCKS} foreign");
    assert!(foreign >= BLOCKS as u64 * 97 / 100, "{foreign} of {BLOCKS}");
    assert_eq!(used.total_blocks, 0, "{used}");
    assert_eq!(after.total_blocks, before.total_blocks);
    assert!(after.freed_blocks - before.freed_blocks <= BLOCKS as u64 - foreign);
}

/// A thread that used the plugin ends after the plugin was closed.
fn close_before_a_thread_ends(path: String) {
    let (used, wait_used) = mpsc::channel();
    let (closed, wait_closed) = mpsc::channel();
    let thread = thread::spawn(move || {
        let plugin = Plugin::load(&path);
        // SAFETY: made by the plugin, of this size.
        unsafe { (plugin.give_back)((plugin.make)(SIZE), SIZE) };
        used.send(plugin.handle.addr()).expect("the main thread waits");
        wait_closed.recv().expect("the main thread says so");
    });
    let handle = wait_used.recv().expect("the thread used the plugin");
    // SAFETY: a handle of dlopen; the thread calls the plugin no more.
    unsafe { libc::dlclose(core::ptr::with_exposed_provenance_mut(handle)) };
    closed.send(()).expect("the thread waits");
    thread.join().expect("no panic");
    println!("closed before a thread ended");
}

fn main() {
    let path = std::env::args().nth(1).expect("the path of the plugin");
    close_before_a_thread_ends(path.clone());
    let plugin = Plugin::load(&path);
    lawful(plugin);
    unlawful("blocks of the plugin", || (plugin.make)(SIZE));
    // SAFETY: malloc may be called with any size.
    unlawful("blocks of malloc", || unsafe { libc::malloc(SIZE).cast() });
}
