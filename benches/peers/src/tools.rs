//! The tools that are compared, built and ready to run.

use crate::{builds, variants};
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Call sites that mod-alloc has room for: by default 4,096, and it leaves out the others.
const MOD_ALLOC_BUCKETS: &str = "65536";

/// A worker program, and how to run it.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    /// At least so many times heaplens's added time is what this tool must add.
    pub(crate) least: Option<f64>,
    /// Too slow to be run more than once.
    pub(crate) slow: bool,
    program: PathBuf,
    /// What stands before the program in the command.
    wrapper: Vec<OsString>,
}

/// Places in what [`build`] returns.
pub(crate) const BARE: usize = 0;
pub(crate) const STACKS: usize = 2;

/// Builds every tool that is to be had; says which are not.
pub(crate) fn build(scratch: &Path) -> Vec<Tool> {
    let programs = builds::programs(builds::cargo(&["build", "--release", "--bins"]));
    let tool = |name, target: &str| Tool {
        name,
        least: None,
        slow: false,
        program: programs[target].clone(),
        wrapper: Vec::new(),
    };
    let mut tools = vec![
        tool("bare", "bare"),
        tool("counting", "counting"),
        tool("stacks", "stacks"),
        tool("stats_alloc", "with_stats_alloc"),
        Tool { program: with_frame_pointers(&programs), ..tool("mod-alloc", "with_mod_alloc") },
        Tool { least: Some(20.0), slow: true, ..tool("dhat", "with_dhat") },
        Tool { least: Some(20.0), slow: true, ..tool("dhat full", "with_dhat_full") },
    ];
    match version("heaptrack") {
        Some(version) => {
            println!("{version}");
            let output = scratch.join("heaptrack");
            let wrapper = vec!["heaptrack".into(), "-o".into(), output.into()];
            tools.push(Tool { least: Some(4.0), wrapper, ..tool("heaptrack", "bare") });
        }
        None => println!("heaptrack is not installed: left out"),
    }
    tools
}

/// mod-alloc's worker, built with the frame pointers that it needs, apart from everything else.
fn with_frame_pointers(programs: &HashMap<String, PathBuf>) -> PathBuf {
    let release = programs["with_mod_alloc"].parent().expect("a program is in a folder");
    let mut cargo = builds::cargo(&["build", "--release", "--bin", "with_mod_alloc", "--target-dir"]);
    cargo.arg(release.join("frame-pointers"));
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    cargo.env("RUSTFLAGS", format!("{flags} -C force-frame-pointers=yes"));
    builds::programs(cargo)["with_mod_alloc"].clone()
}

/// What an installed program says of its version.
fn version(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

impl Tool {
    /// A command that runs a workload under the tool.
    pub(crate) fn ask(&self, workload: &str, source: &Path) -> Command {
        let mut worker = variants::ask(&self.program, workload, source);
        if self.slow {
            worker.arg("runs=1");
        }
        if let [program, arguments @ ..] = &self.wrapper[..] {
            let mut wrapped = Command::new(program);
            wrapped.args(arguments).arg(worker.get_program()).args(worker.get_args());
            worker = wrapped;
        }
        worker.env("MOD_ALLOC_BUCKETS", MOD_ALLOC_BUCKETS);
        worker
    }
}
