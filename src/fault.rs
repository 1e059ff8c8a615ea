//! Planted faults: known mistakes, compiled in only with the private feature `planted-faults` and switched on by the
//! environment variable `HEAPLENS_PLANTED_FAULT`. `ci/planted-faults.sh` shows that some test fails under each of them.
//!
//! Without the feature [`planted`] is the constant `false` and the compiler removes every trace of it.

/// One known mistake. The names are the values of the environment variable, in kebab-case.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "planted-faults"), allow(dead_code, reason = "only named at the places of the faults"))]
pub(crate) enum Fault {
    /// A failed `alloc` is counted.
    CountBeforeSuccess,
    /// The old tag is overwritten before `realloc` is known to have succeeded.
    TagBeforeRealloc,
    /// A late free reaches whichever scope uses the record by then.
    DropGenerationCheck,
    /// The new block of a `realloc` is counted twice.
    DoubleCountRealloc,
    /// A scope's peak is raised by what a child held when the child closed.
    SumChildPeaks,
    /// The new block of a `realloc` enters the scope before the old one leaves.
    EnterBeforeLeave,
    /// The peak epoch does not move when the live figure falls from a new maximum.
    KeepPeakEpoch,
    /// The old block of a `realloc` can be a temporary one.
    TemporaryRealloc,
    /// The address of a tag is not checked, so that foreign blocks count as ours.
    TrustEveryTag,
    /// A slot is handed over with the last block of its previous thread.
    KeepLastBlock,
    /// A free inside a child does not reach the parent that owns the block.
    StopAtChild,
    /// The old size of a `realloc` is taken for the new one.
    ReallocCountsOldSize,
    /// A closed scope's blocks no longer lower the scopes around it.
    ForgetForwarders,
    /// A block counts in the scope that was opened last, on whatever thread that was, and not only in its own thread's.
    ChargeForeignBlocks,
    /// The recorder's own work counts as the user's.
    CountOwnWork,
    /// The words of a known stack are taken for unchanged.
    SkipVerification,
    /// Of a known stack only the return addresses are compared, not the saved frame pointers.
    CompareReturnAddressesOnly,
    /// A remembered stack is taken for the present one if it begins at the same place.
    TrustRememberedTraces,
    /// Sites are told apart by sixteen bits of a hash and nothing else.
    ShortenPathHash,
}

#[cfg(feature = "planted-faults")]
mod switch {
    use super::Fault;
    use core::sync::atomic::{AtomicU32, Ordering};

    const NAMES: [(&str, Fault); 19] = [
        ("count-before-success", Fault::CountBeforeSuccess),
        ("tag-before-realloc", Fault::TagBeforeRealloc),
        ("drop-generation-check", Fault::DropGenerationCheck),
        ("double-count-realloc", Fault::DoubleCountRealloc),
        ("sum-child-peaks", Fault::SumChildPeaks),
        ("enter-before-leave", Fault::EnterBeforeLeave),
        ("keep-peak-epoch", Fault::KeepPeakEpoch),
        ("temporary-realloc", Fault::TemporaryRealloc),
        ("trust-every-tag", Fault::TrustEveryTag),
        ("keep-last-block", Fault::KeepLastBlock),
        ("stop-at-child", Fault::StopAtChild),
        ("realloc-counts-old-size", Fault::ReallocCountsOldSize),
        ("forget-forwarders", Fault::ForgetForwarders),
        ("charge-foreign-blocks", Fault::ChargeForeignBlocks),
        ("count-own-work", Fault::CountOwnWork),
        ("skip-verification", Fault::SkipVerification),
        ("compare-return-addresses-only", Fault::CompareReturnAddressesOnly),
        ("trust-remembered-traces", Fault::TrustRememberedTraces),
        ("shorten-path-hash", Fault::ShortenPathHash),
    ];

    /// The fault that is on, as its number plus one; zero for none.
    static PLANTED: AtomicU32 = AtomicU32::new(0);

    pub(crate) fn planted(fault: Fault) -> bool {
        PLANTED.load(Ordering::Relaxed) == fault as u32 + 1
    }

    /// Reads the environment. A name that is not known ends the process: a fault that is not planted proves nothing.
    pub(crate) fn plant_from_environment() {
        let Some(name) = crate::sys::environment::variable(c"HEAPLENS_PLANTED_FAULT") else { return };
        match NAMES.iter().find(|(known, _)| known.as_bytes() == name.to_bytes()) {
            Some((_, fault)) => PLANTED.store(*fault as u32 + 1, Ordering::Relaxed),
            None => std::process::abort(),
        }
    }
}

#[cfg(feature = "planted-faults")]
pub(crate) use switch::{plant_from_environment, planted};

/// Whether a fault is planted: never, in a build without the private feature.
#[cfg(not(feature = "planted-faults"))]
#[inline(always)]
pub(crate) const fn planted(_: Fault) -> bool {
    false
}

/// Reads which fault to plant: there is none to read without the private feature.
#[cfg(not(feature = "planted-faults"))]
pub(crate) const fn plant_from_environment() {}
