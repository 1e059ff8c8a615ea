//! Models of the lock-free parts, each run through every interleaving and every reading that the memory model allows.
//!
//! Compiled only with `--cfg loom`; `ci/loom.sh` runs it. The sources under test are those of the library, taken in by
//! their path, with loom's atomics in the place of `core`'s:
//!
//! ```text
//! src/record/call_tree.rs   src/record/foreign.rs   src/sys/free_bits.rs      as they are
//!                     └──────── src/sys/atomic.rs ────────┘                   loom's, or weakened.rs
//! ```
//!
//! A model that cannot fail shows nothing. Compiled with `--cfg loom_weakened="orderings"` every ordering is relaxed,
//! with `="steps"` every read-modify-write falls apart into a load and a store and the check of the generation is
//! left out; the script expects each model to fail under the one that its name is listed with.
#![cfg(loom)]

#[path = "../src/record/call_tree.rs"]
#[allow(dead_code, reason = "the models need a part of it")]
mod call_tree;
#[path = "../src/record/foreign.rs"]
#[allow(dead_code, reason = "the models need a part of it")]
mod foreign;

#[path = "../src/record/scope_life.rs"]
#[allow(dead_code, reason = "the models need a part of it")]
mod scope_life;

#[path = "loom/scope_models.rs"]
mod scope_models;
#[path = "loom/slot_models.rs"]
mod slot_models;
#[path = "loom/sys.rs"]
mod sys;
#[path = "loom/tree_models.rs"]
mod tree_models;

/// What the library has at this path: the one planted fault that the sources under test ask for.
mod fault {
    pub(crate) enum Fault {
        DropGenerationCheck,
    }

    pub(crate) fn planted(fault: Fault) -> bool {
        match fault {
            Fault::DropGenerationCheck => cfg!(loom_weakened = "steps"),
        }
    }
}
