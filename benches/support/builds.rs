//! Building the workers, and finding their files.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;

/// The cargo that built this program, in the folder of its package.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo
}

/// Builds what a command of cargo says, and returns the files of the programs by their targets' names.
pub(crate) fn programs(mut cargo: Command) -> HashMap<String, PathBuf> {
    let output = cargo.arg("--message-format=json").output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut files = HashMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let message: serde_json::Value = serde_json::from_str(line).expect("cargo prints JSON");
        if let (Some(name), Some(file)) = (message["target"]["name"].as_str(), message["executable"].as_str()) {
            files.insert(name.to_owned(), PathBuf::from(file));
        }
    }
    files
}
