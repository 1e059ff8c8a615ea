//! `rayon`: work that it does for a scope is the scope's.
//!
//! Two ways, because a thread of rayon does whatever job it finds: a pool of its own for everything that a piece of work
//! does in parallel ([`ScopePool`]), and an adapter for single parallel iterators of any pool ([`ParallelInScope`]).

#![forbid(unsafe_code)]

mod folding;
mod par_iter;
mod pool;
mod producing;

pub use par_iter::{InScope, ParallelInScope};
pub use pool::{ScopePool, ScopePoolError};
