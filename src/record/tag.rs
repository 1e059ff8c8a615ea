//! The eight bytes behind every block: whom its memory belongs to.
//!
//! ```text
//! user's bytes … | site 22 | scope slot 14 | generation 20 | check 8 |
//!                  bit 0     bit 22          bit 36          bit 56
//! ```
//!
//! The tag lies at `address + size`, unaligned, and has the same layout whatever is switched on. A block outside every
//! scope has scope slot 0 and, in the place of the generation, the number of the thread slot that allocated it
//! (below [`FIRST_GENERATION`]): that is how a free knows whether it comes from the same thread.
//!
//! A tag read back is hostile input: the block may come from another allocator, or the program may have written past
//! its end. The check bits are keyed by address, size, this copy of the library and the rest of the tag; eight bits let one
//! foreign block in 256 pass, so that whatever follows checks every field's range as well.

use crate::fault::{Fault, planted};
use core::alloc::Layout;

/// Bytes that a tag adds to every block.
pub(crate) const TAG_BYTES: usize = size_of::<u64>();

/// Number of site numbers a tag can hold.
pub(crate) const MAX_SITES: usize = 1 << SITE_BITS;
/// Number of scope records a tag can tell apart.
pub(crate) const MAX_SCOPES: usize = 1 << SCOPE_BITS;
/// The lowest generation of a scope record. Below it the field holds the number of a thread slot.
pub(crate) const FIRST_GENERATION: u32 = 1 << 13;
/// One more than the highest generation of a scope record.
pub(crate) const END_OF_GENERATIONS: u32 = 1 << GENERATION_BITS;

const SITE_BITS: u32 = 22;
const SCOPE_BITS: u32 = 14;
const GENERATION_BITS: u32 = 20;
const SCOPE_SHIFT: u32 = SITE_BITS;
const GENERATION_SHIFT: u32 = SCOPE_SHIFT + SCOPE_BITS;
const CHECK_SHIFT: u32 = GENERATION_SHIFT + GENERATION_BITS;

const SITE_MASK: u64 = (1 << SITE_BITS) - 1;
const CHECK_MASK: u64 = !0 << CHECK_SHIFT;
const CONTEXT_MASK: u64 = !(SITE_MASK | CHECK_MASK);
/// The bits that are zero in the context of a block outside every scope.
const SCOPED_MASK: u64 =
    (((MAX_SCOPES as u64) - 1) << SCOPE_SHIFT) | (!(FIRST_GENERATION as u64 - 1) << GENERATION_SHIFT & CONTEXT_MASK);

const _: () = assert!(CHECK_SHIFT == 56);

/// A call site's number, as it stands in a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SiteId(u32);

impl SiteId {
    /// Blocks whose stack was not captured.
    pub(crate) const NOT_CAPTURED: Self = Self(0);
    /// Blocks of the recorder's own work.
    pub(crate) const OWN_WORK: Self = Self(1);
    /// Blocks whose stack found no room in the tree.
    #[cfg(feature = "stacks")]
    pub(crate) const OVERFLOW: Self = Self(2);
    /// The number of the first site that stands for a stack.
    pub(crate) const FIRST: u32 = 3;

    #[cfg(feature = "stacks")]
    pub(crate) fn new(number: u32) -> Option<Self> {
        ((number as usize) < MAX_SITES).then_some(Self(number))
    }

    /// A number that was given out.
    #[cfg(feature = "stacks")]
    #[inline(always)]
    pub(crate) fn from_own_number(number: u32) -> Self {
        debug_assert!((number as usize) < MAX_SITES);
        Self(number)
    }

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The middle of a tag: the scope a block is allocated in, or the thread slot when there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Context(u64);

/// A scope record, as long as it is used for the same scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScopeId {
    /// Index of the record.
    pub(crate) index: u32,
    /// Generation of the record, at least [`FIRST_GENERATION`].
    pub(crate) generation: u32,
}

impl Context {
    /// Outside every scope, on the thread that has this slot.
    pub(crate) const fn of_thread(slot: u32) -> Self {
        debug_assert!(slot < FIRST_GENERATION);
        Self((slot as u64) << GENERATION_SHIFT)
    }

    /// Inside a scope.
    pub(crate) const fn of_scope(scope: ScopeId) -> Self {
        Self((scope.index as u64) << SCOPE_SHIFT | (scope.generation as u64) << GENERATION_SHIFT)
    }

    /// The scope, if there is one.
    pub(crate) const fn scope(self) -> Option<ScopeId> {
        if self.0 & SCOPED_MASK == 0 {
            return None;
        }
        Some(ScopeId {
            index: (self.0 >> SCOPE_SHIFT) as u32 & (MAX_SCOPES as u32 - 1),
            generation: (self.0 >> GENERATION_SHIFT) as u32 & (END_OF_GENERATIONS - 1),
        })
    }

    pub(crate) const fn to_bits(self) -> u64 {
        self.0
    }

    /// The context whose bits [`to_bits`](Self::to_bits) gave.
    #[inline(always)]
    pub(crate) const fn from_own_bits(bits: u64) -> Self {
        Self(bits)
    }
}

/// The tags of blocks whose end concerns nothing but what a thread counts by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// The bits that are compared: those of the site, and of the context.
    pub(crate) mask: u64,
    /// What they are to be.
    pub(crate) bits: u64,
}

impl Accepted {
    /// Outside of every scope, on whatever thread.
    pub(crate) const PLAIN: Self = Self { mask: SCOPED_MASK | SITE_MASK, bits: 0 };
    /// None.
    pub(crate) const NONE: Self = Self { mask: 0, bits: 1 };

    /// Of this scope.
    pub(crate) const fn of(context: Context) -> Self {
        Self { mask: CONTEXT_MASK | SITE_MASK, bits: context.0 }
    }

    /// Whether a tag is one of these, whatever its site.
    #[cfg(feature = "stacks")]
    #[inline(always)]
    pub(crate) fn is(self, tag: Tag) -> bool {
        tag.0 & self.mask & !SITE_MASK == self.bits
    }

    /// Whether a tag is one of these and has no site.
    #[inline(always)]
    pub(crate) fn is_without_site(self, tag: Tag) -> bool {
        tag.0 & self.mask == self.bits
    }
}

/// What stands behind a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag(u64);

impl Tag {
    /// A tag for the block of `size` bytes at `block`.
    #[inline(always)]
    pub(crate) fn new(block: *mut u8, size: usize, site: SiteId, context: Context) -> Self {
        let contents = u64::from(site.0) | context.0;
        Self(contents | check_bits(block, size, contents))
    }

    pub(crate) fn site(self) -> SiteId {
        SiteId((self.0 & SITE_MASK) as u32)
    }

    pub(crate) fn context(self) -> Context {
        Context(self.0 & CONTEXT_MASK)
    }

    /// Whether the block has neither a site nor a scope, so that only the totals of the process concern it.
    #[cfg(test)]
    pub(crate) fn is_plain(self) -> bool {
        Accepted::PLAIN.is_without_site(self)
    }

    /// Reads the tag behind a block; `None` when its check bits are wrong, so that it is not one of ours.
    ///
    /// # Safety
    ///
    /// The eight bytes behind the `size` bytes at `block` can be read.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) unsafe fn read(block: *mut u8, size: usize) -> Option<Self> {
        // SAFETY: by the caller's promise the address lies in a block that is eight bytes longer than `size`.
        let place = unsafe { block.add(size) };
        // SAFETY: readable by the caller's promise; any bits are a u64, and no alignment is asked for.
        let bits = unsafe { place.cast::<u64>().read_unaligned() };
        let ours = bits & CHECK_MASK == check_bits(block, size, bits & !CHECK_MASK) || planted(Fault::TrustEveryTag);
        ours.then_some(Self(bits))
    }

    /// Writes the tag behind a block.
    ///
    /// # Safety
    ///
    /// The eight bytes behind the `size` bytes at `block` can be written and are nobody else's.
    #[inline(always)]
    pub(crate) unsafe fn write(self, block: *mut u8, size: usize) {
        // SAFETY: by the caller's promise the address lies in a block that is eight bytes longer than `size`.
        let place = unsafe { block.add(size) };
        // SAFETY: writable by the caller's promise, and no alignment is asked for.
        unsafe { place.cast::<u64>().write_unaligned(self.0) };
    }
}

/// The layout to ask the inner allocator for: the user's with room for a tag. `None` when there is no such layout.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn with_tag(layout: Layout) -> Option<Layout> {
    // Of a valid layout the size, rounded up to the alignment, is at most `isize::MAX`; so must the larger one be. The
    // checks of `Layout::from_size_align` that a valid layout passes anyway would cost eight instructions.
    if layout.size() > (isize::MAX as usize + 1 - TAG_BYTES).wrapping_sub(layout.align()) {
        return None;
    }
    // SAFETY: the alignment is that of a valid layout, and the size was just checked against it.
    Some(unsafe { Layout::from_size_align_unchecked(layout.size() + TAG_BYTES, layout.align()) })
}

/// Tells two copies of the library in one process apart by its address.
static COPY: u8 = 0;

/// The high byte of a mix of address, size, this copy, and what the tag says: one multiplication by 2^64 divided by the
/// golden ratio spreads every input bit to the top.
#[inline(always)]
fn check_bits(block: *mut u8, size: usize, contents: u64) -> u64 {
    let key = block.addr() as u64 ^ (size as u64).rotate_left(40) ^ (&raw const COPY).addr() as u64 ^ contents;
    key.wrapping_mul(0x9E37_79B9_7F4A_7C15) & CHECK_MASK
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_of(bytes: &mut [u8]) -> *mut u8 {
        bytes.as_mut_ptr()
    }

    #[test]
    fn a_tag_gives_back_what_it_was_made_of() {
        let mut bytes = [0_u8; 64];
        let block = block_of(&mut bytes);
        let scope = ScopeId { index: 16_383, generation: END_OF_GENERATIONS - 1 };
        for size in 0..56 {
            for site in [0, 1, 2, 3, MAX_SITES as u32 - 1] {
                for context in [Context::of_thread(0), Context::of_thread(4_095), Context::of_scope(scope)] {
                    let tag = Tag::new(block, size, SiteId(site), context);
                    // SAFETY: size + 8 is at most 64.
                    unsafe { tag.write(block, size) };
                    // SAFETY: size + 8 is at most 64.
                    let read = unsafe { Tag::read(block, size) }.expect("our own tag passes");
                    assert_eq!((read.site(), read.context()), (SiteId(site), context));
                    assert_eq!(read.is_plain(), site == 0 && context.scope().is_none());
                }
            }
        }
        assert_eq!(Context::of_scope(scope).scope(), Some(scope));
        let first = ScopeId { index: 0, generation: FIRST_GENERATION };
        assert_eq!(Context::of_scope(first).scope(), Some(first));
        assert_eq!(Context::of_thread(FIRST_GENERATION - 1).scope(), None);
    }

    /// Hazard C6: a damaged tag is detected, or lands in the range of every field.
    #[test]
    fn c6_at_most_one_damaged_tag_in_two_hundred_passes() {
        let mut bytes = [0_u8; 4_096 + 8];
        let block = block_of(&mut bytes);
        let (mut damaged, mut passed) = (0_u32, 0_u32);
        for size in 0..4_096 {
            let tag = Tag::new(block, size, SiteId(size as u32), Context::of_thread(7));
            for other in [size.wrapping_sub(1), size + 1, size + 8, size + 64, size * 2 + 1] {
                damaged += 1;
                passed += u32::from(tag.0 & CHECK_MASK == check_bits(block, other, tag.0 & !CHECK_MASK));
            }
        }
        assert!(passed * 200 <= damaged, "{passed} of {damaged} passed");
    }

    /// Hazard C1: no layout wraps; what has no room for a tag is refused.
    #[test]
    fn c1_a_layout_without_room_for_a_tag_is_refused() {
        for align_bits in 0..30 {
            let align = 1_usize << align_bits;
            let largest = (isize::MAX as usize + 1) - align;
            for below in 0..=24 {
                let layout = Layout::from_size_align(largest - below, align).expect("a valid layout");
                let fits = layout.size() + TAG_BYTES <= largest;
                assert_eq!(with_tag(layout).is_some(), fits, "{layout:?}");
            }
        }
    }
}
