//! Names of scopes and of threads, kept for as long as the process lives, because frames of the call tree refer to them.
//!
//! Names are put in while an allocation is being recorded, so that they live in the arena and are found through an
//! open-addressed table of pointers that only fills. Scopes and threads have a table each, so that a program with a new
//! name for every thread keeps those of its scopes. Each name of a scope also hands out *lanes*: two scopes of one name
//! that are open at the same time get different lanes and so different nodes of the tree, and their figures never mix.

use super::path_key::{LANES, MAX_NAMES, OTHER_NAMES};
use crate::sys::arena;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering};

/// Places in a table: twice the number of names, so that a search ends soon.
const PLACES: usize = MAX_NAMES as usize * 2;
/// Longer names are cut: those of scopes at a character. Those of threads are shorter on every system.
const MAX_NAME_BYTES: usize = 256;

static SCOPES: Names = Names::new();
static THREADS: Names = Names::new();
/// The lanes of all scopes whose names found no room.
static OTHER_LANES: AtomicU64 = AtomicU64::new(0);

/// A table of names.
struct Names {
    places: [AtomicPtr<Name>; PLACES],
    count: AtomicU32,
}

/// A name and which of its lanes are open.
#[repr(C)]
struct Name {
    lanes: AtomicU64,
    length: AtomicU32,
    bytes: [AtomicU8; MAX_NAME_BYTES],
}

// SAFETY: atomic integers, valid when zero, without a destructor.
unsafe impl arena::Zeroed for Name {}

/// The number of a scope's name, put in if it is new; [`OTHER_NAMES`] when there is no room for it.
pub(crate) fn intern(name: &str) -> u32 {
    SCOPES.intern(cut(name).as_bytes())
}

/// The number of a thread's name, in whatever encoding, put in if it is new; [`OTHER_NAMES`] when there is no room for it.
pub(crate) fn intern_thread(name: &[u8]) -> u32 {
    THREADS.intern(name.get(..MAX_NAME_BYTES).unwrap_or(name))
}

/// The scope's name of a number, written through `use_bytes`; `None` for [`OTHER_NAMES`] and numbers never given out.
pub(crate) fn with_name<R>(name: u32, use_bytes: impl FnOnce(&mut dyn Iterator<Item = u8>) -> R) -> Option<R> {
    Some(use_bytes(&mut SCOPES.get(name)?.bytes()))
}

/// As [`with_name`], the name of a thread.
pub(crate) fn with_thread<R>(name: u32, use_bytes: impl FnOnce(&mut dyn Iterator<Item = u8>) -> R) -> Option<R> {
    Some(use_bytes(&mut THREADS.get(name)?.bytes()))
}

/// Opens the lowest free lane of a name; `None` when all are open.
pub(crate) fn open_lane(name: u32) -> Option<u32> {
    let lanes = lanes(name)?;
    let mut seen = lanes.load(Ordering::Relaxed);
    loop {
        let lane = (!seen).trailing_zeros();
        if lane >= LANES {
            return None;
        }
        // ORDERING: Acquire, pairs with the Release of `close_lane`: the lane's last scope is done with its nodes.
        match lanes.compare_exchange_weak(seen, seen | 1 << lane, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => return Some(lane),
            Err(now) => seen = now,
        }
    }
}

/// Closes a lane of a name.
pub(crate) fn close_lane(name: u32, lane: u32) {
    if let Some(lanes) = lanes(name)
        && lane < LANES
    {
        // ORDERING: Release, pairs with the Acquire of `open_lane`.
        lanes.fetch_and(!(1 << lane), Ordering::Release);
    }
}

fn lanes(name: u32) -> Option<&'static AtomicU64> {
    if name == OTHER_NAMES {
        return Some(&OTHER_LANES);
    }
    Some(&SCOPES.get(name)?.lanes)
}

impl Names {
    const fn new() -> Self {
        Self { places: [const { AtomicPtr::new(ptr::null_mut()) }; PLACES], count: AtomicU32::new(0) }
    }

    fn get(&self, name: u32) -> Option<&'static Name> {
        // ORDERING: Acquire, pairs with the Release of the insertion.
        as_name(self.places.get(name as usize)?.load(Ordering::Acquire))
    }

    fn intern(&self, name: &[u8]) -> u32 {
        let mut place = hash(name) as usize % PLACES;
        let mut fresh: Option<&'static Name> = None;
        // The table is at most half full, so that this ends at an empty place.
        for _ in 0..PLACES {
            // ORDERING: Acquire, pairs with the Release of the insertion.
            let seen = self.places[place].load(Ordering::Acquire);
            let occupant = match as_name(seen) {
                Some(occupant) => occupant,
                None => {
                    let Some(candidate) = fresh.or_else(|| self.make(name)) else { return OTHER_NAMES };
                    fresh = Some(candidate);
                    match self.places[place].compare_exchange(
                        ptr::null_mut(),
                        ptr::from_ref(candidate).cast_mut(),
                        Ordering::Release,
                        Ordering::Acquire,
                    ) {
                        Ok(_) => return place as u32,
                        Err(winner) => match as_name(winner) {
                            Some(occupant) => occupant,
                            None => return OTHER_NAMES,
                        },
                    }
                }
            };
            if occupant.is(name) {
                return place as u32;
            }
            place = (place + 1) % PLACES;
        }
        OTHER_NAMES
    }

    fn make(&self, name: &[u8]) -> Option<&'static Name> {
        let is_one_of_most = self.count.fetch_add(1, Ordering::Relaxed) < MAX_NAMES;
        let Some(fresh) = is_one_of_most.then(arena::take::<Name>).flatten() else {
            // A name that finds no room below the memory limit takes none from those that come when the limit is higher.
            self.count.fetch_sub(1, Ordering::Relaxed);
            return None;
        };
        for (place, byte) in fresh.bytes.iter().zip(name) {
            place.store(*byte, Ordering::Relaxed);
        }
        fresh.length.store(name.len() as u32, Ordering::Relaxed);
        Some(fresh)
    }
}

impl Name {
    fn bytes(&self) -> impl Iterator<Item = u8> {
        let length = self.length.load(Ordering::Relaxed) as usize;
        self.bytes.iter().take(length).map(|byte| byte.load(Ordering::Relaxed))
    }

    fn is(&self, name: &[u8]) -> bool {
        self.length.load(Ordering::Relaxed) as usize == name.len() && self.bytes().eq(name.iter().copied())
    }
}

fn as_name(pointer: *mut Name) -> Option<&'static Name> {
    // SAFETY: null, or a piece of the arena that lives for ever and is only shared.
    unsafe { pointer.as_ref() }
}

/// The longest start of a name that fits and ends at a character.
fn cut(name: &str) -> &str {
    let mut end = name.len().min(MAX_NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or("")
}

/// FNV-1a, 64 bits: <https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>.
fn hash(name: &[u8]) -> u64 {
    name.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_has_one_number_and_comes_back_as_it_was() {
        let number = intern("parse größe");
        assert_eq!(intern("parse größe"), number);
        assert_ne!(intern("parse größer"), number);
        let bytes = with_name(number, |bytes| bytes.collect::<Vec<u8>>()).expect("a known name");
        assert_eq!(bytes, "parse größe".as_bytes());
    }

    #[test]
    fn threads_have_names_of_their_own_in_any_encoding() {
        let name = b"worker \xF0\x9F";
        let number = intern_thread(name);
        assert_eq!(intern_thread(name), number);
        let bytes = |number| with_thread(number, |bytes| bytes.collect::<Vec<u8>>());
        assert_eq!(bytes(number).as_deref(), Some(&name[..]));
        assert_eq!((bytes(OTHER_NAMES), with_name(number, |_| ())), (None, None));
    }

    #[test]
    fn a_long_name_is_cut_at_a_character() {
        let long = "é".repeat(MAX_NAME_BYTES);
        assert_eq!(cut(&long).len(), MAX_NAME_BYTES);
        let odd = format!("a{long}");
        assert_eq!(cut(&odd).len(), MAX_NAME_BYTES - 1);
    }

    #[test]
    fn lanes_open_from_the_lowest_and_end() {
        let name = intern("lanes of a test");
        assert_eq!((open_lane(name), open_lane(name)), (Some(0), Some(1)));
        close_lane(name, 0);
        assert_eq!(open_lane(name), Some(0));
        assert_eq!((2..LANES).filter_map(|_| open_lane(name)).count(), LANES as usize - 2);
        assert_eq!(open_lane(name), None);
    }
}
