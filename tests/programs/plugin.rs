//! A shared object with a copy of heaplens of its own, for `plugin_host`.

heaplens::install!();

/// A block of this allocator, of `size` bytes. Whoever is lawful gives it back to [`plugin_give_back`].
#[unsafe(no_mangle)]
pub extern "C" fn plugin_make(size: usize) -> *mut u8 {
    Box::into_raw(vec![1_u8; size].into_boxed_slice()).cast()
}

/// Frees a block that [`plugin_make`] made.
///
/// # Safety
///
/// `block` came from `plugin_make` with the same size, and is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plugin_give_back(block: *mut u8, size: usize) {
    let slice = core::ptr::slice_from_raw_parts_mut(block, size);
    // SAFETY: by the caller's promise the block is a box of that many bytes.
    drop(unsafe { Box::from_raw(slice) });
}

/// Blocks that are live in this copy.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_live_blocks() -> u64 {
    heaplens::stats().live_blocks
}
