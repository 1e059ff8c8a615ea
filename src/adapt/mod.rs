//! Other people's crates, one file or folder and one feature each. None counts by itself.

#[cfg(feature = "criterion")]
pub mod criterion;
#[cfg(feature = "divan")]
pub mod divan;
#[cfg(feature = "jemalloc")]
pub(crate) mod jemalloc;
#[cfg(feature = "rayon")]
pub mod rayon;
#[cfg(feature = "tracing")]
pub mod tracing;
