#!/usr/bin/env bash
# P1: a process with four allocating threads forks again and again, as it is and with stacks on; each child allocates,
# panics and ends well (tests/process_life.rs, in a release build).
#
# Usage: ci/fork-storm.sh [forks, 10000 unless given]
set -euo pipefail
cd "$(dirname "$0")/.."

export HEAPLENS_FORKS=${1:-10000} HEAPLENS_TEST_CASE=p1_forks_beside_allocating_threads_all_end_well
cargo test --release --test process_life
echo "$HEAPLENS_FORKS forks as it is and $HEAPLENS_FORKS with stacks on, every child ended well"
