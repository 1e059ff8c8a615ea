//! The stress in a size that every test run can afford. `ci/stack-stress.sh` runs ten million captures.

use std::process::Command;

#[test]
fn every_captured_stack_is_what_a_full_unwind_gives() {
    let output = Command::new(env!("CARGO_BIN_EXE_stacks")).output().expect("the program starts");
    let (table, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{table}{errors}", output.status);
    println!("{table}");
}
