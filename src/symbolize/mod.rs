//! From the addresses of a call stack to names, files and lines.
//!
//! Ordinary Rust, far from any allocation that is being recorded: the write side hands over return addresses once it
//! is finished, and this folder says what they are. The folder knows nothing of figures, and the layers to its right
//! know nothing of addresses.
//!
//! ```text
//! return address --resolve--> Frame, Frame, ...   (inlined frames first)
//!                                |--origin          whose code it is
//!                                |--path, visible,  how it is shown
//!                                |  short_name
//!                                '--trim            which frames of a stack are worth showing
//! ```
#![forbid(unsafe_code)]

#[cfg(feature = "stacks")]
mod frame;
#[cfg(feature = "stacks")]
mod module;
#[cfg(feature = "stacks")]
mod origin;
#[cfg(feature = "stacks")]
mod path;
#[cfg(feature = "stacks")]
mod resolve;
#[cfg(feature = "stacks")]
mod short_name;
#[cfg(feature = "stacks")]
mod trim;
mod visible;

#[cfg(feature = "stacks")]
pub use frame::Frame;
#[cfg(feature = "stacks")]
pub use origin::Origin;
#[cfg(feature = "stacks")]
pub(crate) use path::{command_line, short_path};
#[cfg(feature = "stacks")]
pub(crate) use resolve::{Symbolizer, guessed_crates};
#[cfg(feature = "stacks")]
pub(crate) use short_name::ShortName;
#[cfg(feature = "stacks")]
pub(crate) use trim::{Part, trim};
pub(crate) use visible::visible;
