//! The program and its libraries as the loader has them in memory, and where their unwind tables are.
//!
//! ```text
//! permanent   there since before `main`, never unloaded     listed once, by a call of the library
//! late        loaded by `dlopen`, may go at any time        asked of the loader at each use, without its lock
//! ```
//!
//! The one invariant: an address in a permanent module means the same code for the life of the process. For a late one
//! that holds as long as a frame of it is on some stack, so that its number, which tells it from whatever was or will be
//! at the same place, is found anew for every stack.

use super::arena;
use core::ffi::{CStr, c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// Where a module's unwind tables are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tables {
    /// Address of the section `.eh_frame_hdr`.
    pub(crate) header: u64,
    /// End of the memory that the tables may lie in.
    pub(crate) end: u64,
}

/// A permanent module.
#[derive(Clone, Copy)]
struct Module {
    start: u64,
    end: u64,
    tables: Tables,
}

/// Permanent modules that are listed; those beyond are treated as late ones.
const MAX_PERMANENT: usize = 250;

struct Permanent {
    modules: [Module; MAX_PERMANENT],
    number: usize,
}

/// Null until [`prepare`] ran.
static PERMANENT: AtomicPtr<Permanent> = AtomicPtr::new(ptr::null_mut());
/// Number of modules that were loaded when the program started; zero if this code came later itself.
static AT_START: AtomicU64 = AtomicU64::new(0);

/// A late module as it was when a stack of its code was captured.
pub(crate) struct LateModule {
    /// What its file's addresses are counted from.
    base: u64,
    fingerprint: u64,
    name_bytes: usize,
    name: [u8; MAX_NAME],
}

/// Bytes of a module's file name that are kept, from its end.
const MAX_NAME: usize = 232;
/// Late modules that can be told apart.
const MAX_LATE: usize = 4_096;

/// Late modules by number minus one. Append-only.
static LATE: [AtomicPtr<LateModule>; MAX_LATE] = [const { AtomicPtr::new(ptr::null_mut()) }; MAX_LATE];

/// The loader's answer to [`find_object`], as `<dlfcn.h>` of glibc 2.35 and later has it.
#[repr(C)]
struct FoundObject {
    flags: u64,
    map_start: *mut c_void,
    map_end: *mut c_void,
    link_map: *mut LinkMap,
    eh_frame_header: *mut c_void,
    reserved: [u64; 7],
}

/// The public head of the loader's record of a module, from `<link.h>`.
#[repr(C)]
struct LinkMap {
    base: usize,
    name: *const core::ffi::c_char,
}

type FindObject = unsafe extern "C" fn(*mut c_void, *mut FoundObject) -> c_int;

/// glibc's `_dl_find_object`; null where it is missing.
static FIND_OBJECT: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

/// Counts the modules that are there before any of the program's own code ran.
#[used]
#[unsafe(link_section = ".init_array")]
static AT_LOAD: extern "C" fn() = count_modules_at_start;

extern "C" fn count_modules_at_start() {
    // SAFETY: the callback has the right type and reads only what it is given; it stops at the first module.
    unsafe { libc::dl_iterate_phdr(Some(count_if_in_program), ptr::null_mut()) };
}

/// Called with the first module, which is the program itself.
unsafe extern "C" fn count_if_in_program(info: *mut libc::dl_phdr_info, _: usize, _: *mut c_void) -> c_int {
    // SAFETY: the loader passes a valid record.
    let info = unsafe { &*info };
    let own_code = count_modules_at_start as extern "C" fn() as usize as u64;
    if text_of(info).is_some_and(|(start, end)| (start..end).contains(&own_code)) {
        AT_START.store(info.dlpi_adds.saturating_sub(info.dlpi_subs), Ordering::Relaxed);
    }
    1
}

/// Lists the permanent modules, once. Takes the loader's lock: for calls of the library, never for an allocation.
pub(crate) fn prepare() {
    if !PERMANENT.load(Ordering::Acquire).is_null() {
        return;
    }
    #[cfg(not(target_feature = "crt-static"))]
    // SAFETY: the name ends in a NUL. A statically linked program has no late modules.
    FIND_OBJECT.store(unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"_dl_find_object".as_ptr()) }, Ordering::Relaxed);
    let Some(place) = arena::take_bytes(size_of::<Permanent>()) else { return };
    let place = place.cast::<Permanent>();
    let mut listing = Listing { seen: 0, removed: 0, list: place.as_ptr() };
    // SAFETY: the callback gets the listing, which outlives the call; the piece is zeroed, a value of `Permanent`, and
    // nobody else's.
    unsafe { libc::dl_iterate_phdr(Some(list_module), (&raw mut listing).cast()) };
    // ORDERING: Release, pairs with the Acquire of readers. The list of a thread that loses the race stays unused.
    let _ = PERMANENT.compare_exchange(ptr::null_mut(), place.as_ptr(), Ordering::Release, Ordering::Relaxed);
}

struct Listing {
    seen: u64,
    removed: u64,
    list: *mut Permanent,
}

unsafe extern "C" fn list_module(info: *mut libc::dl_phdr_info, _: usize, listing: *mut c_void) -> c_int {
    // SAFETY: the loader passes a valid record.
    let info = unsafe { &*info };
    // SAFETY: `prepare` passes its listing, which nothing else refers to.
    let listing = unsafe { &mut *listing.cast::<Listing>() };
    // SAFETY: the piece that `prepare` took, not published yet.
    let list = unsafe { &mut *listing.list };
    listing.removed = listing.removed.max(info.dlpi_subs);
    listing.seen += 1;
    // The loader lists in order of loading. Of those at the start as many as were removed since may be missing.
    let from_start = listing.seen <= AT_START.load(Ordering::Relaxed).saturating_sub(listing.removed);
    if let (Some((start, end)), Some(tables)) = (text_of(info), tables_of(info))
        && (from_start || needed_by_this_code(start, end) || listing.seen == 1)
        && let Some(place) = list.modules.get_mut(list.number)
    {
        *place = Module { start, end, tables };
        list.number += 1;
    }
    0
}

/// Whether a module cannot go as long as this code is there: it is this code, or this code is linked to it.
fn needed_by_this_code(start: u64, end: u64) -> bool {
    let own = count_modules_at_start as extern "C" fn() as usize;
    let of_libc = libc::abort as unsafe extern "C" fn() -> ! as usize;
    [own, of_libc].iter().any(|address| (start..end).contains(&(*address as u64)))
}

/// The program headers of a module.
fn headers_of(info: &libc::dl_phdr_info) -> &[libc::Elf64_Phdr] {
    if info.dlpi_phdr.is_null() {
        return &[];
    }
    // SAFETY: the loader's record points to that many headers, in memory that stays as long as the module.
    unsafe { core::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) }
}

/// From where to where a module has code.
fn text_of(info: &libc::dl_phdr_info) -> Option<(u64, u64)> {
    let code = headers_of(info).iter().filter(|part| part.p_type == libc::PT_LOAD && part.p_flags & libc::PF_X != 0);
    code.map(|part| (info.dlpi_addr + part.p_vaddr, info.dlpi_addr + part.p_vaddr + part.p_memsz))
        .reduce(|all, part| (all.0.min(part.0), all.1.max(part.1)))
}

fn tables_of(info: &libc::dl_phdr_info) -> Option<Tables> {
    let header = headers_of(info).iter().find(|part| part.p_type == libc::PT_GNU_EH_FRAME)?;
    let header = info.dlpi_addr + header.p_vaddr;
    // The tables themselves lie in the same segment as their header.
    let segments = headers_of(info).iter().filter(|part| part.p_type == libc::PT_LOAD);
    let mut ends = segments.map(|part| (info.dlpi_addr + part.p_vaddr, info.dlpi_addr + part.p_vaddr + part.p_memsz));
    let (_, end) = ends.find(|(start, end)| (*start..*end).contains(&header))?;
    Some(Tables { header, end })
}

/// The tables of the permanent module that an address lies in.
pub(crate) fn permanent(address: u64) -> Option<Tables> {
    // ORDERING: Acquire, pairs with the Release in `prepare`.
    let list = PERMANENT.load(Ordering::Acquire);
    // SAFETY: null, or a piece of the arena that is filled in and never changed again.
    let list = unsafe { list.as_ref() }?;
    let mut modules = list.modules[..list.number.min(MAX_PERMANENT)].iter();
    modules.find(|module| (module.start..module.end).contains(&address)).map(|module| module.tables)
}

/// A late module that an address on this thread's stack lies in: from where to where, its number, and its tables.
#[derive(Clone, Copy)]
pub(crate) struct Late {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) number: u16,
    pub(crate) tables: Tables,
}

/// The late module that an address lies in, asked of the loader without its lock.
///
/// The address must be one of code that runs: a return address on this thread's stack, so that the module cannot go
/// meanwhile.
pub(crate) fn late(address: u64) -> Option<Late> {
    let found = find_object(address)?;
    let (start, end) = (found.map_start.addr() as u64, found.map_end.addr() as u64);
    let header = found.eh_frame_header.addr() as u64;
    if header == 0 {
        return None;
    }
    // SAFETY: the loader's record of a module that is in use; it and the name stay as long as the module.
    let map = unsafe { found.link_map.as_ref() }.filter(|map| !map.name.is_null())?;
    // SAFETY: as above; names end in a NUL.
    let name = unsafe { CStr::from_ptr(map.name) }.to_bytes();
    let number = number_of(map.base as u64, fingerprint(name, header), name)?;
    Some(Late { start, end, number, tables: Tables { header, end } })
}

/// The file and the offset in it of an address in the late module of a number, if that module is no longer there.
///
/// Takes the loader's lock, under which no module comes or goes: for the read side.
pub(crate) fn gone(address: u64, number: u16) -> Option<(&'static [u8], u64)> {
    let place = LATE.get(usize::from(number).checked_sub(1)?)?;
    // ORDERING: Acquire, pairs with the Release in `number_of`.
    // SAFETY: null, or a piece of the arena that is filled in and never changed again.
    let module = unsafe { place.load(Ordering::Acquire).as_ref() }?;
    let mut search = Search { module, found: false };
    // SAFETY: the callback gets the search, which outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(is_searched), (&raw mut search).cast()) };
    let name = &module.name[..module.name_bytes.min(MAX_NAME)];
    (!search.found).then_some((name, address.wrapping_sub(module.base)))
}

struct Search {
    module: &'static LateModule,
    found: bool,
}

unsafe extern "C" fn is_searched(info: *mut libc::dl_phdr_info, _: usize, search: *mut c_void) -> c_int {
    // SAFETY: the loader passes a valid record.
    let info = unsafe { &*info };
    // SAFETY: `gone` passes its search, which nothing else refers to.
    let search = unsafe { &mut *search.cast::<Search>() };
    if info.dlpi_addr == search.module.base
        && !info.dlpi_name.is_null()
        && let Some(tables) = tables_of(info)
    {
        // SAFETY: names end in a NUL, and stay while the loader is held.
        let name = unsafe { CStr::from_ptr(info.dlpi_name) }.to_bytes();
        search.found |= fingerprint(name, tables.header) == search.module.fingerprint;
    }
    0
}

fn find_object(address: u64) -> Option<FoundObject> {
    let function = FIND_OBJECT.load(Ordering::Relaxed);
    if function.is_null() {
        return None;
    }
    // SAFETY: `prepare` found the function under its name, and its type is glibc's.
    let function = unsafe { core::mem::transmute::<*mut c_void, FindObject>(function) };
    let mut found = MaybeUninit::<FoundObject>::zeroed();
    // SAFETY: takes any address, writes at most the record, takes no lock, and may be called anywhere.
    let status = unsafe { function(ptr::without_provenance_mut(address as usize), found.as_mut_ptr()) };
    // SAFETY: zeroed at first, and filled in if the status is zero.
    (status == 0).then(|| unsafe { found.assume_init() })
}

/// Tells modules apart that take each other's place: by file name, and by the beginning of the table of functions.
fn fingerprint(name: &[u8], header: u64) -> u64 {
    const HEAD_WORDS: u64 = 2;
    const MAX_WORDS: u64 = 16;
    let mix = |hash: u64, word: u64| (hash ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    // SAFETY: inside of the module's image, which stays while its code is on this thread's stack or the loader is held.
    let word_at =
        |word: u64| unsafe { ptr::with_exposed_provenance::<u64>((header + word * 8) as usize).read_unaligned() };
    // The head is four bytes of encodings, the place of the tables, and the number of functions, 8 bytes each here.
    let functions = word_at(1) & u64::from(u32::MAX);
    let words = (HEAD_WORDS - 1 + functions).min(MAX_WORDS);
    let named = name.iter().fold(header, |hash, byte| mix(hash, u64::from(*byte)));
    (0..words).fold(named, |hash, word| mix(hash, word_at(word)))
}

/// The number of a late module, given out if it is seen for the first time. `None` when there are too many.
fn number_of(base: u64, fingerprint: u64, name: &[u8]) -> Option<u16> {
    let mut made: Option<*mut LateModule> = None;
    for (index, place) in LATE.iter().enumerate() {
        // ORDERING: Acquire, pairs with the Release below.
        let mut known = place.load(Ordering::Acquire);
        if known.is_null() {
            let fresh = made.or_else(|| describe(base, fingerprint, name))?;
            made = Some(fresh);
            match place.compare_exchange(ptr::null_mut(), fresh, Ordering::Release, Ordering::Acquire) {
                Ok(_) => known = fresh,
                Err(winner) => known = winner,
            }
        }
        // SAFETY: a piece of the arena that is filled in and never changed again.
        let module = unsafe { &*known };
        if module.base == base && module.fingerprint == fingerprint {
            return u16::try_from(index + 1).ok();
        }
    }
    None
}

fn describe(base: u64, fingerprint: u64, name: &[u8]) -> Option<*mut LateModule> {
    let place = arena::take_bytes(size_of::<LateModule>())?.cast::<LateModule>().as_ptr();
    let end = &name[name.len().saturating_sub(MAX_NAME)..];
    let mut kept = [0; MAX_NAME];
    kept[..end.len()].copy_from_slice(end);
    // SAFETY: the piece is large and aligned enough, and nobody else's.
    unsafe { place.write(LateModule { base, fingerprint, name_bytes: end.len(), name: kept }) };
    Some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_code_and_the_c_library_are_permanent_and_data_is_not() {
        prepare();
        let own = count_modules_at_start as extern "C" fn() as usize as u64;
        assert!(permanent(own).is_some());
        assert!(permanent(libc::abort as unsafe extern "C" fn() -> ! as usize as u64).is_some());
        assert!(permanent((&raw const LATE).addr() as u64).is_none());
        assert!(permanent(0).is_none());
    }

    #[test]
    fn the_loader_is_asked_for_what_is_not_listed() {
        prepare();
        let own = count_modules_at_start as extern "C" fn() as usize as u64;
        let module = late(own).expect("the loader knows the program");
        assert!((module.start..module.end).contains(&own));
        assert_eq!(late(own).map(|again| again.number), Some(module.number));
        assert_eq!(gone(own, module.number), None);
        assert!(late(16).is_none());
    }
}
