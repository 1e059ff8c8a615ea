//! Stands for `attribution.rs` without the feature `stacks`: every block's site is "not captured".

use super::scope_events::SitesOf;
use super::slot::Slot;
use super::tag::SiteId;
use crate::unwind::Caller;

pub(super) const fn site_of(_: &Slot, _: Caller) -> SiteId {
    SiteId::NOT_CAPTURED
}

pub(super) fn is_known(site: SiteId) -> bool {
    site.index() < SiteId::FIRST as usize
}

pub(super) const fn allocated(_: &Slot, _: SiteId, _: usize, _: u32) {}

pub(super) const fn freed(_: &Slot, _: SiteId, _: usize, _: bool, _: u32) {}

pub(super) const fn freed_on_shared(_: &Slot, _: SiteId, _: usize) {}

pub(super) const fn allocated_in_scope(_: &Slot, _: Option<SitesOf>, _: SiteId, _: usize) {}

pub(super) const fn freed_in_scope(_: &Slot, _: Option<SitesOf>, _: SiteId, _: usize, _: bool) {}

pub(super) const fn freed_elsewhere(_: &Slot, _: Option<SitesOf>, _: SiteId, _: usize, _: bool) {}
