//! Turns events into figures: tags, call sites, counters, scopes, peaks. Runs inside every allocation.
//!
//! ```text
//! event ── slot (this thread's totals) ── peak
//!   │  └── shard (this thread's counters by site) ── sites ── call_tree
//!   └───── tag (behind the block) ── scopes ── scope_record ── foreign
//! ```
//!
//! Its rules: it takes memory only from the arena, holds no lock, does not panic and formats nothing; every figure has
//! one writer or is changed atomically; what must be left out is counted.

#![cfg_attr(not(test), deny(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types))]

mod accepted;
#[cfg(feature = "stacks")]
mod call_tree;
mod foreign;
mod gate;
pub(crate) mod inner_type;
mod newcomer;

#[cfg_attr(not(feature = "stacks"), path = "attribution_off.rs")]
mod attribution;

#[cfg(feature = "stacks")]
pub(crate) mod counter;
pub(crate) mod event;
#[cfg(feature = "stacks")]
mod flat;
pub(crate) mod own_work;
mod paged;
#[cfg(feature = "stacks")]
pub(crate) mod path_key;
pub(crate) mod peak;
#[cfg(feature = "stacks")]
mod place;
pub(crate) mod plain_visits;
pub(crate) mod reader;
pub(crate) mod scope_events;
pub(crate) mod scope_figures;
mod scope_life;
mod scope_name;
#[cfg(feature = "stacks")]
mod scope_names;
mod scope_record;
pub(crate) mod scope_ref;
mod scope_run;
mod scope_table;
pub(crate) mod scopes;
#[cfg(feature = "stacks")]
pub(crate) mod self_check;
pub(crate) mod settings;
#[cfg(feature = "stacks")]
mod shard;
#[cfg(feature = "stacks")]
mod site_index;
#[cfg(feature = "stacks")]
pub(crate) mod site_reader;
#[cfg(feature = "stacks")]
pub(crate) mod sites;
pub(crate) mod slot;
pub(crate) mod slots;
mod start;
pub(crate) mod tag;
mod totals;
#[cfg_attr(not(feature = "stacks"), path = "traced_off.rs")]
mod traced;
pub(crate) mod visits;
pub(crate) mod writers;
