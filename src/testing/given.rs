//! What the person who started the tests asks for in the environment.

use crate::sys::environment::runs_with_raised_rights;
use std::ffi::OsString;

/// The value of an environment variable; `None` if it is not set, empty, or not to be trusted.
pub(super) fn given(variable: &str) -> Option<OsString> {
    std::env::var_os(variable).filter(|value| !value.is_empty() && !runs_with_raised_rights())
}
