#!/usr/bin/env bash
# R2, R3, S5: two libraries loaded in turn at one address, alone and beside threads that allocate, panic and print
# backtraces, in a release build (tests/loader_storm.rs). A stall is a minute without progress.
#
# Usage: ci/loader-storm.sh [libraries loaded and closed in each claim, 500000 unless given]
set -euo pipefail
cd "$(dirname "$0")/.."

export HEAPLENS_LOADER_CYCLES=${1:-500000}
cargo test --release --test loader_storm
