//! Source paths, short enough to read.
//!
//! Profiles keep paths as the debug information gives them; views shorten them here. The directory in which the program
//! ran is part of the profile, so that the same profile reads the same on every machine.

/// The part of a path that tells a person where to look.
///
/// Files of a registry begin with the crate and its version, those of the standard library with `std`, `core` or
/// `alloc`, and files below `directory` are relative to it. Anything else stays as it is.
pub(crate) fn short_path<'p>(file: &'p str, directory: &str) -> &'p str {
    below(file, directory)
        .or_else(|| after(file, "/registry/src/", 1))
        .or_else(|| after(file, "/git/checkouts/", 0))
        .or_else(|| after(file, "/rustlib/src/rust/library/", 0))
        .or_else(|| after(file, "/rustc/", 2))
        .or_else(|| after(file, "/vendor/", 0))
        .unwrap_or(file)
}

/// A command line with the name of the program alone in place of its path.
pub(crate) fn command_line(command: &str) -> &str {
    let program = command.split(' ').next().unwrap_or_default();
    let folders = program.trim_end_matches(['/', '\\']).rfind(['/', '\\']).map_or(0, |separator| separator + 1);
    &command[folders..]
}

/// The path relative to a directory above it.
fn below<'p>(file: &'p str, directory: &str) -> Option<&'p str> {
    let relative = file.strip_prefix(directory.trim_end_matches(['/', '\\']))?;
    let relative = relative.strip_prefix(['/', '\\'])?;
    (!directory.is_empty() && !relative.is_empty()).then_some(relative)
}

/// The path after the last `marker` and a number of further folders, such as the hash of an index.
fn after<'p>(file: &'p str, marker: &str, folders: usize) -> Option<&'p str> {
    let mut rest = &file[file.rfind(marker)? + marker.len()..];
    for _ in 0..folders {
        rest = rest.split_once('/')?.1;
    }
    (!rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_where_a_person_starts_to_read() {
        let short = |file| short_path(file, "/home/me/app");
        assert_eq!(short("/home/me/app/src/main.rs"), "src/main.rs");
        assert_eq!(short("/home/me/application/src/main.rs"), "/home/me/application/src/main.rs");
        assert_eq!(short("/c/registry/src/index-1949/serde-1.0.0/src/de.rs"), "serde-1.0.0/src/de.rs");
        assert_eq!(short("/rustc/59807616/library/alloc/src/vec/mod.rs"), "alloc/src/vec/mod.rs");
        assert_eq!(short("/t/lib/rustlib/src/rust/library/std/src/rt.rs"), "std/src/rt.rs");
        assert_eq!(short("./nptl/pthread_create.c"), "./nptl/pthread_create.c");
    }

    #[test]
    fn of_a_command_line_the_folder_of_the_program_is_left_out() {
        assert_eq!(command_line("/home/me/target/release/app --out /tmp/x"), "app --out /tmp/x");
        assert_eq!(command_line("app a/b"), "app a/b");
        assert_eq!(command_line("/"), "/");
        assert_eq!(command_line(""), "");
    }

    #[test]
    fn an_unknown_directory_shortens_nothing() {
        assert_eq!(short_path("/src/main.rs", ""), "/src/main.rs");
        assert_eq!(short_path("/src/main.rs", "/"), "src/main.rs");
    }
}
