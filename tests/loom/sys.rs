//! What the library has under the name `sys`, as far as the sources under test need it.

#[cfg_attr(not(any(loom_weakened = "orderings", loom_weakened = "steps")), path = "../../src/sys/atomic.rs")]
#[cfg_attr(any(loom_weakened = "orderings", loom_weakened = "steps"), path = "weakened.rs")]
#[allow(dead_code, unused_imports, reason = "the sources under test need a part of it")]
pub(crate) mod atomic;
#[path = "../../src/sys/free_bits.rs"]
pub(crate) mod free_bits;
