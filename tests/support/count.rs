//! How often a test does its work: a number that suits `cargo test`, or the one that a script of `ci/` asks for.

/// The number in an environment variable, or `usual` where there is none.
pub(crate) fn count(variable: &str, usual: u64) -> u64 {
    match std::env::var(variable) {
        Ok(number) => number.parse().unwrap_or_else(|_| panic!("{variable} is not a number: {number}")),
        Err(_) => usual,
    }
}
