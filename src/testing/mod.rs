//! Memory limits in tests: budgets, sections without allocations, leak tests, and what is said when one fails.
//!
//! ```text
//! Measurement ──Budget::check──▶ Ok, or a BudgetFailure: what was violated, the call sites, where the profile lies
//! ```
//!
//! A check that cannot know refuses: what was not measured, not recorded, or not complete is a failure with the remedy in its
//! text, never a pass. Everything here is heaplens's own work, and counts in no scope around the test.
#![forbid(unsafe_code)]

#[cfg(feature = "stacks")]
mod artefact;
mod assert_baseline;
mod assert_memory;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod attribute;
#[cfg_attr(not(feature = "stacks"), path = "baseline_off.rs")]
mod baseline;
mod budget;
mod comparison;
mod condition;
mod failure;
mod figure;
#[cfg(feature = "stacks")]
mod given;
#[cfg_attr(not(feature = "stacks"), path = "leak_off.rs")]
mod leak;
mod no_alloc;
#[cfg(feature = "stacks")]
mod record;
mod refusal;
mod target;
#[cfg(feature = "stacks")]
mod test_name;
mod unit;
mod verdict;
#[doc(hidden)]
#[cfg(feature = "stacks")]
pub mod wording;

#[doc(hidden)]
pub use assert_baseline::assert_unchanged;
#[doc(hidden)]
pub use assert_memory::assert_within;
pub use baseline::Baseline;
#[cfg(feature = "stacks")]
pub use baseline::{BaselineChange, BaselineEntry, BaselineError, BaselineFile, BaselineSite, SiteChange, Slack};
pub use budget::Budget;
pub use comparison::Comparison;
pub use condition::{Condition, Violation};
pub use failure::BudgetFailure;
pub use figure::{Figure, figures};
pub use leak::{LeakFailure, LeakReport, LeakTest, assert_no_leak};
pub use no_alloc::assert_no_alloc;
#[cfg(feature = "stacks")]
pub use record::{Check, Outcome, RESULTS_VARIABLE, TestRecord};
#[doc(hidden)]
pub use target::{package_folder, test_of_target};
pub use unit::{GIB, KIB, MIB};
