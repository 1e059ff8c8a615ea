//! Reads the figures of call sites, over all threads, for those who copy them.

use super::counter::Figures;
use super::path_key::PathKey;
use super::peak;
use super::scope_names;
use super::sites;
use super::slots;
use super::tag::SiteId;

/// The name of a scope's number; `None` when it stands for all that found no room.
pub(crate) fn scope_name(name: u32) -> Option<String> {
    scope_names::with_name(name, |bytes| String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned())
}

/// The name of a thread's number; `None` when it stands for all that found no room.
pub(crate) fn thread_name(name: u32) -> Option<String> {
    scope_names::with_thread(name, |bytes| String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned())
}

/// The figures of every site that stands for a stack, over all threads, those at the peak as of now.
pub(crate) fn sites_of_process() -> impl Iterator<Item = (SiteId, Figures)> {
    let epoch = peak::epoch_of(peak::control_acquired());
    core::iter::once(SiteId::OVERFLOW).chain(sites::all()).filter_map(move |site| {
        let mut sum = Figures::default();
        for slot in slots::all() {
            if let Some(counter) = slot.shard.sites.get(site.index()) {
                // While the only thread rises, the peak is now: no line is of that epoch yet.
                let as_of = if slot.is_rising() { epoch.wrapping_add(1) } else { epoch };
                sum.add(&counter.read(as_of));
            }
        }
        (sum != Figures::default()).then_some((site, sum))
    })
}

/// The figures of every site inside one scope with stacks: its level, instance and peak epoch.
pub(crate) fn sites_of_scope(level: u32, instance: u32, epoch: u32) -> impl Iterator<Item = (SiteId, Figures)> {
    let all = [SiteId::NOT_CAPTURED, SiteId::OVERFLOW].into_iter().chain(sites::all());
    all.filter_map(move |site| {
        let mut sum = Figures::default();
        for slot in slots::all() {
            let counter = slot.shard.level_in_use(level).and_then(|table| table.get(site.index()));
            if let Some(counter) = counter.filter(|counter| counter.is_of_instance(instance)) {
                sum.add(&counter.read(epoch));
            }
        }
        (sum != Figures::default()).then_some((site, sum))
    })
}

/// The frames of a site, the innermost first.
pub(crate) fn path(site: SiteId) -> impl Iterator<Item = PathKey> {
    sites::path(site)
}
