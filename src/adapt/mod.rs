//! Other people's crates, one file and one feature each. No logic of their own.

#[cfg(feature = "jemalloc")]
pub(crate) mod jemalloc;
