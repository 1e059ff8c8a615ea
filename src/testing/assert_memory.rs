//! The assertion on a measurement.

use super::budget::Budget;
use crate::scope::Measurement;
use core::fmt;

/// Asserts conditions on a [`Measurement`](crate::Measurement): all of them are looked at, and each that does not hold is in the
/// text of the panic.
///
/// A condition is the name of a figure, one of `==`, `<=`, `<`, `>=`, `>`, and an expression of type `u64`. A message of one's
/// own can follow.
///
/// | condition | is about |
/// |---|---|
/// | `peak_bytes <= 8 * MIB` | the whole scope |
/// | `per_item(rows, total_blocks <= 2)` | the whole scope, for each of so many items |
/// | `each_site(total_bytes <= 64 * KIB)` | each call site by itself |
/// | `in_crate("serde_json", total_blocks <= 10)` | what code of a crate allocates |
///
/// The last two need a scope with call stacks. Where a condition cannot be checked the assertion fails and says what to do:
/// heaplens is not installed, stacks were off, threads worked for the scope without being attached.
///
/// ```
/// use heaplens::testing::KIB;
/// use heaplens::{MemoryScope, assert_memory};
///
/// heaplens::install!();
///
/// fn main() {
///     let (lines, used) = heaplens::measure("lines", || vec![0_u8; 4_000]);
///     assert_memory!(used, peak_bytes <= 4 * KIB, total_blocks == 1, live_bytes == 4_000);
///     assert_memory!(used, per_item(lines.len() as u64, total_bytes <= 2), "of {} lines", lines.len());
///
///     let scope = MemoryScope::builder("words").stacks().enter();
///     let words = ["a", "b"].map(String::from);
///     assert_memory!(scope.finish(), each_site(total_blocks <= 2));
///     drop(words);
/// }
/// ```
///
/// # Panics
///
/// If a condition does not hold, or cannot be checked.
#[macro_export]
macro_rules! assert_memory {
    ($measurement:expr, $($conditions:tt)+) => {
        $crate::__assert_within!(
            (&$measurement) ($crate::testing::Budget::new().of_test($crate::__test_path!())) $($conditions)+
        )
    };
}

/// The path of the function around.
#[doc(hidden)]
#[macro_export]
macro_rules! __test_path {
    () => {{
        fn here() {}
        let path = ::core::any::type_name_of_val(&here);
        path.strip_suffix("::here").unwrap_or(path)
    }};
}

/// Adds conditions to a budget, one after the other, and asserts it.
#[doc(hidden)]
#[macro_export]
macro_rules! __assert_within {
    (($measurement:expr) ($budget:expr)) => {
        $crate::testing::assert_within($measurement, &$budget, ::core::option::Option::None)
    };
    (($measurement:expr) ($budget:expr) $message:literal $(, $($arguments:tt)*)?) => {
        $crate::testing::assert_within(
            $measurement,
            &$budget,
            ::core::option::Option::Some(::core::format_args!($message $(, $($arguments)*)?)),
        )
    };
    (($measurement:expr) ($budget:expr) per_item($items:expr, $figure:ident $comparison:tt $limit:expr) $(, $($rest:tt)*)?) => {
        $crate::__assert_within!(($measurement) ($budget.with($crate::__condition!($figure $comparison $limit).per_item($items))) $($($rest)*)?)
    };
    (($measurement:expr) ($budget:expr) each_site($figure:ident $comparison:tt $limit:expr) $(, $($rest:tt)*)?) => {
        $crate::__assert_within!(($measurement) ($budget.with($crate::__condition!($figure $comparison $limit).each_site())) $($($rest)*)?)
    };
    (($measurement:expr) ($budget:expr) in_crate($name:expr, $figure:ident $comparison:tt $limit:expr) $(, $($rest:tt)*)?) => {
        $crate::__assert_within!(($measurement) ($budget.with($crate::__condition!($figure $comparison $limit).in_crate($name))) $($($rest)*)?)
    };
    (($measurement:expr) ($budget:expr) $figure:ident $comparison:tt $limit:expr $(, $($rest:tt)*)?) => {
        $crate::__assert_within!(($measurement) ($budget.with($crate::__condition!($figure $comparison $limit))) $($($rest)*)?)
    };
    (($measurement:expr) ($budget:expr) $($wrong:tt)+) => {
        ::core::compile_error!(
            "a condition is `figure <= limit`, with `==`, `<=`, `<`, `>=` or `>`, \
             or one of `per_item(number, ..)`, `each_site(..)`, `in_crate(\"name\", ..)`"
        )
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __condition {
    ($figure:ident == $limit:expr) => { $crate::__condition!(@ $figure Exactly $limit) };
    ($figure:ident <= $limit:expr) => { $crate::__condition!(@ $figure AtMost $limit) };
    ($figure:ident < $limit:expr) => { $crate::__condition!(@ $figure Below $limit) };
    ($figure:ident >= $limit:expr) => { $crate::__condition!(@ $figure AtLeast $limit) };
    ($figure:ident > $limit:expr) => { $crate::__condition!(@ $figure Above $limit) };
    (@ $figure:ident $comparison:ident $limit:expr) => {
        $crate::testing::Condition::new(
            $crate::testing::figures::$figure,
            $crate::testing::Comparison::$comparison,
            $limit,
        )
    };
    ($figure:ident $comparison:tt $limit:expr) => {
        ::core::compile_error!(::core::concat!(
            "`", ::core::stringify!($comparison), "` compares no figure: use ==, <=, <, >= or >"
        ))
    };
}

/// What [`assert_memory!`](crate::assert_memory) calls.
///
/// # Panics
///
/// If the budget does not hold.
#[doc(hidden)]
#[track_caller]
pub fn assert_within(measurement: &Measurement, budget: &Budget, message: Option<fmt::Arguments<'_>>) {
    if let Err(failure) = budget.check_saying(measurement, message) {
        panic!("{failure}");
    }
}
