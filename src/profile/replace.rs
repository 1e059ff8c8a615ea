//! Writing a file as a whole or not at all.
//!
//! The contents go to a temporary file beside the target, which takes the target's place in one step at the end. Whoever
//! reads the target sees the old contents or all of the new ones; after a failure the old ones are still there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::profile::ProfileError;
use crate::sys::file_size;

/// Who may read the file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Only the user who wrote it: a profile holds the command line and the paths of the program.
    OwnerOnly,
    /// Whoever the user's settings let read a newly made file.
    Usual,
}

/// Puts what `write` writes in the place of `path`.
pub(crate) fn replace_file(
    path: &Path,
    access: Access,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), ProfileError> {
    let refused = |source: io::Error| {
        let source = io::Error::new(source.kind(), format!("cannot be written: {source}"));
        ProfileError::Io { path: Some(path.to_owned()), source }
    };
    match fs::canonicalize(path) {
        // A link stays a link; its target is replaced.
        Ok(target) if target.is_file() => replace(&target, access, write),
        // A device or a pipe cannot be replaced, only written to. A directory refuses to be opened.
        Ok(target) => OpenOptions::new().write(true).open(target).and_then(|device| write_all(device, write)),
        Err(_) => replace(path, access, write),
    }
    .map_err(refused)
}

fn replace(
    target: &Path,
    access: Access,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let temporary = temporary_beside(target)?;
    let file = create(&temporary, access)?;
    let written = write_all(file, write).and_then(|()| fs::rename(&temporary, target));
    if written.is_err() {
        // The failure to report is the first one; a temporary file that cannot be removed adds nothing to it.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn write_all(file: File, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    file_size::with_limit_as_error(|| {
        let mut writer = BufWriter::new(file);
        write(&mut writer)?;
        writer.flush()
    })
}

/// A name in the target's folder that no other writer uses.
fn temporary_beside(target: &Path) -> io::Result<PathBuf> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = target.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not a file name"))?;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}.{number}.tmp", process::id()));
    Ok(target.with_file_name(temporary))
}

fn create(path: &Path, access: Access) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if access == Access::OwnerOnly {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = access;
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_keeps_the_old_contents_and_leaves_nothing_behind() {
        let folder = std::env::temp_dir().join(format!("heaplens-replace-{}", process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder can be written");
        let path = folder.join("figures");
        replace_file(&path, Access::OwnerOnly, |writer| writer.write_all(b"old")).expect("writable");
        let error = replace_file(&path, Access::OwnerOnly, |writer| {
            writer.write_all(b"half of the new")?;
            Err(io::Error::other("no more"))
        });
        assert!(error.expect_err("the writer failed").to_string().contains("no more"));
        assert_eq!(fs::read(&path).expect("still there"), b"old");
        assert_eq!(fs::read_dir(&folder).expect("the folder is there").count(), 1);
        fs::remove_dir_all(folder).expect("made by this test");
    }
}
