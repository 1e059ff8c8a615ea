//! Names of scopes, kept for as long as the process lives, because frames of the call tree refer to them.
//!
//! Names are put in while an allocation is being recorded, so that they live in the arena and are found through an
//! open-addressed table of pointers that only fills. Each name also hands out *lanes*: two scopes of one name that are
//! open at the same time get different lanes and so different nodes of the tree, and their figures never mix.

use super::path_key::{LANES, MAX_NAMES, OTHER_NAMES};
use crate::sys::arena;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

/// Places in the table: twice the number of names, so that a search ends soon.
const PLACES: usize = MAX_NAMES as usize * 2;
/// Longer names are cut, at a character.
const MAX_NAME_BYTES: usize = 256;

static TABLE: [AtomicPtr<Name>; PLACES] = [const { AtomicPtr::new(ptr::null_mut()) }; PLACES];
static COUNT: AtomicU32 = AtomicU32::new(0);
/// The lanes of all scopes whose names found no room.
static OTHER_LANES: AtomicU64 = AtomicU64::new(0);

/// A name and which of its lanes are open.
#[repr(C)]
struct Name {
    lanes: AtomicU64,
    length: AtomicU32,
    bytes: [core::sync::atomic::AtomicU8; MAX_NAME_BYTES],
}

// SAFETY: atomic integers, valid when zero, without a destructor.
unsafe impl arena::Zeroed for Name {}

/// The number of a name, put in if it is new; [`OTHER_NAMES`] when there is no room for it.
pub(crate) fn intern(name: &str) -> u32 {
    let name = cut(name);
    let mut place = hash(name) as usize % PLACES;
    let mut fresh: Option<&'static Name> = None;
    // The table is at most half full, so that this ends at an empty place.
    for _ in 0..PLACES {
        // ORDERING: Acquire, pairs with the Release of the insertion.
        let seen = TABLE[place].load(Ordering::Acquire);
        let occupant = match as_name(seen) {
            Some(occupant) => occupant,
            None => {
                let Some(candidate) = fresh.or_else(|| make(name)) else { return OTHER_NAMES };
                fresh = Some(candidate);
                match TABLE[place].compare_exchange(
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

/// The name of a number, written through `use_bytes`; `None` for [`OTHER_NAMES`] and numbers never given out.
pub(crate) fn with_name<R>(name: u32, use_bytes: impl FnOnce(&mut dyn Iterator<Item = u8>) -> R) -> Option<R> {
    let entry = as_name(TABLE.get(name as usize)?.load(Ordering::Acquire))?;
    let length = entry.length.load(Ordering::Relaxed) as usize;
    Some(use_bytes(&mut entry.bytes[..length].iter().map(|byte| byte.load(Ordering::Relaxed))))
}

fn lanes(name: u32) -> Option<&'static AtomicU64> {
    if name == OTHER_NAMES {
        return Some(&OTHER_LANES);
    }
    Some(&as_name(TABLE.get(name as usize)?.load(Ordering::Acquire))?.lanes)
}

fn as_name(pointer: *mut Name) -> Option<&'static Name> {
    // SAFETY: null, or a piece of the arena that lives for ever and is only shared.
    unsafe { pointer.as_ref() }
}

fn make(name: &str) -> Option<&'static Name> {
    if COUNT.fetch_add(1, Ordering::Relaxed) >= MAX_NAMES {
        COUNT.fetch_sub(1, Ordering::Relaxed);
        return None;
    }
    let fresh = arena::take::<Name>()?;
    for (place, byte) in fresh.bytes.iter().zip(name.bytes()) {
        place.store(byte, Ordering::Relaxed);
    }
    fresh.length.store(name.len() as u32, Ordering::Relaxed);
    Some(fresh)
}

impl Name {
    fn is(&self, name: &str) -> bool {
        self.length.load(Ordering::Relaxed) as usize == name.len()
            && self.bytes.iter().zip(name.bytes()).all(|(mine, byte)| mine.load(Ordering::Relaxed) == byte)
    }
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
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
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
