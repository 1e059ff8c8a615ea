//! How to get from a frame to its caller, as one small number.
//!
//! A frame is known by its return address; the rule for that address says where the *canonical frame address* (CFA, the
//! stack pointer of the caller after the call) is, and where the caller's rbp was saved:
//!
//! ```text
//! bit  0    3              16   17    18    19              32
//!      kind CFA offset / 8 uses keeps 0     rbp offset / 8          kinds Sp and Bp
//!      kind 0              uses keeps exact index                   kind Wide
//! ```
//!
//! The return address lies at CFA - 8 and rbp, if it was saved, at CFA - rbp offset. What does not fit has a wide form.
//! *Uses*: the rbp of the frame decides where its caller is; *keeps*: it is the caller's rbp too.
//! *Exact* marks frames whose caller is found at an exact address instead of behind a call (the `S` of DWARF). Every other
//! kind has the CFA offset zero, so that the CFA it seems to have is the stack pointer itself, where no caller's can be: one
//! comparison finds what is not small.

use super::wide::Wide;

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule(u32);

/// How a rule finds the CFA.
pub(super) mod kind {
    /// From the stack pointer; without an offset, no table says or in a way that is not supported.
    pub(crate) const SP: u32 = 0;
    /// From rbp.
    pub(crate) const BP: u32 = 1;
    /// There is no caller: the stack ends here.
    pub(crate) const END: u32 = 2;
    /// A frame that the kernel made to call a signal handler.
    pub(crate) const SIGNAL: u32 = 4;
    /// By a [`Wide`](super::Wide) form.
    pub(crate) const WIDE: u32 = 6;
}

const KIND_MASK: u32 = 7;
const USES_BP_SHIFT: u32 = 16;
const KEEPS_BP_SHIFT: u32 = 17;
const EXACT: u32 = 1 << 18;
const INDEX_SHIFT: u32 = 19;
const BP_SHIFT: u32 = 16;
/// Offsets are multiples of eight below 64 KiB.
const OFFSET_MASK: u64 = 0xFFF8;

impl Rule {
    /// None was found, or none that is supported.
    pub(super) const NONE: Self = Self(0);
    pub(super) const END: Self = Self(kind::END);
    pub(super) const SIGNAL: Self = Self(kind::SIGNAL);

    pub(super) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    pub(super) const fn to_bits(self) -> u32 {
        self.0
    }

    #[inline(always)]
    pub(super) const fn kind(self) -> u32 {
        self.0 & KIND_MASK
    }

    /// What to add to the return address of a wide form to get the key under which the caller's rule is found.
    #[inline(always)]
    pub(super) const fn exact(self) -> u64 {
        (self.0 & EXACT != 0) as u64
    }

    /// Whether the CFA is counted from rbp.
    #[inline(always)]
    pub(super) const fn is_based_on_bp(self) -> bool {
        self.0 & kind::BP != 0
    }

    /// CFA minus its register, for the kinds `SP` and `BP`.
    #[inline(always)]
    pub(super) const fn cfa_offset(self) -> u64 {
        self.0 as u64 & OFFSET_MASK
    }

    /// CFA minus the address of the caller's rbp, for the kinds `SP` and `BP`; zero if rbp is still what it was.
    #[inline(always)]
    pub(super) const fn bp_offset(self) -> u64 {
        (self.0 >> BP_SHIFT) as u64 & OFFSET_MASK
    }

    /// The index of a wide form.
    pub(super) const fn wide_index(self) -> usize {
        (self.0 >> INDEX_SHIFT) as usize
    }

    pub(super) fn wide(form: &Wide, index: u16, exact: bool) -> Self {
        debug_assert!(index < 1 << (u32::BITS - INDEX_SHIFT));
        Self(kind::WIDE | u32::from(index) << INDEX_SHIFT | if exact { EXACT } else { 0 } | Self::flow_of(form))
    }

    /// What becomes of rbp: the bits for a form.
    fn flow_of(form: &Wide) -> u32 {
        u32::from(form.uses_bp()) << USES_BP_SHIFT | u32::from(form.keeps_bp()) << KEEPS_BP_SHIFT
    }

    /// The small form, if the rule has one: the saved rbp lies inside of the frame, and all offsets are small.
    pub(super) fn small(form: &Wide, exact: bool) -> Option<Self> {
        let (base, cfa) = form.plain_cfa()?;
        let bp = form.bp_below_cfa()?;
        if exact || form.return_below_cfa() != 8 || bp > cfa || (cfa | bp) & !OFFSET_MASK != 0 || cfa < 8 || bp == 8 {
            return None;
        }
        Some(Self(base | cfa as u32 | (bp as u32) << BP_SHIFT | Self::flow_of(form)))
    }

    /// Whether rbp, as it is in the frame, decides anything about the frames further out (one or zero), if it decides
    /// `outside` of the next one out.
    #[inline(always)]
    pub(super) const fn bp_matters(self, outside: u32) -> u32 {
        self.0 >> USES_BP_SHIFT & 1 | self.0 >> KEEPS_BP_SHIFT & outside
    }
}

#[cfg(test)]
mod tests {
    use super::super::wide::Base;
    use super::*;

    #[test]
    fn a_small_rule_gives_back_what_it_was_made_of() {
        for (base, kind) in [(Base::Sp, kind::SP), (Base::Bp, kind::BP)] {
            for (cfa, bp) in [(8, 0), (16, 16), (0xFFF8, 0xFFF8), (0x1230, 0x20)] {
                let form = Wide::plain(base, cfa, bp);
                let rule = Rule::small(&form, false).expect("fits");
                assert_eq!((rule.kind(), rule.cfa_offset(), rule.bp_offset()), (kind, cfa as u64, bp as u64));
                assert_eq!(Rule::small(&form, true), None);
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (cfa, bp) in [(0, 0), (4, 0), (0x10000, 0), (16, 24), (-8, 0), (32, 12), (16, 8)] {
            assert_eq!(Rule::small(&Wide::plain(Base::Sp, cfa, bp), false), None, "{cfa} {bp}");
        }
    }

    #[test]
    fn a_wide_rule_has_its_index_and_seems_to_have_no_offset() {
        for exact in [false, true] {
            let rule = Rule::wide(&Wide::plain(Base::Bp, 1 << 20, 0), 8_191, exact);
            assert_eq!((rule.kind(), rule.wide_index(), rule.exact()), (kind::WIDE, 8_191, u64::from(exact)));
            assert_eq!(rule.cfa_offset(), 0);
        }
        assert!([Rule::END, Rule::SIGNAL, Rule::NONE].iter().all(|rule| rule.cfa_offset() == 0));
    }

    #[test]
    fn rbp_matters_until_it_is_restored() {
        let rule = |base, cfa, bp| Rule::small(&Wide::plain(base, cfa, bp), false).expect("fits");
        assert_eq!(rule(Base::Bp, 16, 16).bp_matters(0), 1);
        assert_eq!(rule(Base::Sp, 32, 16).bp_matters(1), 0);
        assert_eq!(rule(Base::Sp, 32, 0).bp_matters(1), 1);
        assert_eq!(rule(Base::Sp, 32, 0).bp_matters(0), 0);
        assert_eq!(Rule::END.bp_matters(1), 0);
    }
}
