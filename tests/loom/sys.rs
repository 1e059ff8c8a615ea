//! What the library has under the name `sys`, as far as the sources under test need it.

#[cfg_attr(not(loom_weakened), path = "../../src/sys/atomic.rs")]
#[cfg_attr(loom_weakened, path = "weakened.rs")]
#[allow(dead_code, unused_imports, reason = "the sources under test need a part of it")]
pub(crate) mod atomic;
#[path = "../../src/sys/free_bits.rs"]
pub(crate) mod free_bits;
