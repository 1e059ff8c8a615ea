//! The recorder's own work is in no figure of the user's: every public call changes none.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/process_per_case.rs"]
mod process_per_case;

use heaplens::{MemoryScope, MemoryStats, exclude, measure, stats, try_measure};
use std::fmt::Write;
use std::hint::black_box;

heaplens::install!();

claims::claims!(
    asking_whether_it_is_installed_changes_nothing,
    reading_the_figures_changes_nothing,
    the_figures_on_a_display_change_nothing,
    measuring_nothing_changes_nothing,
    a_scope_entered_and_finished_changes_nothing,
    a_scope_with_stacks_changes_nothing,
    excluding_nothing_changes_nothing,
    a_measurement_inside_another_is_not_in_it,
    a_profile_of_nothing_changes_nothing,
    profiling_the_process_changes_nothing,
    looking_at_a_profile_changes_nothing,
);

/// Makes a call, which may not change any figure of the process, the first time and later.
fn changes_nothing<R>(mut call: impl FnMut() -> R) {
    for time in 1..=3 {
        let before = stats();
        drop(black_box(call()));
        let after = stats();
        assert_eq!(before, after, "at call {time}");
    }
}

fn asking_whether_it_is_installed_changes_nothing() {
    changes_nothing(heaplens::is_installed);
}

fn reading_the_figures_changes_nothing() {
    changes_nothing(stats);
    changes_nothing(MemoryStats::default);
}

fn the_figures_on_a_display_change_nothing() {
    let mut text = String::with_capacity(4_096);
    let (_, used) = measure("displayed", || ());
    changes_nothing(|| {
        text.clear();
        write!(text, "{} {} {} {}", stats(), used, used.completeness(), used.name()).expect("there is room");
        (used.elapsed(), used.stats(), used.peak_mb())
    });
}

fn measuring_nothing_changes_nothing() {
    changes_nothing(|| measure("nothing", || ()));
    changes_nothing(|| try_measure("nothing", || ()));
    changes_nothing(|| heaplens::profile_memory_usage("nothing", || ()));
    changes_nothing(|| heaplens::try_profile_memory_usage("nothing", || ()));
}

fn a_scope_entered_and_finished_changes_nothing() {
    changes_nothing(|| MemoryScope::enter("nothing").finish());
    changes_nothing(|| MemoryScope::enter("nothing"));
    changes_nothing(|| MemoryScope::try_enter("nothing").map(MemoryScope::finish));
    changes_nothing(|| MemoryScope::builder("nothing").enter().finish());
    changes_nothing(|| MemoryScope::builder("nothing").try_enter().map(|scope| scope.stats()));
}

/// Capturing a stack and copying the call sites is work of the recorder's; the one block inside is the user's.
fn a_scope_with_stacks_changes_nothing() {
    #[cfg(feature = "stacks")]
    for time in 1..=3 {
        let before = stats();
        let scope = MemoryScope::builder("with stacks").stacks().enter();
        drop(black_box(Box::new(17_u64)));
        let used = scope.finish();
        assert_eq!((used.total_blocks, used.total_bytes, used.live_bytes), (1, 8, 0), "at scope {time}");
        drop(used);
        let after = stats();
        assert_eq!((after.total_blocks, after.total_bytes), (before.total_blocks + 1, before.total_bytes + 8));
        assert_eq!((after.live_blocks, after.live_bytes), (before.live_blocks, before.live_bytes));
    }
}

fn excluding_nothing_changes_nothing() {
    changes_nothing(|| exclude(|| ()));
}

fn a_measurement_inside_another_is_not_in_it() {
    for _ in 0..3 {
        let ((), outer) = measure("outer", || {
            let _ = (stats(), heaplens::is_installed());
            drop(measure("inner", || ()));
            drop(MemoryScope::builder("inner").enter().finish());
            exclude(|| ());
        });
        assert_eq!(outer.stats(), MemoryStats::default());
    }
}

fn a_profile_of_nothing_changes_nothing() {
    #[cfg(feature = "stacks")]
    {
        changes_nothing(|| heaplens::profile("nothing", || ()));
        changes_nothing(|| heaplens::try_profile("nothing", || ()));
    }
}

fn profiling_the_process_changes_nothing() {
    #[cfg(feature = "stacks")]
    {
        changes_nothing(|| heaplens::Profiler::start().map(heaplens::Profiler::stop));
        changes_nothing(heaplens::Profiler::start);
        changes_nothing(|| {
            let first = heaplens::Profiler::start();
            (heaplens::Profiler::start().is_err(), first.is_ok())
        });
        changes_nothing(|| heaplens::Profiler::builder().exact_peak().start().map(heaplens::Profiler::stop));
    }
}

/// A profile's text, views and files are the recorder's own work, and so is what they return.
fn looking_at_a_profile_changes_nothing() {
    #[cfg(feature = "flamegraph")]
    {
        use heaplens::{Metric, Profile, profile};
        let (held, profile) = profile("looked at", || vec![black_box(1_u8); 100]);
        let path = std::env::temp_dir().join(format!("heaplens-own-work-{}.json.gz", std::process::id()));
        changes_nothing(|| profile.summary());
        changes_nothing(|| profile.full_report(3));
        changes_nothing(|| profile.sites(Metric::TotalBytes).len());
        changes_nothing(|| profile.write_folded(Metric::TotalBytes, std::io::sink()));
        changes_nothing(|| profile.write_dhat(std::io::sink()));
        changes_nothing(|| profile.write_speedscope(std::io::sink()));
        changes_nothing(|| profile.write_flamegraph(Metric::TotalBytes, std::io::sink()));
        changes_nothing(|| profile.write_json(std::io::sink()));
        changes_nothing(|| profile.save(&path));
        changes_nothing(|| Profile::load(&path));
        std::fs::remove_file(&path).expect("the profile was written");
        drop(held);
    }
}
