//! Rules that do not fit one word: huge frames, realigned stacks, and the base frames of coroutines.
//!
//! ```text
//! CFA = base + a            or        CFA = word at (base + a) + b           base: rsp or rbp
//! return address at CFA - r           rbp at CFA - p, at base + q, or unchanged
//! ```
//!
//! There are few of them in a process (a dozen is usual), so that they stand in one small table that only grows.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The register that an address is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    Sp,
    Bp,
}

/// Where the caller's rbp is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SavedBp {
    /// Still in the register.
    Unchanged,
    /// At CFA plus this.
    AtCfa(i32),
    /// At a register plus this.
    At(Base, i32),
}

/// Where the CFA is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cfa {
    pub(super) base: Base,
    pub(super) offset: i32,
    /// If given, the word at `base + offset` plus this is the CFA, instead of the address itself.
    pub(super) behind: Option<i32>,
}

/// A rule in its general form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wide {
    pub(super) cfa: Cfa,
    /// The return address lies at CFA plus this.
    pub(super) return_at: i32,
    pub(super) bp: SavedBp,
}

const MAX_FORMS: usize = 1_024;

/// Three words a form, the third of which is written last and is never zero.
static FORMS: [[AtomicU64; 3]; MAX_FORMS] = [const { [const { AtomicU64::new(0) }; 3] }; MAX_FORMS];
static MADE: AtomicU32 = AtomicU32::new(0);

impl Wide {
    #[cfg(test)]
    pub(super) fn plain(base: Base, cfa: i32, bp: i32) -> Self {
        let bp = if bp == 0 { SavedBp::Unchanged } else { SavedBp::AtCfa(-bp) };
        Self { cfa: Cfa { base, offset: cfa, behind: None }, return_at: -8, bp }
    }

    /// The kind of small rule and the offset, if the CFA is a register plus an offset.
    pub(super) fn plain_cfa(&self) -> Option<(u32, u64)> {
        let kind = match self.cfa.base {
            Base::Sp => super::rule::kind::SP,
            Base::Bp => super::rule::kind::BP,
        };
        let offset = u64::try_from(self.cfa.offset).ok()?;
        self.cfa.behind.is_none().then_some((kind, offset))
    }

    /// CFA minus the address of the saved rbp; zero if it is not saved.
    pub(super) fn bp_below_cfa(&self) -> Option<u64> {
        match self.bp {
            SavedBp::Unchanged => Some(0),
            SavedBp::AtCfa(offset) => u64::try_from(offset.checked_neg()?).ok().filter(|offset| *offset != 0),
            SavedBp::At(..) => None,
        }
    }

    pub(super) fn return_below_cfa(&self) -> i32 {
        self.return_at.wrapping_neg()
    }

    /// Whether the frame's rbp decides where its caller is.
    pub(super) fn uses_bp(&self) -> bool {
        self.cfa.base == Base::Bp || matches!(self.bp, SavedBp::At(Base::Bp, _))
    }

    /// Whether the frame's rbp is its caller's.
    pub(super) fn keeps_bp(&self) -> bool {
        self.bp == SavedBp::Unchanged
    }

    fn to_words(self) -> [u64; 3] {
        let pair = |high: i32, low: i32| u64::from(high as u32) << 32 | u64::from(low as u32);
        let base = |base: Base| u64::from(base == Base::Bp);
        let (saved, bp_offset) = match self.bp {
            SavedBp::Unchanged => (0, 0),
            SavedBp::AtCfa(offset) => (1, offset),
            SavedBp::At(register, offset) => (2 + base(register), offset),
        };
        let behind = self.cfa.behind;
        let flags = 1 | base(self.cfa.base) << 1 | u64::from(behind.is_some()) << 2 | saved << 3;
        [pair(self.cfa.offset, behind.unwrap_or(0)), pair(self.return_at, bp_offset), flags]
    }

    fn from_words([cfa, rest, flags]: [u64; 3]) -> Option<Self> {
        let (high, low) = (|word: u64| (word >> 32) as i32, |word: u64| word as i32);
        let base = |bit: u64| if bit & 1 == 0 { Base::Sp } else { Base::Bp };
        let bp = match flags >> 3 & 3 {
            0 => SavedBp::Unchanged,
            1 => SavedBp::AtCfa(low(rest)),
            saved => SavedBp::At(base(saved), low(rest)),
        };
        let behind = (flags >> 2 & 1 != 0).then_some(low(cfa));
        let cfa = Cfa { base: base(flags >> 1), offset: high(cfa), behind };
        (flags != 0).then_some(Self { cfa, return_at: high(rest), bp })
    }
}

/// The form of an index; `None` if it is not written yet.
pub(super) fn get(index: usize) -> Option<Wide> {
    let [cfa, rest, flags] = FORMS.get(index)?;
    // ORDERING: Acquire, pairs with the Release in `intern`: the other words are those of the form.
    let flags = flags.load(Ordering::Acquire);
    Wide::from_words([cfa.load(Ordering::Relaxed), rest.load(Ordering::Relaxed), flags])
}

/// The index of a form, which is written if it is not there. `None` when the table is full.
pub(super) fn intern(form: &Wide) -> Option<u16> {
    let made = (MADE.load(Ordering::Relaxed) as usize).min(MAX_FORMS);
    if let Some(known) = (0..made).find(|index| get(*index).as_ref() == Some(form)) {
        return u16::try_from(known).ok();
    }
    let index = MADE.fetch_add(1, Ordering::Relaxed) as usize;
    let Some([cfa, rest, flags]) = FORMS.get(index) else {
        MADE.fetch_sub(1, Ordering::Relaxed);
        return None;
    };
    let words = form.to_words();
    cfa.store(words[0], Ordering::Relaxed);
    rest.store(words[1], Ordering::Relaxed);
    // ORDERING: Release, pairs with the Acquire in `get`.
    flags.store(words[2], Ordering::Release);
    u16::try_from(index).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_comes_back_as_it_was_and_is_kept_once() {
        let mut forms = Vec::new();
        for base in [Base::Sp, Base::Bp] {
            for behind in [None, Some(0), Some(-24)] {
                for bp in
                    [SavedBp::Unchanged, SavedBp::AtCfa(-300_000), SavedBp::At(Base::Bp, 0), SavedBp::At(Base::Sp, 8)]
                {
                    forms.push(Wide { cfa: Cfa { base, offset: -8, behind }, return_at: -16, bp });
                }
            }
        }
        let indices: Vec<_> = forms.iter().map(|form| intern(form).expect("room")).collect();
        for (form, index) in forms.iter().zip(&indices) {
            assert_eq!(get(usize::from(*index)), Some(*form));
            assert_eq!(intern(form), Some(*index));
        }
        assert_eq!(get(MAX_FORMS), None);
    }
}
