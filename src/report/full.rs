//! The long report: every order of call sites, each with its whole stack.

use crate::export::number::{bytes, count, counted, percent};
use crate::profile::{Metric, Profile, Site};
use crate::record::own_work::OwnWork;
use crate::report::head;
use crate::report::summary::{WIDTH, amount};
use crate::symbolize::visible;

impl Profile {
    /// The figures of the whole, and the `top` largest call sites by every [`Metric`], each with its call stack, leaf
    /// first. Names are written in full, so that lines have any length.
    ///
    /// ```
    /// # let profile = heaplens::Profile::default();
    /// print!("{}", profile.full_report(10));
    /// # assert!(profile.full_report(10).contains("allocated"));
    /// ```
    #[must_use]
    pub fn full_report(&self, top: usize) -> String {
        let _own = OwnWork::begin();
        let mut lines = head::figures(self, WIDTH);
        lines.extend(head::remarks(self, WIDTH));
        if !self.spans().is_empty() {
            lines.push(String::new());
            lines.extend(self.spans().to_string().lines().map(str::to_owned));
        }
        for metric in Metric::ALL {
            lines.extend(order(self, metric, top));
        }
        lines.join("\n") + "\n"
    }
}

fn order(profile: &Profile, metric: Metric, top: usize) -> Vec<String> {
    let sites = profile.sites(metric);
    if sites.is_empty() || top == 0 {
        return Vec::new();
    }
    let shown = sites.len().min(top);
    let which = if shown == sites.len() { "all".to_owned() } else { format!("the first {shown} of") };
    let total = amount(metric, profile.total(metric));
    let call_sites = counted(sites.len() as u64, "call site");
    let mut lines = vec![String::new(), format!("{}: {total}, {which} {call_sites}", metric.title())];
    for site in &sites[..shown] {
        lines.push(figures(metric, site));
        lines.extend(stack(profile, site));
    }
    lines
}

fn figures(metric: Metric, site: &Site<'_>) -> String {
    let stats = site.stats();
    format!(
        "  {} ({}): allocated {} in {}, {} at the peak, {} still live, {} temporary",
        amount(metric, site.value()),
        percent(site.share()),
        bytes(stats.total_bytes),
        counted(stats.total_blocks, "block"),
        bytes(stats.live_at_peak_bytes),
        bytes(stats.live_bytes()),
        count(stats.temporary_blocks),
    )
}

fn stack(profile: &Profile, site: &Site<'_>) -> Vec<String> {
    let line = |frame| match profile.location(frame) {
        Some(location) => format!("      {frame}  {}", visible(&location)),
        None => format!("      {frame}"),
    };
    site.frames().iter().map(|frame| line(frame)).collect()
}
