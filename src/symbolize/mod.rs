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

mod frame;
mod module;
mod origin;
mod path;
mod resolve;
mod short_name;
mod trim;
mod visible;

pub use frame::Frame;
pub use origin::Origin;
pub(crate) use path::{command_line, short_path};
pub(crate) use resolve::Symbolizer;
pub(crate) use short_name::ShortName;
pub(crate) use trim::{Part, trim};
pub(crate) use visible::visible;
