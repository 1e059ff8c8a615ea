//! Memory limits in tests: budgets, sections without allocations, leak tests, and what is said when one fails.
//!
//! ```text
//! Measurement ──Budget::check──▶ Ok, or a Failure: what was violated, the call sites, where the profile lies
//! ```
//!
//! A check that cannot know refuses: what was not measured, not recorded, or not complete is a failure with the remedy in its
//! text, never a pass. Everything here is heaplens's own work, and counts in no scope around the test.
#![forbid(unsafe_code)]

#[cfg(feature = "stacks")]
mod artefact;
mod assert_memory;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod attribute;
mod budget;
mod comparison;
mod condition;
mod failure;
mod figure;
mod no_alloc;
mod refusal;
#[cfg(feature = "stacks")]
mod test_name;
mod unit;
mod verdict;

#[doc(hidden)]
pub use assert_memory::assert_within;
pub use budget::Budget;
pub use comparison::Comparison;
pub use condition::{Condition, Violation};
pub use failure::BudgetFailure;
pub use figure::{Figure, figures};
pub use no_alloc::assert_no_alloc;
pub use unit::{GIB, KIB, MIB};
