//! L6: sixty-four plugins with a copy of heaplens each, in one process whose keys for thread-locals are used up.
//!
//! The plugins are copies of one file under other names, so that the loader takes each for a library of its own. It is the
//! example `plugin`, which `cargo test` builds; where only this test is built, or everything with jemalloc, the test builds
//! the example itself.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/process_per_case.rs"]
mod process_per_case;
#[path = "support/threads.rs"]
mod threads;
#[path = "support/watchdog.rs"]
mod watchdog;

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::ffi::{CStr, CString, c_void};
use std::fs;
use std::mem::transmute_copy;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use watchdog::{progress, watched};

heaplens::install!();

claims::claims!(l6_each_of_sixty_four_plugins_counts_its_own_blocks, l6_plugins_load_and_count_when_no_key_is_left,);

const PLUGINS: usize = 64;
const BLOCKS: usize = 100;
const SIZE: usize = 333;

/// A plugin, loaded for good.
struct Plugin {
    make: extern "C" fn(usize) -> *mut u8,
    give_back: unsafe extern "C" fn(*mut u8, usize),
    live_blocks: extern "C" fn() -> u64,
}

impl Plugin {
    fn load(path: &Path) -> Self {
        let path = CString::new(path.to_str().expect("a path in UTF-8")).expect("a path without a zero byte");
        // SAFETY: a valid path; the plugin's start-up code is this package's.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        assert!(!handle.is_null(), "{path:?} cannot be loaded: {}", loader_error());
        // SAFETY: the plugin has functions of these names and types.
        let make = unsafe { symbol(handle, c"plugin_make") };
        // SAFETY: as above.
        let give_back = unsafe { symbol(handle, c"plugin_give_back") };
        // SAFETY: as above.
        let live_blocks = unsafe { symbol(handle, c"plugin_live_blocks") };
        Self { make, give_back, live_blocks }
    }

    /// Blocks that come and go, each counted here and nowhere else.
    fn use_it(&self) {
        let before = (self.live_blocks)();
        let blocks: [*mut u8; BLOCKS] = std::array::from_fn(|_| (self.make)(SIZE));
        assert_eq!((self.live_blocks)() - before, BLOCKS as u64);
        for block in blocks {
            // SAFETY: made by this plugin, of this size.
            unsafe { (self.give_back)(block, SIZE) };
        }
        assert_eq!((self.live_blocks)(), before);
    }

    /// Blocks that come and go beside those of other threads.
    fn add_and_remove(&self) {
        for _ in 0..BLOCKS {
            // SAFETY: made by this plugin, of this size.
            unsafe { (self.give_back)((self.make)(SIZE), SIZE) };
        }
    }
}

/// What the loader says of the call that failed last.
fn loader_error() -> String {
    // SAFETY: no arguments. The text is valid until the loader's next call on this thread.
    let text = unsafe { libc::dlerror() };
    assert!(!text.is_null(), "the loader says why a call failed");
    // SAFETY: a text of the loader, not null.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
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

/// The copies, which go when this is dropped.
struct Copies(PathBuf);

impl Copies {
    fn make() -> Self {
        let original = built_plugin();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("plugins-{}", process::id()));
        fs::create_dir_all(&folder).expect("a folder of our own");
        let copies = Self(folder);
        for number in 0..PLUGINS {
            fs::copy(&original, copies.path(number)).expect("a file of our own");
        }
        copies
    }

    fn path(&self, number: usize) -> PathBuf {
        self.0.join(format!("plugin{number}{DLL_SUFFIX}"))
    }

    fn load_all(&self) -> Vec<Plugin> {
        let load = |number| {
            progress();
            Plugin::load(&self.path(number))
        };
        (0..PLUGINS).map(load).collect()
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The example `plugin` of this build, beside the folder of this binary.
fn built_plugin() -> PathBuf {
    let binary = std::env::current_exe().expect("the path of this binary");
    let profile = binary.ancestors().nth(2).expect("target/<profile>/deps/<binary>");
    let plugin = profile.join("examples").join(format!("{DLL_PREFIX}plugin{DLL_SUFFIX}"));
    // jemalloc keeps two kilobytes in the part of thread-local memory that is laid out when a program starts, where a
    // library that is loaded later finds no room: the plugin is one without jemalloc.
    if cfg!(feature = "jemalloc") || !plugin.is_file() {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--offline", "--package", "heaplens", "--example", "plugin"]);
        build.arg("--target-dir").arg(profile.parent().expect("the target folder"));
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo starts").success(), "the example `plugin` is built");
    }
    plugin
}

/// Uses every plugin on this thread and on others, and checks that this program's figures know nothing of it.
fn use_all(plugins: &[Plugin]) {
    let ((), used) = heaplens::measure("plugins", || plugins.iter().for_each(Plugin::use_it));
    assert_eq!((used.total_blocks, used.completeness().foreign_frees), (0, 0));
    // Threads of C: those of the standard library need a key themselves.
    for _ in 0..4 {
        threads::run_on::<4>(&|_| plugins.iter().for_each(Plugin::add_and_remove));
        progress();
    }
    plugins.iter().for_each(Plugin::use_it);
}

fn l6_each_of_sixty_four_plugins_counts_its_own_blocks() {
    let copies = Copies::make();
    watched(|| use_all(&copies.load_all()));
}

fn l6_plugins_load_and_count_when_no_key_is_left() {
    let copies = Copies::make();
    watched(|| {
        let mut key = 0;
        // SAFETY: a valid place for the key, and no destructor.
        while unsafe { libc::pthread_key_create(&mut key, None) } == 0 {}
        assert!(key > 100, "keys were to be had");
        use_all(&copies.load_all());
    });
}
