//! How a process can multiply and end while it is recorded: fork, exec, every kind of exit, a full disk. The program's
//! output and its exit code are those that it would have without heaplens.
//!
//! A claim starts this binary again with the name of a *play* in the environment: what the child process does. The child
//! runs once as it is and once with `HEAPLENS=stacks`, and must look the same from outside.

#[path = "support/claims.rs"]
mod claims;
#[path = "support/count.rs"]
mod count;
#[path = "process_life/plays.rs"]
mod plays;
#[path = "support/process_per_case.rs"]
mod process_per_case;
#[path = "process_life/stage.rs"]
mod stage;

use stage::{Stage, same_from_outside};
use std::os::unix::process::CommandExt;

heaplens::install!();

/// The binary is started for a play, for one claim, or for all of them.
fn main() -> std::process::ExitCode {
    if plays::run_the_one_asked_for() { std::process::ExitCode::SUCCESS } else { claims() }
}

claims::claims!(
    fn claims;
    p1_forks_beside_allocating_threads_all_end_well,
    p2_every_forked_child_that_exits_writes_a_profile_of_its_own,
    p3_the_profile_survives_every_orderly_exit,
    p3_no_way_to_end_looks_different_while_recorded,
    p4_exit_beside_allocating_threads_ends_well,
    p5_a_program_that_is_executed_inherits_no_descriptor_of_ours,
    p6_a_full_disk_leaves_the_program_alone,
    p6_a_limit_on_the_size_of_files_leaves_the_program_alone,
);

fn p1_forks_beside_allocating_threads_all_end_well() {
    let stage = Stage::new();
    same_from_outside(|| stage.play("forks"));
}

fn p2_every_forked_child_that_exits_writes_a_profile_of_its_own() {
    let stage = Stage::new();
    let seen = same_from_outside(|| stage.play("children that exit"));
    assert!(seen.status.success());
    assert_eq!(stage.profiles().len(), plays::CHILDREN + 1);
}

fn p3_the_profile_survives_every_orderly_exit() {
    for play in ["return", "exit", "panic"] {
        let stage = Stage::new();
        same_from_outside(|| stage.play(play));
        let profiles = stage.profiles();
        assert_eq!(profiles.len(), 1, "{play}");
        assert!(profiles[0].stats().total_blocks >= plays::BLOCKS, "{play}");
    }
}

fn p3_no_way_to_end_looks_different_while_recorded() {
    for play in ["_exit", "abort", "exec", "kill", "terminate", "interrupt"] {
        let stage = Stage::new();
        same_from_outside(|| stage.play(play));
        assert!(stage.profiles().is_empty(), "{play}: nothing half-written is left behind");
    }
}

fn p4_exit_beside_allocating_threads_ends_well() {
    for _ in 0..3 {
        let stage = Stage::new();
        let seen = same_from_outside(|| stage.play("exit beside threads"));
        assert_eq!(seen.status.code(), Some(7));
        assert_eq!(stage.profiles().len(), 1);
    }
}

fn p5_a_program_that_is_executed_inherits_no_descriptor_of_ours() {
    let stage = Stage::new();
    same_from_outside(|| stage.play("list descriptors"));
}

fn p6_a_full_disk_leaves_the_program_alone() {
    let stage = Stage::on_a_full_disk();
    let seen = same_from_outside(|| stage.play("return"));
    assert!(seen.status.success());
    stage.assert_said("the profile could not be written");
}

fn p6_a_limit_on_the_size_of_files_leaves_the_program_alone() {
    let stage = Stage::new();
    let limited = || {
        let mut command = stage.play("return");
        // SAFETY: setrlimit may be called between fork and exec.
        unsafe { command.pre_exec(limit_files_to_nothing) };
        command
    };
    let seen = same_from_outside(limited);
    assert!(seen.status.success());
    assert!(stage.profiles().is_empty());
    stage.assert_said("the profile could not be written");
}

fn limit_files_to_nothing() -> std::io::Result<()> {
    // A parent that ignores the signal of this limit would hand that down.
    // SAFETY: the default action is always valid.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_DFL) };
    let limit = libc::rlimit { rlim_cur: 256, rlim_max: 256 };
    // SAFETY: `limit` is a valid limit.
    if unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &limit) } == 0 {
        Ok(())
    } else {
        Err(std::io::Error::last_os_error())
    }
}
