//! The module of a function whose debug information does not name it.
//!
//! With `debug = "line-tables-only"` the compiler writes the bare names of functions: `push`, `new`, `alloc`. The path of
//! the source file nearly always repeats the path of the module, so it stands in for what is missing.

use crate::symbolize::origin::is_own_file;

/// The name with the module that its file suggests in front, where the name has no path of its own.
pub(crate) fn qualified(name: String, file: Option<&str>) -> String {
    if has_path(&name) {
        return name;
    }
    match file.and_then(module_of) {
        Some(module) => format!("{module}::{name}"),
        None => name,
    }
}

/// Whether the name has a path outside of its generic arguments.
fn has_path(name: &str) -> bool {
    name.starts_with('<') || name.split('<').next().is_some_and(|path| path.contains("::"))
}

/// The module that a source file holds by the customs of cargo: `serde-1.0.0/src/de/mod.rs` is `serde::de`.
fn module_of(file: &str) -> Option<String> {
    let file = file.replace('\\', "/");
    let path = file.strip_suffix(".rs")?;
    let (root, inside) = match path.rfind("/src/") {
        Some(position) if is_own_file(&file) => ("heaplens", &path[position + "/src/".len()..]),
        Some(position) => (path[..position].rsplit('/').next()?, &path[position + "/src/".len()..]),
        None => ("", path.rsplit('/').next()?),
    };
    let inside = inside.trim_end_matches("mod").trim_end_matches('/');
    let inside = if matches!(inside, "lib" | "main") { "" } else { inside };
    let parts = [crate_name(root)].into_iter().chain(inside.split('/').map(str::to_owned));
    let module = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("::");
    (!module.is_empty()).then_some(module)
}

/// The crate in a folder of that name, with or without its version.
fn crate_name(folder: &str) -> String {
    let is_version = |part: &str| part.starts_with(|first: char| first.is_ascii_digit());
    let name = match folder.split_once('-').filter(|_| folder.rsplit('-').any(is_version)) {
        Some(_) => folder.split('-').take_while(|part| !is_version(part)).collect::<Vec<_>>().join("_"),
        None => folder.replace('-', "_"),
    };
    name.replace('.', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, file: &str) -> String {
        qualified(name.to_owned(), Some(file))
    }

    #[test]
    fn a_bare_name_gets_the_module_of_its_file() {
        assert_eq!(named("step", "/home/me/fluid/src/grid.rs"), "fluid::grid::step");
        assert_eq!(named("main", "/home/me/my-app/src/main.rs"), "my_app::main");
        assert_eq!(named("from_str<&str>", "/r/serde_json-1.0.154/src/de.rs"), "serde_json::de::from_str<&str>");
        assert_eq!(named("grow_one<u8>", "/rustc/59/library/alloc/src/raw_vec/mod.rs"), "alloc::raw_vec::grow_one<u8>");
        assert_eq!(
            named("alloc", concat!(env!("CARGO_MANIFEST_DIR"), "/src/allocator/mod.rs")),
            "heaplens::allocator::alloc"
        );
        assert_eq!(named("run", "/home/me/app/examples/quickstart.rs"), "quickstart::run");
        assert_eq!(named("f<a::B>", "/r/tokio-util-0.7.1-beta/src/lib.rs"), "tokio_util::f<a::B>");
    }

    #[test]
    fn a_name_with_a_path_and_foreign_code_stay_as_they_are() {
        assert_eq!(named("fluid::grid::step", "/home/me/fluid/src/other.rs"), "fluid::grid::step");
        assert_eq!(named("<A as B>::f", "/home/me/fluid/src/other.rs"), "<A as B>::f");
        assert_eq!(named("start_thread", "./nptl/pthread_create.c"), "start_thread");
        assert_eq!(qualified("SSL_read".to_owned(), None), "SSL_read");
    }
}
