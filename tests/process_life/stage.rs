//! Where a play runs: a folder for its profiles, and what is seen of it from outside.

use heaplens::Profile;
use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that goes when it is dropped.
pub(crate) struct Stage {
    folder: PathBuf,
    disk: Disk,
}

enum Disk {
    /// A folder among others.
    Usual,
    /// A file system that is full, mounted at the folder.
    Full,
    /// Where nothing can be mounted: a link to the device that is always full stands for the folder.
    Device,
}

/// What is seen of a process from outside, without its standard error.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
}

thread_local! {
    /// What the last recorded process wrote on its standard error.
    static SAID: RefCell<String> = const { RefCell::new(String::new()) };
}

impl Stage {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("stage-{}-{number}", process::id()));
        fs::create_dir_all(&folder).expect("a folder of our own");
        Self { folder, disk: Disk::Usual }
    }

    /// A stage on which nothing can be written.
    pub(crate) fn on_a_full_disk() -> Self {
        let mut stage = Self::new();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=16k", "tmpfs"]).arg(&stage.folder).status();
        if mount.is_ok_and(|status| status.success()) {
            stage.disk = Disk::Full;
            // As much as fits, and then nothing does.
            let _ = fs::write(stage.folder.join("everything"), vec![0_u8; 64 << 10]);
            println!("used a full tmpfs");
        } else {
            fs::remove_dir(&stage.folder).expect("it is empty");
            std::os::unix::fs::symlink("/dev/full", &stage.folder).expect("a link of our own");
            stage.disk = Disk::Device;
            println!("used /dev/full, because nothing can be mounted here");
        }
        stage
    }

    /// A child process that performs a play, whose profiles would go to this stage.
    pub(crate) fn play(&self, name: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().expect("the path of this binary"));
        command.env(super::plays::VARIABLE, name).env("HEAPLENS_OUT", &self.folder).env("RUST_BACKTRACE", "0");
        command
    }

    /// The profiles on this stage, each of which must be sound.
    pub(crate) fn profiles(&self) -> Vec<Profile> {
        let entries = fs::read_dir(&self.folder).expect("our own folder");
        let path = |entry: std::io::Result<fs::DirEntry>| entry.expect("our own folder").path();
        entries.map(path).map(|path| Profile::load(&path).unwrap_or_else(|error| panic!("{error}"))).collect()
    }

    /// Checks what the last recorded process said of its profile.
    pub(crate) fn assert_said(&self, part: &str) {
        SAID.with_borrow(|said| assert!(said.contains(part), "{said}"));
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        match self.disk {
            Disk::Usual => drop(fs::remove_dir_all(&self.folder)),
            Disk::Full => {
                let _ = Command::new("umount").arg(&self.folder).status();
                let _ = fs::remove_dir(&self.folder);
            }
            Disk::Device => drop(fs::remove_file(&self.folder)),
        }
    }
}

/// Runs a process as it is and while it is recorded, and checks that both look the same. Returns what was seen.
#[track_caller]
pub(crate) fn same_from_outside(command: impl Fn() -> Command) -> Seen {
    let (plain, _) = see(command().env_remove("HEAPLENS"));
    let (recorded, said) = see(command().env("HEAPLENS", "stacks"));
    assert_eq!(recorded, plain, "{said}");
    SAID.set(said);
    recorded
}

fn see(command: &mut Command) -> (Seen, String) {
    let output = command.output().expect("this binary starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (Seen { status: output.status, stdout: text(output.stdout) }, text(output.stderr))
}
