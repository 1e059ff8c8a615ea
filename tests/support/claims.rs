//! The `main` of a test binary whose functions are claims about a whole process: each runs in a process of its own,
//! under its own name.

/// Makes `main`, or a function of another name, of the functions named. Stands beside a module `process_per_case`.
macro_rules! claims {
    (fn $main:ident; $($(#[$condition:meta])? $claim:ident),+ $(,)?) => {
        fn $main() -> std::process::ExitCode {
            process_per_case::run(&[$($(#[$condition])? (stringify!($claim), $claim)),+])
        }
    };
    ($($claims:tt)+) => {
        claims::claims!(fn main; $($claims)+);
    };
}
pub(crate) use claims;
