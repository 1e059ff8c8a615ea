//! Where the package of the running tests lies.

use crate::record::own_work::OwnWork;
use std::path::PathBuf;

/// The folder of the package whose tests run, as cargo says it, so that tests which were built elsewhere find what is beside them;
/// that of the package whose code this is, as it was when it was compiled, where nobody says.
#[must_use]
pub fn package_folder(compiled: &str) -> PathBuf {
    let _own = OwnWork::begin();
    std::env::var_os("CARGO_MANIFEST_DIR").filter(|folder| !folder.is_empty()).unwrap_or_else(|| compiled.into()).into()
}
