//! Environment variables, read without allocating and never in a set-user-id program.

use core::ffi::CStr;

/// The value of an environment variable; `None` when it is not set or must not be trusted.
pub(crate) fn variable(name: &CStr) -> Option<&'static CStr> {
    if runs_with_raised_rights() {
        return None;
    }
    // SAFETY: `name` ends in a NUL. The result points into the environment of the process.
    let value = unsafe { libc::getenv(name.as_ptr()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: getenv gives a C string. It is read at the start of the process, before code that could change the
    // environment runs.
    Some(unsafe { CStr::from_ptr(value) })
}

/// Whether the process runs with the rights of a user who did not start it, so that its environment is hostile input.
pub(crate) fn runs_with_raised_rights() -> bool {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: getauxval only reads the auxiliary vector.
        unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
    }
    #[cfg(not(target_os = "linux"))]
    {
        // SAFETY: reads an id of the process.
        let users = unsafe { (libc::getuid(), libc::geteuid()) };
        // SAFETY: reads an id of the process.
        let groups = unsafe { (libc::getgid(), libc::getegid()) };
        users.0 != users.1 || groups.0 != groups.1
    }
}
