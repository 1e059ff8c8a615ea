//! What the calling thread is called: by the program, or by its place in it.
//!
//! The system keeps a name for each thread: on Linux of 15 bytes at most, elsewhere of 63. There a thread begins with the
//! name of the thread that started it, and the first one with that of the program. Whoever bears that still was given none.

/// The longest name that a system keeps, with the NUL at its end.
const MAX_BYTES: usize = 64;
/// What Rust calls the thread that runs `main`.
const MAIN: &[u8] = b"main";

/// The name of a thread, in whatever encoding: empty for one that was given none, `main` for the first.
pub(crate) struct ThreadName {
    /// The name, and a NUL behind it.
    bytes: [u8; MAX_BYTES],
}

impl ThreadName {
    /// Asks the system: one call for most threads, three for those without a name. It takes no lock.
    pub(crate) fn of_this_thread() -> Self {
        let mut name = Self { bytes: [0; MAX_BYTES] };
        system::read(&mut name.bytes);
        if !system::was_given(name.as_bytes()) {
            name = Self::from_bytes(if system::is_first_thread() { MAIN } else { b"" });
        }
        name
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.split(|byte| *byte == 0).next().unwrap_or(b"")
    }

    fn from_bytes(name: &[u8]) -> Self {
        let mut bytes = [0; MAX_BYTES];
        for (place, byte) in bytes.iter_mut().zip(name) {
            *place = *byte;
        }
        Self { bytes }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use core::ffi::CStr;

    /// What Linux keeps of a name.
    const KEPT_BYTES: usize = 15;

    pub(super) fn read(name: &mut [u8; super::MAX_BYTES]) {
        // SAFETY: writes sixteen bytes at most, the NUL included.
        unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    }

    /// Whether it is not the name of the program's file, which is that of a thread until it gets another.
    pub(super) fn was_given(name: &[u8]) -> bool {
        // SAFETY: only reads the auxiliary vector.
        let path = unsafe { libc::getauxval(libc::AT_EXECFN) } as usize;
        if path == 0 {
            return true;
        }
        // SAFETY: the kernel put the path, with its NUL, above the stack of the first thread, where it stays.
        let path = unsafe { CStr::from_ptr(core::ptr::with_exposed_provenance(path)) };
        let file = path.to_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or(b"");
        name != file.get(..KEPT_BYTES).unwrap_or(file)
    }

    pub(super) fn is_first_thread() -> bool {
        // SAFETY: reads a number of the process.
        let process = unsafe { libc::getpid() };
        // SAFETY: reads a number of the thread.
        libc::c_long::from(process) == unsafe { libc::syscall(libc::SYS_gettid) }
    }
}

#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
mod system {
    pub(super) fn read(name: &mut [u8; super::MAX_BYTES]) {
        // SAFETY: has no conditions.
        let this = unsafe { libc::pthread_self() };
        // SAFETY: the thread is the calling one, and the place as long as is said.
        unsafe { libc::pthread_getname_np(this, name.as_mut_ptr().cast(), name.len()) };
    }

    pub(super) fn was_given(name: &[u8]) -> bool {
        !name.is_empty()
    }

    pub(super) fn is_first_thread() -> bool {
        // SAFETY: has no conditions.
        unsafe { libc::pthread_main_np() == 1 }
    }
}

/// Systems that do not say: no thread has a name.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple", target_os = "freebsd")))]
mod system {
    pub(super) fn read(_: &mut [u8; super::MAX_BYTES]) {}

    pub(super) fn was_given(_: &[u8]) -> bool {
        false
    }

    pub(super) fn is_first_thread() -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn name_in(thread: thread::Builder) -> Vec<u8> {
        let work = || ThreadName::of_this_thread().as_bytes().to_vec();
        thread.spawn(work).expect("a thread").join().expect("it does not panic")
    }

    #[test]
    fn a_thread_has_the_name_that_it_was_given_as_far_as_the_system_keeps_it() {
        assert_eq!(name_in(thread::Builder::new().name("parse 7".to_owned())), b"parse 7");
        let long = name_in(thread::Builder::new().name("a name of some length".to_owned()));
        assert!(b"a name of some length".starts_with(&long) && long.len() >= 15, "{long:?}");
    }

    #[test]
    fn a_thread_without_a_name_of_its_own_has_an_empty_one() {
        // The test harness names the thread of this test; what it starts inherits that on Linux.
        let given = ThreadName::of_this_thread().as_bytes().to_vec();
        let inherited = if cfg!(any(target_os = "linux", target_os = "android")) { given } else { Vec::new() };
        assert_eq!(name_in(thread::Builder::new()), inherited);
        assert!(ThreadName::from_bytes(b"").as_bytes().is_empty());
    }
}
