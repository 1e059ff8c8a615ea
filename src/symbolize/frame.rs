//! One frame of a call stack, named.
//!
//! The common currency of the read side: the symbolizer makes frames, a profile stores them, every view shows them.
//! A frame holds exactly what the debug information says; shortening and escaping happen where it is shown.

use core::fmt;
use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::symbolize::{Origin, visible};

/// Stands for an empty name.
const UNNAMED: &str = "(unnamed)";

/// One frame of a call stack: a function, and where in its source the call is made.
///
/// A frame can also stand for something that is no function: an open scope, a thread, or a remark such as
/// `(not captured)`; its [`origin`](Frame::origin) says so. `Display` writes the name alone, with control characters made
/// visible, the name of a scope in brackets and that of a thread as `thread "io"`.
///
/// ```
/// # let profile = heaplens::Profile::default();
/// for site in profile.sites(heaplens::Metric::TotalBytes) {
///     for frame in site.frames() {
///         println!("{frame} is {:?}", frame.origin);
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Frame {
    /// The demangled name of the function, without the compiler's hash. The name itself for a scope or a thread; empty for
    /// a thread without one.
    pub function: String,
    /// The source file, as the debug information gives it. `None` where there is no debug information.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in `file`, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Whose code this is.
    pub origin: Origin,
}

impl Frame {
    /// A function; its origin follows from its file, or from its name where no file is known.
    pub(crate) fn code(function: String, file: Option<String>, line: Option<u32>) -> Self {
        let origin = Origin::of(&function, file.as_deref());
        Self { function, file, line, origin }
    }

    /// The pseudo-frame of an open scope. Scopes are the outermost frames of a stack, the outermost scope last.
    pub(crate) fn scope(name: &str) -> Self {
        Self { function: name.to_owned(), file: None, line: None, origin: Origin::Scope }
    }

    /// The pseudo-frame of a thread, around its scopes.
    pub(crate) fn thread(name: &str) -> Self {
        Self { function: name.to_owned(), file: None, line: None, origin: Origin::Thread }
    }

    /// The pseudo-frame of a remark, such as `(not captured)`: shown as it is given.
    pub(crate) fn marker(remark: &str) -> Self {
        Self { function: remark.to_owned(), file: None, line: None, origin: Origin::Marker }
    }
}

impl Frame {
    /// The name as people read it, without what tells scopes and threads from functions.
    pub(crate) fn shown_name(&self) -> Cow<'_, str> {
        match visible(self.function.trim()) {
            name if name.is_empty() => UNNAMED.into(),
            name => name,
        }
    }
}

/// The name as people read it.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.shown_name();
        match self.origin {
            Origin::Scope => write!(f, "[{name}]"),
            Origin::Thread if name == UNNAMED => write!(f, "thread {name}"),
            Origin::Thread => write!(f, "thread \"{name}\""),
            _ => f.write_str(&name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_shows_its_name_without_control_characters() {
        let frame = Frame::code("evil\u{1b}[31m".to_owned(), None, None);
        assert_eq!(frame.to_string(), "evil\\u{1b}[31m");
        assert_eq!(Frame::code("  ".to_owned(), None, None).to_string(), "(unnamed)");
    }

    #[test]
    fn scopes_and_threads_are_told_from_functions_and_markers() {
        assert_eq!(Frame::scope("parse").to_string(), "[parse]");
        assert_eq!(Frame::thread("io 7").to_string(), "thread \"io 7\"");
        assert_eq!(Frame::thread("").to_string(), "thread (unnamed)");
        assert_eq!(Frame::marker("(not captured)").to_string(), "(not captured)");
    }
}
