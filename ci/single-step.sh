#!/usr/bin/env bash
# R6, R7: a signal handler that allocates at every instruction of the recorder, and one that jumps out of it, in a
# release build (tests/single_step.rs, tests/jumps.rs).
#
# Usage: ci/single-step.sh [interrupted instructions of each claim, 1000000 unless given] [jumps, 1000]
set -euo pipefail
cd "$(dirname "$0")/.."

export HEAPLENS_SINGLE_STEPS=${1:-1000000} HEAPLENS_JUMPS=${2:-1000}
cargo test --release --no-fail-fast --test single_step --test jumps
