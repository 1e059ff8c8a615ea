//! Which allocator is wrapped: a name, for people who compare figures.
//!
//! The first allocation of the process brings it along, as only the program knows the type.

use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

/// Names a type: [`core::any::type_name`] of it.
pub(crate) type TypeName = fn() -> &'static str;

/// Null until it is known, and a [`TypeName`] from then on.
static INNER: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// Keeps the name of the wrapped allocator's type.
pub(super) fn keep(inner: TypeName) {
    INNER.store(inner as *mut (), Ordering::Relaxed);
}

/// The wrapped allocator's type; `None` before the first allocation, and where the recorder stands aside.
#[cfg(feature = "stacks")]
pub(crate) fn inner_allocator() -> Option<&'static str> {
    let inner = INNER.load(Ordering::Relaxed);
    // SAFETY: null, which is `None`, or what `keep` stored, which was a `TypeName`.
    let inner = unsafe { core::mem::transmute::<*mut (), Option<TypeName>>(inner) };
    inner.map(|name| name())
}
