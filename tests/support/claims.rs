//! The `main` of a test binary whose functions are claims about a whole process: each runs in a process of its own,
//! under its own name.

/// Makes `main` of the functions named. Stands beside a module `process_per_case`.
macro_rules! claims {
    ($($(#[$condition:meta])? $claim:ident),+ $(,)?) => {
        fn main() -> std::process::ExitCode {
            process_per_case::run(&[$($(#[$condition])? (stringify!($claim), $claim)),+])
        }
    };
}
pub(crate) use claims;
