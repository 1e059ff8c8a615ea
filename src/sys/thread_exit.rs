//! Tells the recorder that a thread is about to end.
//!
//! A `thread_local!` with a destructor would do, but its registration allocates on some platforms and it counts as gone
//! while other destructors still allocate. A POSIX key has neither trouble: glibc and macOS run its destructor after
//! those of Rust's thread-locals. Where no key is to be had the thread's slot is not reused, which costs memory only.

use core::ffi::c_void;
use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicBool, Ordering};
use once_cell::race::OnceNonZeroUsize;

/// The key plus one; the raw key may be zero.
static KEY: OnceNonZeroUsize = OnceNonZeroUsize::new();
/// Whether the key is deleted, because this code is about to go.
static DELETED: AtomicBool = AtomicBool::new(false);

/// A plugin can be unloaded while threads that used it still run. The loader calls this before it does so, and when the
/// process exits: the end of a thread must not lead into code that is gone.
#[used]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".fini_array"))]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_term_func"))]
static BEFORE_UNLOAD: extern "C" fn() = delete;

/// Arranges that `at_exit` is called with `value` when the calling thread ends. `value` must not be null.
pub(crate) fn call_at_exit(at_exit: unsafe extern "C" fn(*mut c_void), value: *mut c_void) {
    let key = KEY.get_or_try_init(|| create(at_exit)).ok();
    if let Some(key) = key
        && !DELETED.load(Ordering::Relaxed)
    {
        // SAFETY: the key exists. glibc may allocate here, with its own `malloc`, not with Rust's global allocator.
        // Failing means that `at_exit` is not called for this thread.
        unsafe { libc::pthread_setspecific((key.get() - 1) as libc::pthread_key_t, value) };
    }
}

fn create(at_exit: unsafe extern "C" fn(*mut c_void)) -> Result<NonZeroUsize, ()> {
    let mut key: libc::pthread_key_t = 0;
    // SAFETY: `key` is a valid place for the result, and the destructor has the C calling convention. When two threads
    // race, the key of the loser stays unused.
    if unsafe { libc::pthread_key_create(&mut key, Some(at_exit)) } != 0 {
        return Err(());
    }
    NonZeroUsize::new(key as usize + 1).ok_or(())
}

extern "C" fn delete() {
    if let Some(key) = KEY.get()
        && !DELETED.swap(true, Ordering::Relaxed)
    {
        // SAFETY: the key exists, and nothing uses it from here on.
        unsafe { libc::pthread_key_delete((key.get() - 1) as libc::pthread_key_t) };
    }
}
