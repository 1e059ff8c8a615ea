//! The two libraries that are loaded in turn: built by the system's C compiler, from one source.

use std::ffi::{CStr, CString, c_int, c_void};
use std::fs;
use std::mem::transmute;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

pub(crate) type Work = extern "C-unwind" fn(*mut c_void) -> c_int;
type Entry = unsafe extern "C-unwind" fn(Work, *mut c_void) -> c_int;

/// Both libraries as files, which go when this is dropped.
pub(crate) struct Libraries {
    folder: PathBuf,
    owner: u32,
    pub(crate) both: [Library; 2],
}

/// A library that can be loaded.
pub(crate) struct Library {
    path: CString,
    entry: &'static CStr,
}

/// A library that is loaded until this is dropped.
pub(crate) struct Loaded {
    handle: *mut c_void,
    entry: Entry,
}

impl Libraries {
    pub(crate) fn build() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("libraries-{}", process::id()));
        fs::create_dir_all(&folder).expect("a folder of our own");
        let both = [(c"hazard_a_entry", "libhazard_a.so"), (c"hazard_b_entry", "libhazard_b.so")];
        let both = both.map(|(entry, file)| Library::build(entry, &folder.join(file)));
        Self { folder, owner: process::id(), both }
    }
}

impl Drop for Libraries {
    fn drop(&mut self) {
        if self.owner == process::id() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

impl Library {
    fn build(entry: &'static CStr, path: &Path) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/loader_storm/library.c");
        let name = format!("-DNAME={}", entry.to_str().expect("ASCII"));
        let built = Command::new("cc")
            .args(["-shared", "-O2", "-fPIC", "-fasynchronous-unwind-tables", "-Wl,--build-id=none", &name, "-o"])
            .args([path, source.as_path()])
            .status();
        assert!(built.expect("a C compiler").success(), "{} is built", path.display());
        let path = CString::new(path.to_str().expect("a path in UTF-8")).expect("a path without a zero byte");
        Self { path, entry }
    }

    pub(crate) fn load(&self) -> Loaded {
        // SAFETY: a valid path; the library has no start-up code of its own.
        let handle = unsafe { libc::dlopen(self.path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        assert!(!handle.is_null(), "{:?} can be loaded", self.path);
        // SAFETY: a handle of dlopen and a valid name.
        let address = unsafe { libc::dlsym(handle, self.entry.as_ptr()) };
        assert!(!address.is_null(), "{:?} is in the library", self.entry);
        // SAFETY: the function of this name has this type.
        let entry = unsafe { transmute::<*mut c_void, Entry>(address) };
        Loaded { handle, entry }
    }
}

impl Loaded {
    /// Where the library's function lies.
    pub(crate) fn address(&self) -> usize {
        self.entry as usize
    }

    /// Has the library call `work`.
    pub(crate) fn call(&self, work: Work, argument: *mut c_void) {
        // SAFETY: the library is loaded, and `work` takes any argument that its caller gives it.
        let result = unsafe { (self.entry)(work, argument) };
        assert_eq!(result, 1);
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        // SAFETY: a handle of dlopen that nothing of the library is called through any more.
        unsafe { libc::dlclose(self.handle) };
    }
}
